"""An attacker who guesses the seed: runs the method with every candidate on a clear walk, and
compares the results with the anonymized walk."""

from __future__ import annotations

import numpy as np

from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError
from gait_demo.evaluation.gaits import Gaits, Method, Recording, read_gaits
from gait_demo.evaluation.protocol import groups
from gait_demo.evaluation.scores import Scores
from gait_demo.types import Progress, silent

_SHOWN, _KNOWN, _VIEW = "nm-01", "nm-05", 90  # what is anonymized, and what the attacker has


def evaluate_guessing(
    data: CasiaB,
    method: Method,
    guess: Method,
    walks: int,
    candidates: int,
    on_progress: Progress = silent,
) -> dict[str, float]:
    """How often the seed of an anonymized walk is found by another walk of its person.

    Args:
        guess: what the attacker runs, who lacks the secret.
        walks: number of walks, one of each of the first tested people.
        candidates: number of seeds, of which one, at random, is right.

    Returns:
        "first": the share of walks for whose seed the right one comes first; "chance"; and
        "median", the median rank of the right one, from 1.

    Raises:
        DataError: there are too few people, or they have no such walks.
    """
    people = groups(data.people)[1][:walks]
    shown, known = (
        read_gaits(data, data.sequences(people, [condition], [_VIEW]), on_progress)
        for condition in (_SHOWN, _KNOWN)
    )
    if not np.array_equal(shown.person, known.person):
        raise DataError(f"Not all of the people {people} have {_SHOWN} and {_KNOWN} at {_VIEW}.")
    seeds = np.random.default_rng(0).integers(0, candidates, len(shown))
    scores = guessed(shown.changed(method, seeds), known, seeds, guess, candidates, on_progress)
    distances = scores.distances[0, :, 0]
    right = distances[np.arange(len(seeds)), seeds]
    return {
        "first": round(float(scores.found(1).mean()), 3),
        "chance": round(1 / candidates, 4),
        "median": float(np.median((distances < right[:, None]).sum(axis=1) + 1)),
    }


def guessed(
    anonymized: Gaits,
    clear: Gaits,
    seeds: np.ndarray,
    method: Method,
    candidates: int,
    on_progress: Progress = silent,
) -> Scores:
    """Distances of anonymized walks to what each candidate makes of clear ones.

    Args:
        anonymized: N walks.
        clear: N walks of the same people at the same views: those that were anonymized, or others.
        seeds: (N,) int, with which they were anonymized.
        method: what the attacker runs, who lacks the secret, in place of the attacked method.
        candidates: number of seeds to try, from 0.

    Returns:
        Scores with candidates in place of people: `distances` (1, N, 1, candidates) order the
        candidates, and `found(1)` is whether the right seed comes first; NaN if it is not tried.
        Distances are NaN for a walk that shows nobody, and inf for a candidate that is refused.

    Raises:
        ValueError: the numbers of walks differ.
    """
    distances = np.full((1, len(anonymized), 1, candidates), np.nan)
    for n, (shown, known) in enumerate(zip(anonymized.recordings, clear.recordings, strict=True)):
        on_progress("guess", n, len(anonymized))
        for seed in range(candidates if len(shown) else 0):
            distances[0, n, 0, seed] = _distance(shown, known.changed(method, seed))
    return Scores(distances, seeds, anonymized.view, np.arange(candidates), np.zeros(1, int))


def _distance(shown: Recording, made: Recording) -> float:
    """1 - IoU of the mean silhouettes plus, if both walks have joints, the mean distance between
    the joints' mean positions; inf if `made` shows nobody. Means over time hardly depend on the
    phase, so that two walks of one person can be compared."""
    if not len(made):
        return np.inf
    a, b = (np.unpackbits(walk.silhouettes, axis=-1).mean(axis=0) for walk in (shown, made))
    distance = 1 - np.minimum(a, b).sum() / np.maximum(a, b).sum()
    if shown.joints is not None and made.joints is not None:
        moved = shown.joints.mean(axis=0) - made.joints.mean(axis=0)
        distance += np.linalg.norm(moved, axis=1).mean()
    return float(distance)
