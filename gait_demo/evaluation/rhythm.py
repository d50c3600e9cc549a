"""Features of the rhythm of steps, which identifies people without their shape.

The distance of the legs over time is fitted by a wave with the period of a stride, and its
overtones. Its frequency is the cadence; the relations of the overtones describe how the two steps
of a stride differ, and how quickly the feet pass each other. A method that changes only the shape
in each frame leaves the rhythm unchanged.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gait_demo.datasets.casia import FPS

_CADENCES = np.linspace(0.7, 1.3, 121)  # strides a second: 84 to 156 steps a minute
_OVERTONES = 4  # waves a stride, at most
_SHORTEST = 24  # frames: less is no stride


def rhythm(spread: np.ndarray) -> np.ndarray:
    """
    Args:
        spread: (T,) of leg_spread, 25 frames a second.

    Returns:
        (7,): strides a second, and of one, three and four waves a stride the real and imaginary
        part against the two of the steps; NaN where there is no stride.
    """
    waves = np.arange(1, _OVERTONES + 1)
    if len(spread) < _SHORTEST or np.ptp(spread) == 0:
        return np.full(2 * _OVERTONES - 1, np.nan)
    t = np.arange(len(spread)) / FPS
    swing = spread - np.polyval(np.polyfit(t, spread, 1), t)
    bases = _orthonormal(len(spread))
    best = int(np.argmax(np.square(swing @ bases).sum(axis=1)))  # least squares
    fit = np.linalg.lstsq(_waves(len(spread))[best], swing, rcond=None)[0]
    wave = fit[:_OVERTONES] + 1j * fit[_OVERTONES:]
    wave = wave * np.exp(-0.5j * np.angle(wave[1]) * waves)  # begins where the legs are apart ...
    wave = wave * np.sign(wave[0].real or 1) ** waves  # ... the more of the two times
    wave = np.delete(wave, 1) / max(abs(wave[1]), 1e-9)
    return np.concatenate([[_CADENCES[best]], wave.real, wave.imag])


@lru_cache(maxsize=256)
def _orthonormal(frames: int) -> np.ndarray:
    """(cadences, T, 8): bases of what the waves of each cadence can show."""
    return np.linalg.qr(_waves(frames))[0]


def _waves(frames: int) -> np.ndarray:
    """(cadences, T, 8): a stride and its overtones, cosines and minus sines."""
    t = np.arange(frames)[:, None] / FPS
    angles = 2 * np.pi * _CADENCES[:, None, None] * t * np.arange(1, _OVERTONES + 1)
    return np.concatenate([np.cos(angles), -np.sin(angles)], axis=2)
