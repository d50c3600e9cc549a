"""A recogniser that knows people by the rhythm of their steps alone, and by no shape.

How far apart the legs are, frame by frame, is fitted by a wave of one stride and its overtones:
strides a second are the cadence, and how the overtones relate says how the two steps of a stride
differ and how quickly the feet pass each other. It is what a method leaves that gives another
shape to every frame and changes nothing in time.
"""

from __future__ import annotations

import numpy as np

from gait_demo.evaluation.gaits import Gaits
from gait_demo.evaluation.naturalness import leg_spread

_FPS = 25  # of CASIA-B
_CADENCES = np.linspace(0.7, 1.3, 121)  # strides a second: 84 to 156 steps a minute
_OVERTONES = 4  # waves a stride, at most
_SHORTEST = 24  # frames: less is no stride


class Rhythm:
    """Distances by rhythm, scaled so that the walks of one person differ alike in every respect."""

    def __init__(self, mean: np.ndarray, scaling: np.ndarray):
        self._mean = mean
        self._scaling = scaling

    @classmethod
    def fit(cls, gaits: Gaits) -> Rhythm:
        seen = _rhythms(gaits)
        told = ~np.isnan(seen).any(axis=1)
        if not told.any():
            return cls(np.zeros(seen.shape[1]), np.eye(seen.shape[1]))
        # of one person at one view, in clear or not
        _, kind = np.unique(
            np.stack([gaits.person, gaits.view, gaits.clear])[:, told], axis=1, return_inverse=True
        )
        seen = seen[told]
        means = np.stack([np.bincount(kind, column) for column in seen.T]) / np.bincount(kind)
        within = np.cov((seen - means.T[kind]).T) + 1e-6 * np.eye(seen.shape[1])
        return cls(seen.mean(axis=0), np.linalg.inv(np.linalg.cholesky(within)).T)

    def __call__(self, probes: Gaits, gallery: Gaits) -> np.ndarray:
        """(P, G) distances; of a walk without a rhythm, those of the mean one."""
        from scipy.spatial.distance import cdist

        return cdist(*(
            np.nan_to_num(_rhythms(gaits) - self._mean) @ self._scaling
            for gaits in (probes, gallery)
        ))  # fmt: skip


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
    t = np.arange(len(spread)) / _FPS
    swing = spread - np.polyval(np.polyfit(t, spread, 1), t)
    left = np.inf
    for cadence in _CADENCES:
        angles = 2 * np.pi * cadence * t[:, None] * waves
        basis = np.hstack([np.cos(angles), -np.sin(angles)])
        fit = np.linalg.lstsq(basis, swing, rcond=None)[0]
        error = np.square(swing - basis @ fit).sum()
        if error < left:
            left, best, wave = error, cadence, fit[:_OVERTONES] + 1j * fit[_OVERTONES:]
    wave = wave * np.exp(-0.5j * np.angle(wave[1]) * waves)  # begins where the legs are apart ...
    wave = wave * np.sign(wave[0].real or 1) ** waves  # ... the more of the two times
    wave = np.delete(wave, 1) / max(abs(wave[1]), 1e-9)
    return np.concatenate([[best], wave.real, wave.imag])


def _rhythms(gaits: Gaits) -> np.ndarray:
    """(N, 7)."""
    return np.stack([rhythm(leg_spread(gaits.frames(n))) for n in range(len(gaits))])
