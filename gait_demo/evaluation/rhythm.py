"""Features of the rhythm of steps, which identifies people without their shape.

The distance of the legs over time is fitted by a Fourier series with the period of a stride. Its
frequency is the cadence; the ratios of its harmonics describe how the two steps of a stride differ,
and how quickly the feet pass each other. A method that changes only the shape in each frame leaves
the rhythm unchanged.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gait_demo.datasets.casia import FPS

_CADENCES = np.linspace(0.7, 1.3, 121)  # strides per second: 84 to 156 steps per minute
_OVERTONES = 4  # number of harmonics of the stride frequency
_SHORTEST = 24  # minimum number of frames


def rhythm(spread: np.ndarray) -> np.ndarray:
    """
    Args:
        spread: (T,) as of `leg_spread`, at 25 frames per second.

    Returns:
        (7,): strides per second; and the real, then the imaginary parts of the first, third and
        fourth harmonic, relative to the second, that of the steps; NaN without a stride.
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
    # phase 0 is where the legs are apart ...
    wave = wave * np.exp(-0.5j * np.angle(wave[1]) * waves)
    wave = wave * np.sign(wave[0].real or 1) ** waves  # ... in the wider of the two steps
    wave = np.delete(wave, 1) / max(abs(wave[1]), 1e-9)
    return np.concatenate([[_CADENCES[best]], wave.real, wave.imag])


@lru_cache(maxsize=256)
def _orthonormal(frames: int) -> np.ndarray:
    """(cadences, T, 8): orthonormal bases of the harmonics of each cadence."""
    return np.linalg.qr(_waves(frames))[0]


def _waves(frames: int) -> np.ndarray:
    """(cadences, T, 8): the harmonics of each cadence, cosines and minus sines."""
    t = np.arange(frames)[:, None] / FPS
    angles = 2 * np.pi * _CADENCES[:, None, None] * t * np.arange(1, _OVERTONES + 1)
    return np.concatenate([np.cos(angles), -np.sin(angles)], axis=2)
