"""Who is recognised: what adversaries know, and how often they are right.

Adversaries, after "A False Sense of Privacy" (arXiv 2304.01635), each with every recogniser:

- naive: trained on clear walks, knows people by clear walks.
- informed: trained on clear walks and on what the method made of them, knows people by clear walks.
- linking: trained so too, knows people by anonymized walks, each with a noise of its own.
- known seed: all walks are made with one seed, and the attacker, who lacks the secret, makes the
  clear walks of everybody with it, to know people by these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial

import numpy as np

from gait_demo.datasets.casia import PEOPLE
from gait_demo.errors import DataError
from gait_demo.evaluation.attackers import NETWORKS, Attacker, AttackerOptions
from gait_demo.evaluation.gaits import Gaits, Method, Progress
from gait_demo.evaluation.identity import GALLERY, PROBES
from gait_demo.evaluation.rhythm import Rhythm
from gait_demo.evaluation.view_transform import ViewTransform

ADVERSARIES = ("naive", "informed", "linking", "known seed")
_ATTACKERS, _TESTED = 50, 40  # of CASIA-B's 124 people; A-NET and C-NET are trained on others
_RESAMPLES = 2000  # of the bootstrap
_MADE = 1000  # degrees by which the view of what a method made is marked
_FRESH = 1_000_000  # seeds of one set of walks are so far from those of another

Recogniser = Callable[[Gaits, Gaits], np.ndarray]  # probes, gallery -> (P, G) distances
Train = Callable[[Gaits, Progress | None], Recogniser]


def groups(people: Collection[int]) -> tuple[list[int], list[int]]:
    """Whom recognisers are trained on, the first 50, and who is tested, the last 40, of CASIA-B's
    124 people, as the paper has it; where some of these are missing, the same shares of those who
    are there.

    Raises:
        DataError: there are too few.
    """
    there = sorted(people)
    attackers, tested = list(PEOPLE[:_ATTACKERS]), list(PEOPLE[-_TESTED:])
    if {*attackers, *tested}.issubset(there):
        return attackers, tested
    first, last = (round(n * len(there) / len(PEOPLE)) for n in (_ATTACKERS, _TESTED))
    if last < 2:
        raise DataError(f"{len(there)} people are too few: at least 5 are needed.")
    return there[:first], there[-last:]


def raw_gei(training: Gaits, on_progress: Progress | None = None) -> Recogniser:
    """Nearest neighbour of raw GEIs; learns nothing."""

    def distances(probes: Gaits, gallery: Gaits) -> np.ndarray:
        return _euclidean(probes.geis().images, gallery.geis().images)

    return distances


def view_transform(training: Gaits, on_progress: Progress | None = None) -> Recogniser:
    """The paper's. What a method made is to it the same walk seen at another view."""
    shown = training.of([len(walk) > 0 for walk in training.walks])
    trained = ViewTransform.fit(replace(shown.geis(), view=_views(shown)))

    def distances(probes: Gaits, gallery: Gaits) -> np.ndarray:
        result = np.empty((len(probes), len(gallery)))
        a, b = probes.geis().images, gallery.geis().images
        of_a, of_b = (_known(_views(gaits), trained.views) for gaits in (probes, gallery))
        for view in np.unique(of_a):
            for at in np.unique(of_b):
                rows, columns = np.flatnonzero(of_a == view), np.flatnonzero(of_b == at)
                result[np.ix_(rows, columns)] = trained.distances(a[rows], view, b[columns], at)
        return result

    return distances


def rhythm(training: Gaits, on_progress: Progress | None = None) -> Recogniser:
    """By the rhythm of the steps alone."""
    return Rhythm.fit(training)


def _views(gaits: Gaits) -> np.ndarray:
    return gaits.view + _MADE * ~gaits.clear


def _known(views: np.ndarray, known: Collection[int]) -> np.ndarray:
    """Of those who have seen clear walks only, the views of clear walks."""
    return np.where(np.isin(views, list(known)), views, views % _MADE)


def deep(
    options: AttackerOptions, training: Gaits, on_progress: Progress | None = None
) -> Recogniser:
    """A network."""
    attacker = Attacker.train(training, options, on_progress)
    features = cache(partial(attacker.features, on_progress=on_progress))
    return lambda probes, gallery: _euclidean(features(probes), features(gallery))


def recognisers(steps: int, seed: int = 0) -> dict[str, Train]:
    """All of them, by name; `steps` of the networks' training."""
    networks = {name: partial(deep, AttackerOptions(name, steps, seed=seed)) for name in NETWORKS}
    return {
        "raw GEI": raw_gei,
        "GEI + view transformation": view_transform,
        "rhythm": rhythm,
        **networks,
    }


@dataclass(frozen=True)
class People:
    """The walks of an evaluation, all of them clear.

    Attributes:
        training: of the attackers' group.
        gallery: of the tested people, by which they are known.
        probes: of the same, other walks.
    """

    training: Gaits
    gallery: Gaits
    probes: Gaits

    @classmethod
    def of(cls, gaits: Gaits, attackers: list[int], tested: list[int]) -> People:
        test = np.isin(gaits.person, tested)
        known = np.isin(gaits.condition, GALLERY)
        asked = np.isin(gaits.condition, [c for some in PROBES.values() for c in some])
        return cls(
            gaits.of(np.isin(gaits.person, attackers)),
            gaits.of(test & known),
            gaits.of(test & asked),
        )


@dataclass(frozen=True)
class Made:
    """What a method makes of everybody's walks; each part is made when it is first asked for.

    Attributes:
        seed: each part counts its seeds from another number on.
        guess: what an attacker runs who knows the method and the seed, but lacks the secret; None:
            the method itself, as it has none.
    """

    people: People
    method: Method
    seed: int = 0
    guess: Method | None = None
    on_progress: Progress | None = None

    @cached_property
    def training(self) -> Gaits:
        """As of People, every walk with a seed of its own; so are the next two."""
        return self._changed(self.people.training, 0)

    @cached_property
    def gallery(self) -> Gaits:
        return self._changed(self.people.gallery, 1)

    @cached_property
    def probes(self) -> Gaits:
        return self._changed(self.people.probes, 2)

    def some_probes(self, chosen: np.ndarray) -> Gaits:
        """Those of a mask (P,), as they are among all of them, which need not be made."""
        return self._changed(self.people.probes, 2, chosen)

    @cached_property
    def alike_probes(self) -> Gaits:
        """With one seed, which is also that of the next."""
        return self._changed(self.people.probes, 3, alike=True)

    @cached_property
    def guessed_gallery(self) -> Gaits:
        """As the attacker makes it who knows that seed."""
        knows = replace(self, method=self.guess or self.method)
        return knows._changed(self.people.gallery, 3, alike=True)

    def _changed(
        self,
        gaits: Gaits,
        part: int,
        chosen: np.ndarray | slice = slice(None),
        *,
        alike: bool = False,
    ) -> Gaits:
        numbers = np.zeros(len(gaits), int) if alike else np.arange(len(gaits))
        seeds = self.seed + part * _FRESH + numbers
        return gaits.of(chosen).changed(self.method, seeds[chosen], self.on_progress)


def attack(
    people: People,
    made: Made,
    naive: Recogniser,
    train: Train,
    on_progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Every adversary with one kind of recogniser against one method.

    Args:
        naive: trained on `people.training`.
        train: makes more of its kind.

    Returns:
        By adversary, what `recognised` says of the probes.
    """
    informed = train(people.training.together(made.training), on_progress)
    return {
        "naive": recognised(naive, made.probes, people.gallery),
        "informed": recognised(informed, made.probes, people.gallery),
        "linking": recognised(informed, made.probes, made.gallery),
        "known seed": recognised(informed, made.alike_probes, made.guessed_gallery),
    }


def recognised(recogniser: Recogniser, probes: Gaits, gallery: Gaits) -> np.ndarray:
    """Who is found among the nearest people, by each person's nearest walk at a view.

    Of people who are equally near one is drawn: the share is that of finding the right one. A
    probe that shows nobody counts as recognised: it is a failure of the method, not a success.

    Returns:
        (P, V, 2) float64 in [0, 1], for the first one and the first three; V are the gallery's
        views, rising. NaN where the gallery lacks the person.
    """
    distances = recogniser(probes, gallery)
    shown = np.array([len(walk) > 0 for walk in gallery.walks])
    distances = np.where(shown, distances, np.inf)
    people, views = np.unique(gallery.person), np.unique(gallery.view)
    found = np.full((len(probes), len(views), 2), np.nan)
    for v, view in enumerate(views):
        nearest = np.stack([
            distances[:, (gallery.view == view) & (gallery.person == person)].min(
                axis=1, initial=np.inf
            )
            for person in people
        ], axis=1)  # fmt: skip
        right = people == probes.person[:, None]
        own = np.where(right, nearest, np.inf).min(axis=1, initial=np.inf)
        nearer = (nearest < own[:, None]).sum(axis=1)
        equal = ((nearest == own[:, None]) & ~right).sum(axis=1)
        for n, first in enumerate((1, 3)):
            found[:, v, n] = np.clip((first - nearer) / (equal + 1), 0, 1)
        found[~right.any(axis=1) | ~np.isfinite(own), v] = np.nan
    found[[len(walk) == 0 for walk in probes.walks]] = 1
    return found


def rate(found: np.ndarray, person: np.ndarray, seed: int = 0) -> dict:
    """Mean share over people, and its 95 % bootstrap interval over people.

    Args:
        found: (N,) shares; NaN counts for nothing.
        person: (N,).

    Returns:
        "rate", "interval" and "people"; None and no interval of nobody.
    """
    there = ~np.isnan(found)
    if not there.any():
        return {"rate": None, "interval": None, "people": 0}
    _, number = np.unique(person[there], return_inverse=True)
    share = np.bincount(number, found[there]) / np.bincount(number)
    draws = np.random.default_rng(seed).choice(share, (_RESAMPLES, len(share))).mean(axis=1)
    low, high = np.percentile(draws, (2.5, 97.5))
    return {
        "rate": round(float(share.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "people": len(share),
    }


def _euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, M), of (N, D) and (M, D)."""
    from scipy.spatial.distance import cdist

    return cdist(a, b)
