"""Comparison of inpainting methods on holes in the shape of people, in photos without people.

Each hole is a mask of a person, scaled to 80 to 400 pixels of height, dilated by 2 % of it, at a
random position.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from gait_demo.background.inpainting import inpaint
from gait_demo.errors import DataError
from gait_demo.evaluation.likeness import ssim
from gait_demo.evaluation.markdown import markdown
from gait_demo.types import Progress

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]
_HEIGHTS = 80, 400  # pixels of a hole
_FILLED_SHARE = 0.85  # of a photo's height that a hole takes at most
_DILATION = 0.02  # heights
_SUFFIXES = {".jpg", ".jpeg", ".png"}


def holes(images: Path, masks: Path, count: int, seed: int = 0) -> list[tuple]:
    """Photos, (H, W, 3) uint8, each with a hole, (H, W) bool.

    Raises:
        DataError: a folder holds no pictures, or one is damaged.
    """
    random = np.random.default_rng(seed)
    photos, shapes = _pictures(images), _pictures(masks)
    order = random.permutation(len(photos))
    made: list[tuple] = []
    while len(made) < count:
        rgb = cv2.cvtColor(_read(photos[order[len(made) % len(photos)]]), cv2.COLOR_BGR2RGB)
        path = shapes[random.integers(len(shapes))]
        mask = _read(path)[..., 0] > 127
        if not mask.any():
            raise DataError(f"{path} shows no person.")
        x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
        high, wide = rgb.shape[:2]
        height = int(random.uniform(_HEIGHTS[0], max(81, min(_HEIGHTS[1], _FILLED_SHARE * high))))
        width = max(1, round(w * height / h))
        top, left = random.integers(0, (max(1, high - height), max(1, wide - width)))
        hole = np.zeros((max(high, top + height), max(wide, left + width)), np.uint8)
        shape = mask[y : y + h, x : x + w].view(np.uint8)
        hole[top : top + height, left : left + width] = cv2.resize(shape, (width, height))
        reach = 2 * max(2, round(_DILATION * height)) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        made.append((rgb, cv2.dilate(hole[:high, :wide], kernel) > 0))
    return made


def methods() -> dict[str, Fill]:
    """Functions of a photo and its hole; biharmonic inpainting only with scikit-image installed."""
    made: dict[str, Fill] = {"patches": inpaint}
    for name, flag in (("Telea", cv2.INPAINT_TELEA), ("Navier-Stokes", cv2.INPAINT_NS)):
        for radius in (3, 8):
            made[f"{name}, radius {radius}"] = partial(_diffused, radius=radius, flag=flag)
    for side in (128, 320):
        telea = partial(_diffused, radius=4, flag=cv2.INPAINT_TELEA)
        made[f"Telea, radius 4, side {side}"] = partial(_reduced, fill=telea, side=side)
    if find_spec("skimage"):
        for side in (48, 96):
            made[f"biharmonic, side {side}"] = partial(_reduced, fill=_biharmonic, side=side)
    return made


def measure(cases: list[tuple], fill: Fill) -> dict[str, float]:
    """Means over all cases.

    Returns:
        psnr (dB) and ssim in the hole; energy: squared gradients in the hole, and seam: steps over
        its edge, each relative to the photo (geometric means);
        ms: median CPU time of a fill.
    """
    rows, times = [], []
    for rgb, hole in cases:
        emptied = np.where(hole[..., None], np.uint8([255, 0, 255]), rgb)
        start = time.process_time()
        filled = fill(emptied, hole)
        times.append(1000 * (time.process_time() - start))
        error = np.mean((filled[hole].astype(float) - rgb[hole]) ** 2)
        psnr = 10 * np.log10(255**2 / max(error, 1e-3))
        true, made = _gradients(rgb, hole), _gradients(filled, hole)
        logs = np.log([(b + 1) / (a + 1) for a, b in zip(true, made, strict=True)])
        rows.append([psnr, ssim(rgb, filled)[hole].mean(), *logs])
    psnr, alike, energy, seam = np.mean(rows, axis=0)
    return {
        "psnr": float(psnr),
        "ssim": float(alike),
        "energy": float(np.exp(energy)),
        "seam": float(np.exp(seam)),
        "ms": float(np.median(times)),
    }


def evaluate_inpainting(
    images: Path, masks: Path, count: int, on_progress: Progress
) -> dict[str, dict[str, float]]:
    """The figures of `measure` by method, all on the same holes; see `holes`."""
    cases, fills, rows = holes(images, masks, count), methods(), {}
    for done, (name, fill) in enumerate(fills.items()):
        on_progress(name, done, len(fills))
        rows[name] = measure(cases, fill)
    return rows


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown: a row per method."""
    formats = {"psnr": ".1f", "ssim": ".3f", "energy": ".2f", "seam": ".2f", "ms": ".0f"}
    head = ["method", "PSNR (dB)", "SSIM", "gradient energy", "seam", "CPU time (ms)"]
    cells = [
        [name, *(format(row[key], form) for key, form in formats.items())]
        for name, row in rows.items()
    ]
    return markdown(head, cells)


def _gradients(rgb: np.ndarray, hole: np.ndarray) -> tuple[float, float]:
    """Mean squared gradient within a hole, and mean step over its edge, in grey levels."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    within, across = [], []
    for values, mask in ((gray, hole), (gray.T, hole.T)):
        steps = np.abs(np.diff(values, axis=1))
        within.append(steps[mask[:, 1:] & mask[:, :-1]])
        across.append(steps[mask[:, 1:] ^ mask[:, :-1]])
    return float((np.concatenate(within) ** 2).mean()), float(np.concatenate(across).mean())


def _diffused(rgb: np.ndarray, hole: np.ndarray, radius: int, flag: int) -> np.ndarray:
    return cv2.inpaint(rgb, hole.view(np.uint8), radius, flag)


def _biharmonic(rgb: np.ndarray, hole: np.ndarray) -> np.ndarray:
    from skimage.restoration import inpaint_biharmonic

    filled = inpaint_biharmonic(rgb / 255, hole, channel_axis=-1)
    return np.clip(np.rint(255 * filled), 0, 255).astype(np.uint8)


def _reduced(rgb: np.ndarray, hole: np.ndarray, fill: Fill, side: int) -> np.ndarray:
    """Fills a hole at the resolution at which its longer side has `side` pixels."""
    x, y, w, h = cv2.boundingRect(hole.view(np.uint8))
    margin = max(w, h) // 4 + 8
    box = np.s_[max(0, y - margin) : y + h + margin, max(0, x - margin) : x + w + margin]
    part, missing = rgb[box], hole[box]
    scale = min(1.0, side / max(w, h))
    size = tuple(max(1, round(length * scale)) for length in missing.shape[::-1])
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    few = cv2.resize(missing.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    filled = cv2.resize(fill(small, few), missing.shape[::-1])
    result = rgb.copy()
    result[box][missing] = filled[missing]
    return result


def _pictures(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.glob("*") if p.suffix.lower() in _SUFFIXES)
    if not found:
        raise DataError(f"{folder} holds no pictures (JPEG or PNG).")
    return found


def _read(path: Path) -> np.ndarray:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DataError(f"{path} is no picture.")
    return bgr
