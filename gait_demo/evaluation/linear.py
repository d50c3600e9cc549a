"""Attackers in closed form.

Ridge regression predicts the same person's original features from the features of a walk. Two
predictions are compared by the cosine of their angle, after directions in which those of one person
differ are shrunk (within-class covariance normalisation, Hatch et al. 2006, with the covariance of
Ledoit and Wolf 2004; cosine scoring, Dehak et al. 2011).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict

from gait_demo.evaluation.cues import Cue
from gait_demo.evaluation.gaits import Gaits

_PENALTIES = tuple(10.0**power for power in range(-3, 5))
_FOLDS = 5  # of people
_DIMS = 32  # maximum number of directions in which people differ in clear

_Kind = tuple[int, bool]  # view in degrees, whether in clear
_Directions = Callable[[np.ndarray], np.ndarray]


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
        """(P, G) distances in [0, 2]."""
        result = np.empty((len(probes), len(gallery)))
        for a, rows, left in self._parts(probes):
            for b, columns, right in self._parts(gallery):
                direction_of, other_of = self._pair(a, b)
                result[np.ix_(rows, columns)] = 1 - direction_of(left) @ other_of(right).T
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

    def _fit(self, a: _Kind, b: _Kind) -> tuple[_Directions, _Directions]:
        """The directions of predictions from probes and from a gallery, of the clear features of
        people at the gallery's view."""
        wanted = _people(*self._training((b[0], True)))
        led = [_lead(*self._training(kind), wanted) for kind in (a, b)]
        apart = np.concatenate([_within(predictions, person) for _, predictions, person in led])
        spread, axes = np.linalg.eigh(_covariance(apart))
        whitening = axes / np.sqrt(spread)
        first, second = (
            partial(_unit_predictions, lead, predictions.mean(axis=0), whitening)
            for lead, predictions, _ in led
        )
        return first, second


def _unit_predictions(
    lead: Ridge, mean: np.ndarray, whitening: np.ndarray, numbers: np.ndarray
) -> np.ndarray:
    """(N, D') of length 1: the predictions from features (N, D), apart from their mean."""
    apart = (lead.predict(numbers).reshape(len(numbers), -1) - mean) @ whitening
    return apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)


def _within(predictions: np.ndarray, person: np.ndarray) -> np.ndarray:
    """(N, D): predictions apart from the mean of their people, scaled to a mean square of 1."""
    _, number = np.unique(person, return_inverse=True)
    means = np.stack([predictions[number == n].mean(axis=0) for n in range(number.max() + 1)])
    apart = predictions - means[number]
    return apart / max(float(np.sqrt(np.mean(apart**2))), 1e-9)


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


def _covariance(differences: np.ndarray) -> np.ndarray:
    """(D, D): covariance of differences (N, D) whose mean is 0."""
    least = 1e-6 * max(float(np.mean(differences**2)), 1e-6)
    return ledoit_wolf(differences, assume_centered=True)[0] + least * np.eye(differences.shape[1])
