"""Conversion of HDR and wide-gamut colours to SDR (BT.709), by the formulas of ITU-R BT.2100.

HDR reference white, 203 cd/m2 (BT.2408), becomes SDR white. Light below three quarters of it is
kept, brighter light is compressed, so that the HDR peak becomes white. SDR screens are as in
BT.1886.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc

WHITE_NITS = 203
PEAK_NITS = 1000
HLG_GAMMA = 1.2  # HLG's system gamma for this peak
SDR_GAMMA = 2.4
KNEE = 0.75  # share of white up to which light is not changed
_NODES = 33  # grid points per axis of the lookup table

_HDR = (ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084)
_BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593])
_P3_TO_BT709 = np.array(
    [[1.2249, -0.2249, 0.0], [-0.0420, 1.0420, 0.0], [-0.0197, -0.0786, 1.0983]]
)
_BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
_TO_BT709 = {
    ColorPrimaries.BT2020: _BT2020_TO_BT709,
    ColorPrimaries.SMPTE431: _P3_TO_BT709,
    ColorPrimaries.SMPTE432: _P3_TO_BT709,
}


def needs_conversion(frame: av.VideoFrame) -> bool:
    """Whether a frame is tagged as HDR or wide gamut."""
    return frame.color_trc in _HDR or frame.color_primaries in _TO_BT709


@contextmanager
def conversion_file(frame: av.VideoFrame) -> Iterator[str]:
    """Path of a lookup table for FFmpeg's `lut3d` that converts a frame's colours to BT.709."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "colours.cube"
        path.write_text(_cube(int(frame.color_trc), int(frame.color_primaries)))
        yield str(path)


@cache
def _cube(transfer: int, primaries: int) -> str:
    axis = np.linspace(0, 1, _NODES)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")  # in .cube, red varies fastest
    shown = as_bt709(np.stack([red, green, blue], -1), transfer, primaries).reshape(-1, 3)
    rows = "\n".join(f"{r:.5f} {g:.5f} {b:.5f}" for r, g, b in shown.tolist())
    return f"LUT_3D_SIZE {_NODES}\n{rows}\n"


def as_bt709(signal: np.ndarray, transfer: int, primaries: int) -> np.ndarray:
    """Converts colours to BT.709.

    Args:
        signal: (..., 3) float in [0, 1], R'G'B' as stored.
        transfer, primaries: the numbers of ITU-T H.273.

    Returns:
        (..., 3) float in [0, 1], R'G'B' of BT.709.
    """
    if transfer == ColorTrc.ARIB_STD_B67:
        scene = _hlg_scene(signal)
        luma = scene @ _BT2020_LUMA
        gain = luma ** (HLG_GAMMA - 1) * (PEAK_NITS / WHITE_NITS)
        light = scene * gain[..., None]
    elif transfer == ColorTrc.SMPTE2084:
        light = _pq_nits(signal) / WHITE_NITS
    else:
        light = signal**SDR_GAMMA
    untagged = _BT2020_TO_BT709 if transfer in _HDR else np.eye(3)
    light = np.maximum(light @ _TO_BT709.get(primaries, untagged).T, 0)
    if transfer in _HDR:
        brightest = light.max(-1, keepdims=True)
        light = light * (_rolled_off(brightest) / np.maximum(brightest, 1e-9))
    return np.minimum(light, 1) ** (1 / SDR_GAMMA)


def _hlg_scene(signal: np.ndarray) -> np.ndarray:
    """Scene light in [0, 1] of an HLG signal: the inverse of BT.2100's OETF."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)


def _pq_nits(signal: np.ndarray) -> np.ndarray:
    """Display light in cd/m2 of a PQ signal: BT.2100's EOTF."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = signal ** (1 / m2)
    return 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def _rolled_off(light: np.ndarray) -> np.ndarray:
    """Compresses light above the knee by Reinhard's curve, which starts with slope 1 and maps the
    peak to white."""
    over = np.maximum(light - KNEE, 0) / (1 - KNEE)
    peak = (PEAK_NITS / WHITE_NITS - KNEE) / (1 - KNEE)
    curve = KNEE + (1 - KNEE) * over * (1 + over / peak**2) / (1 + over)
    return np.where(light > KNEE, np.minimum(curve, 1), light)
