"""Distances of probes to the people of a gallery, and figures from them: ranks, error rates,
information, fusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import entr
from scipy.stats import hypergeom

_RESAMPLES = 2000  # of the bootstrap
_FOLDS = 5  # of people, when weights of a fusion are learnt


@dataclass(frozen=True)
class Scores:
    """Distances of P probes to K people, whom the gallery shows at V views.

    Attributes:
        distances: (S, P, V, K) float32, to the nearest walk of each person at each view, by S
            attackers of one kind that differ only in their seed. NaN for a probe that shows nobody;
            inf for a person whom the gallery lacks at a view.
        person, view: (P,) int, of the probes; view in degrees.
        people, views: (K,) and (V,) int, rising.
    """

    distances: np.ndarray
    person: np.ndarray
    view: np.ndarray
    people: np.ndarray
    views: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """(P, K) bool: which person is the right one."""
        return self.person[:, None] == self.people

    @property
    def failed(self) -> np.ndarray:
        """(P,) bool: the probe shows no person, which counts as a failure of the method."""
        return np.isnan(self.distances).all(axis=(0, 2, 3))

    @property
    def present(self) -> np.ndarray:
        """(S, P, V) int: the number of people whom the gallery has at each view."""
        return (~np.isinf(self.distances)).sum(axis=3)

    def found(self, first: int, gallery_size: int | None = None) -> np.ndarray:
        """Whether the right person is among the `first` nearest ones.

        Among people at equal distance one is drawn at random: the value is the probability of
        finding the right one. A probe that shows nobody counts as recognised.

        Args:
            gallery_size: of a smaller gallery, of the right person and others at this view drawn at
                random: the value is the mean over all draws (of a hypergeometric distribution).
                None: all whom the gallery has at this view.

        Returns:
            (S, P, V) float64 in [0, 1]; NaN if the gallery lacks the person, or has fewer than
            `gallery_size` people, at this view.
        """
        ahead = np.arange(len(self.people))  # number of people who are nearer than the right one
        nearer, equal, lacking = self._places()
        found, present = np.full(nearer.shape, np.nan), self.present
        for count in np.unique(present):
            if gallery_size is None:
                chances = (ahead < first).astype(float)
            elif gallery_size <= count:
                chances = hypergeom.cdf(first - 1, count - 1, ahead[:count], gallery_size - 1)
            else:
                continue
            total = np.concatenate([[0], np.cumsum(chances)])
            here = (present == count) & ~lacking
            start, end = nearer[here], (nearer + equal + 1)[here]
            found[here] = (total[end] - total[start]) / (end - start)
        return found

    def information(self) -> tuple[np.ndarray, np.ndarray]:
        """What the order in which an attacker names people tells of the person, in bits.

        It is log2 K minus the entropy of the right person's rank: a lower bound of the mutual
        information of ranking and person, if everybody is as likely (the bound of Barber and Agakov
        2003, with the frequency of ranks as the attacker's belief). 0 is nothing, log2 K is all. As
        the entropy of few observations is too small (Miller 1955), the bias is removed by the
        jackknife over people (Efron and Stein 1981), after which the estimate may be below 0. Ranks
        among fewer people are no ranks among K: views at which the gallery lacks somebody are left
        out.

        Returns:
            (S, N) float64, the pseudo-values of the jackknife, whose mean is the estimate, and (N,)
            their people; N is 0 if the gallery is complete at no view.
        """
        nearer, equal, lacking = self._places()
        rank = np.arange(len(self.people))[:, None, None, None]
        chances = ((rank >= nearer) & (rank <= nearer + equal)) / (equal + 1)
        chances[:, lacking | (self.present < len(self.people))] = np.nan
        ranks = mean_known(chances)  # (K, S, P)
        is_known = ~np.isnan(ranks).any(axis=(0, 1))
        people, number = np.unique(self.person[is_known], return_inverse=True)
        if not len(people):
            return np.empty((len(ranks[0]), 0)), people
        of_person = np.stack([
            ranks[:, :, is_known][..., number == n].mean(axis=2) for n in range(len(people))
        ])  # fmt: skip
        count = len(people)
        whole = of_person.mean(axis=0)
        without = (of_person.sum(axis=0) - of_person) / max(count - 1, 1)
        bits = count * _negentropy(whole) - (count - 1) * _negentropy(without)
        return bits.T, people

    def _places(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(S, P, V) each: the numbers of people who are nearer than the right one, and of others at
        equal distance; and whether the gallery lacks the right one. In a probe that shows nobody
        no person is nearer."""
        own = np.where(self.right[:, None], self.distances, np.inf).min(axis=3)
        nearer = (self.distances < own[..., None]).sum(axis=3)
        equal = ((self.distances == own[..., None]) & ~self.right[:, None]).sum(axis=3)
        return nearer, equal, np.isinf(own)

    def equal_error_rate(self) -> float | None:
        """The error rate at which false accepts and false rejects are equally frequent, with one
        threshold on the standard scores of all probes; None if there is nothing to compare. Probes
        that show nobody count as recognised."""
        standard = self.standard().distances
        right = np.broadcast_to(self.right[:, None], standard.shape)
        standard = np.where(self.failed[:, None, None], np.where(right, -np.inf, np.inf), standard)
        is_known = ~np.isnan(standard)
        same, others = np.sort(standard[is_known & right]), np.sort(standard[is_known & ~right])
        if not len(same) or not len(others):
            return None
        thresholds = np.unique(np.concatenate([same, others]))
        missed = 1 - np.searchsorted(same, thresholds, side="right") / len(same)
        taken = np.searchsorted(others, thresholds, side="right") / len(others)
        at = np.argmin(np.abs(missed - taken))
        return round(float((missed[at] + taken[at]) / 2), 4)

    def standard(self) -> Scores:
        """The same with mean 0 and deviation 1 over the people, for each probe and view by itself
        (z-norm); NaN of people whom the gallery lacks."""
        known = np.where(np.isinf(self.distances), np.nan, self.distances).astype(np.float64)
        is_known = ~np.isnan(known)
        count = np.maximum(is_known.sum(axis=3, keepdims=True), 1)
        centred = known - np.nansum(known, axis=3, keepdims=True) / count
        spread = np.sqrt(np.nansum(centred**2, axis=3, keepdims=True) / count)
        return replace(self, distances=centred / np.maximum(spread, 1e-9))

    def together(self, videos: int) -> Scores:
        """Combines this many videos of one person at one view into one probe, by the mean of their
        standard scores. A person's remaining videos are not used; if one video shows nobody, the
        whole probe has failed."""
        standard = self.standard().distances
        groups = []
        for person, view in sorted(set(zip(self.person.tolist(), self.view.tolist(), strict=True))):
            own = np.flatnonzero((self.person == person) & (self.view == view))
            groups += [own[n : n + videos] for n in range(0, len(own) - videos + 1, videos)]
        first = [int(group[0]) for group in groups]
        means = [standard[:, group].mean(axis=1) for group in groups]
        means = np.stack(means, axis=1) if groups else standard[:, :0]
        distances = np.where(np.isinf(self.distances[:, first]), np.inf, means)
        return replace(
            self, distances=distances, person=self.person[first], view=self.view[first]
        )  # fmt: skip


def stacked(seeds: Sequence[Scores]) -> Scores:
    """Joins the scores of attackers with different seeds, of the same probes and gallery."""
    return replace(seeds[0], distances=np.concatenate([scores.distances for scores in seeds]))


def fused(attackers: Sequence[Scores]) -> Scores:
    """Fusion of all attackers: a weighted sum of their standard scores, with weights by logistic
    regression of right people against wrong ones.

    Weights are learnt from the other tested people, which favours the attacker.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    first = attackers[0]
    seeds = max(len(scores.distances) for scores in attackers)
    standard = [scores.standard().distances for scores in attackers]
    rows = np.stack([
        np.broadcast_to(found if len(found) == seeds else found[:1], (seeds, *found.shape[1:]))
        for found in standard
    ], axis=-1)  # fmt: skip
    right = np.broadcast_to(first.right[:, None], rows.shape[1:-1])
    result = np.full(rows.shape[:-1], np.nan)
    person = np.broadcast_to(first.person[:, None, None], right.shape)
    folds = GroupKFold(min(_FOLDS, len(np.unique(first.person))))
    for scores, made in zip(rows, result, strict=True):
        is_known = ~np.isnan(scores).any(axis=-1)
        if not is_known.any():
            continue
        numbers, labels, groups = scores[is_known], right[is_known], person[is_known]
        values = np.empty(len(numbers))
        for learnt, asked in folds.split(numbers, groups=groups):
            model = LogisticRegression(class_weight="balanced")
            values[asked] = -model.fit(numbers[learnt], labels[learnt]).decision_function(
                numbers[asked]
            )
        made[is_known] = values
    lacking = np.isinf(first.distances).any(axis=0)
    return replace(first, distances=np.where(lacking, np.inf, result))


def rate(found: np.ndarray, person: np.ndarray, seed: int = 0) -> dict:
    """Mean share over people, and its 95 % bootstrap interval over people and attackers.

    Args:
        found: (N,) or (S, N) shares, of S attackers; NaN is ignored.
        person: (N,).

    Returns:
        "rate", "interval" and "people"; without people, rate and interval are None.
    """
    return pooled([(found, person)], seed)


def pooled(populations: Sequence[tuple[np.ndarray, np.ndarray]], seed: int = 0) -> dict:
    """As `rate`, of several populations: the mean of their rates, and an interval over people and
    attackers in these populations. No population is drawn: two or three are too few to tell how
    others differ."""
    rng = np.random.default_rng(seed)
    shares, draws = [], []
    for found, person in populations:
        found = np.atleast_2d(found)
        is_known = ~np.isnan(found).all(axis=0)
        if not is_known.any():
            continue
        _, number = np.unique(person[is_known], return_inverse=True)
        share = np.stack([
            np.bincount(number, values) / np.bincount(number) for values in found[:, is_known]
        ])  # fmt: skip
        attackers, people = share.shape
        rows, columns = (rng.integers(n, size=(_RESAMPLES, n)) for n in (attackers, people))
        draws.append(share[rows[:, :, None], columns[:, None]].mean(axis=(1, 2)))
        shares.append(share)
    if not shares:
        return {"rate": None, "interval": None, "people": 0}
    low, high = np.percentile(np.mean(draws, axis=0), (2.5, 97.5))
    return {
        "rate": round(float(np.mean([share.mean() for share in shares])), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "people": sum(share.shape[1] for share in shares),
    }


def mean_known(found: np.ndarray) -> np.ndarray:
    """Means of the known values over the last axis; NaN without any."""
    is_known = ~np.isnan(found)
    total = np.where(is_known, found, 0).sum(axis=-1)
    return np.where(is_known.any(axis=-1), total / np.maximum(is_known.sum(axis=-1), 1), np.nan)


def _negentropy(chances: np.ndarray) -> np.ndarray:
    """log2 K minus the entropy in bits of distributions over K values, the axis before the last:
    (..., K, S) -> (..., S)."""
    return np.log2(chances.shape[-2]) - entr(chances).sum(axis=-2) / np.log(2)
