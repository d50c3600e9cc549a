"""Attackers in closed form.

Ridge regression predicts the same person's original features from the features of a walk. Two
predictions are compared by the likelihood of their difference if they are of one person, and of two
(KISSME, Koestinger et al. 2012, with the covariances of Ledoit and Wolf 2004).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict

from gait_demo.evaluation.cues import Cue
from gait_demo.evaluation.gaits import Gaits

_PENALTIES = tuple(10.0**power for power in range(-3, 5))
_FOLDS = 5  # of people
_DIMS = 32  # maximum number of directions in which people differ in clear
_MOST_PAIRS = 4000  # maximum number of pairs of walks from which differences are learnt

_Kind = tuple[int, bool]  # view in degrees, whether in clear


class Linear:
    """Distances after ridge regression, fitted for each pair of views."""

    def __init__(self, training: Gaits, made: Cue, clear: Cue):
        """
        Args:
            training: clear walks, and anonymized ones, if the attacker has any.
            made: features of the anonymized walks.
            clear: features of the clear walks, which are also what is predicted.
        """
        self._cues = {True: clear, False: made}
        self._walks = {
            is_clear: training.of(training.clear == is_clear) for is_clear in (True, False)
        }
        self._learnt = {
            is_clear: self._cues[is_clear](walks)
            for is_clear, walks in self._walks.items()
            if len(walks)
        }
        self._means = {kind: _mean(numbers) for kind, numbers in self._learnt.items()}
        self._pair = cache(self._fit)

    def __call__(self, probes: Gaits, gallery: Gaits) -> np.ndarray:
        """(P, G) distances, which may be below 0."""
        result = np.empty((len(probes), len(gallery)))
        for a, rows, left in self._parts(probes):
            for b, columns, right in self._parts(gallery):
                lead_a, lead_b, metric = self._pair(a, b)
                result[np.ix_(rows, columns)] = _quadratic(
                    _led(lead_a, left), _led(lead_b, right), metric
                )
        return result

    def _parts(self, gaits: Gaits) -> Iterator[tuple[_Kind, np.ndarray, np.ndarray]]:
        """The walks of each kind, and their features. An attacker who was trained on clear walks
        only takes all for clear."""
        clear = gaits.clear | (False not in self._learnt)
        for view, is_clear in sorted(set(zip(gaits.view.tolist(), clear.tolist(), strict=True))):
            rows = np.flatnonzero((gaits.view == view) & (clear == is_clear))
            numbers = self._cues[is_clear](gaits.of(rows))
            yield (view, is_clear), rows, np.nan_to_num(numbers - self._means[is_clear])

    def _training(self, kind: _Kind) -> tuple[np.ndarray, np.ndarray]:
        """Features and people of the training walks of a kind."""
        view, is_clear = kind
        walks = self._walks[is_clear]
        chosen = walks.view == view
        numbers = self._learnt[is_clear][chosen] - self._means[is_clear]
        return np.nan_to_num(numbers), walks.person[chosen]

    def _fit(self, a: _Kind, b: _Kind) -> tuple[Ridge, Ridge, np.ndarray]:
        """Regressions from probes and from a gallery to the clear features of people at the
        gallery's view; and the matrix of KISSME that weighs the difference of two predictions."""
        wanted = _people(*self._training((b[0], True)))
        (lead_a, left, person), (lead_b, right, other) = (
            _lead(*self._training(kind), wanted) for kind in (a, b)
        )
        rng = np.random.default_rng(0)
        inverse = []
        for is_same in (True, False):
            rows, columns = np.nonzero((person[:, None] == other) == is_same)
            if a == b:  # no pair of a walk with itself
                rows, columns = rows[rows != columns], columns[rows != columns]
            chosen = rng.permutation(len(rows))[:_MOST_PAIRS]
            inverse.append(np.linalg.inv(_covariance(left[rows[chosen]] - right[columns[chosen]])))
        return lead_a, lead_b, inverse[0] - inverse[1]


def _mean(numbers: np.ndarray) -> np.ndarray:
    """(D,): the mean of the known values of (N, D); 0 without any."""
    known = ~np.isnan(numbers)
    return np.where(known, numbers, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _people(numbers: np.ndarray, person: np.ndarray) -> dict[int, np.ndarray]:
    """The mean of each person, in the directions in which people differ most."""
    people = np.unique(person)
    means = np.stack([numbers[person == label].mean(axis=0) for label in people])
    centred = means - means.mean(axis=0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:_DIMS]
    return dict(zip(people.tolist(), centred @ directions.T, strict=True))


def _lead(
    numbers: np.ndarray, person: np.ndarray, wanted: dict[int, np.ndarray]
) -> tuple[Ridge, np.ndarray, np.ndarray]:
    """The regression from walks to the targets of their people; its cross-validated predictions;
    and the people of these walks."""
    known = np.isin(person, list(wanted))
    numbers, person = numbers[known], person[known]
    targets = np.stack([wanted[label] for label in person.tolist()])
    folds = GroupKFold(min(_FOLDS, len(np.unique(person))))
    splits = list(folds.split(numbers, groups=person))
    search = GridSearchCV(
        Ridge(), {"alpha": _PENALTIES}, scoring="neg_mean_squared_error", cv=splits
    ).fit(numbers, targets)
    led = cross_val_predict(Ridge(**search.best_params_), numbers, targets, cv=splits)
    return search.best_estimator_, led.reshape(len(numbers), -1), person


def _led(lead: Ridge, numbers: np.ndarray) -> np.ndarray:
    return lead.predict(numbers).reshape(len(numbers), -1)


def _covariance(differences: np.ndarray) -> np.ndarray:
    """(D, D): covariance of differences (N, D) whose mean is 0."""
    least = 1e-6 * max(float(np.mean(differences**2)), 1e-6)
    return ledoit_wolf(differences, assume_centered=True)[0] + least * np.eye(differences.shape[1])


def _quadratic(left: np.ndarray, right: np.ndarray, metric: np.ndarray) -> np.ndarray:
    """(P, G): (l - r)^T metric (l - r)."""
    a, b = (np.einsum("nd,de,ne->n", features, metric, features) for features in (left, right))
    return a[:, None] + b - 2 * left @ metric @ right.T
