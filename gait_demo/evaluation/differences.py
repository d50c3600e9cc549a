"""An attacker that compares a few numbers per walk, some of which may be grossly wrong.

Each number is evidence by itself (naive Bayes) of whether two walks are of one person: by the
likelihood of its difference among walks of one person, and of two. Both are Cauchy distributions;
their heavy tails limit the effect of an outlier, such as the height of a walk with a cut-off head.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from gait_demo.evaluation.cues import Cue
from gait_demo.evaluation.gaits import Gaits

_LEAST = 1e-4  # minimum scale, for numbers that never differ


class Differences:
    """Distances of walks by the differences of their features."""

    def __init__(self, training: Gaits, cue: Cue):
        """training: clear walks, and anonymized ones, if there are any."""
        self._cue, self._training = cue, training
        self._numbers = cue(training)
        self._densities = cache(self._fit)

    def __call__(self, probes: Gaits, gallery: Gaits) -> np.ndarray:
        """(P, G) distances, which may be below 0: the logarithm of how much likelier two walks are
        of two people than of one."""
        result = np.empty((len(probes), len(gallery)))
        for a, rows, left in self._parts(probes):
            for b, columns, right in self._parts(gallery):
                middle, same, others = self._densities(a, b)
                apart = left[:, None] - right - middle
                evidence = _surprise(apart, same) - _surprise(apart, others)
                result[np.ix_(rows, columns)] = np.nan_to_num(evidence).sum(axis=2)
        return result

    def _parts(self, gaits: Gaits) -> list[tuple[tuple[int, bool], np.ndarray, np.ndarray]]:
        """The walks of each view and kind (clear or anonymized), and their features. An attacker
        who was trained on clear walks only takes all for clear."""
        numbers, kinds = self._cue(gaits), self._kinds(gaits)
        return [(kind, rows, numbers[rows]) for kind, rows in kinds.items()]

    def _kinds(self, gaits: Gaits) -> dict[tuple[int, bool], np.ndarray]:
        clear = gaits.clear | bool(self._training.clear.all())
        kinds = sorted(set(zip(gaits.view.tolist(), clear.tolist(), strict=True)))
        return {
            (view, is_clear): np.flatnonzero((gaits.view == view) & (clear == is_clear))
            for view, is_clear in kinds
        }

    def _fit(
        self, a: tuple[int, bool], b: tuple[int, bool]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(D,) each, medians: the offset of probes of one kind from a gallery of another; and,
        after it, the differences between walks of one person, and of two."""
        kinds = self._kinds(self._training)
        rows, columns = kinds[a], kinds[b]
        apart = self._numbers[rows][:, None] - self._numbers[columns]
        person = self._training.person
        is_same = person[rows][:, None] == person[columns]
        same = apart[is_same & (rows[:, None] != columns)]
        middle = _median(same)
        scales = (_median(abs(values - middle)) for values in (same, apart[~is_same]))
        return middle, *(np.maximum(scale, _LEAST) for scale in scales)


def _median(numbers: np.ndarray) -> np.ndarray:
    """(D,): the median of the known values of (N, D); NaN without any."""
    known = (column[~np.isnan(column)] for column in numbers.T)
    return np.array([np.median(column) if len(column) else np.nan for column in known])


def _surprise(apart: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The negative logarithm of the Cauchy density, up to a constant."""
    return np.log(scale) + np.log1p((apart / scale) ** 2)
