"""The protocol of the attacks: what adversaries know, and which attackers (recognisers) they use.

"Clear" walks are original ones. Adversaries, after "A False Sense of Privacy" (arXiv 2304.01635),
each with every attacker:

- naive: trained on clear walks; the gallery holds clear walks.
- informed: trained on clear walks and on the method's results; the gallery holds clear walks.
- linking: trained in the same way; the gallery holds anonymized walks, each with its own noise.
- known seed: all probes have one seed. The attacker knows it, but lacks the secret; the gallery
  holds clear walks that the attacker has anonymized with this seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np

from gait_demo.datasets.casia import PEOPLE
from gait_demo.errors import DataError
from gait_demo.evaluation import cues
from gait_demo.evaluation.attackers import NETWORKS, Attacker, AttackerOptions
from gait_demo.evaluation.differences import Differences
from gait_demo.evaluation.gaits import Gaits, Method
from gait_demo.evaluation.identity import GALLERY, PROBES
from gait_demo.evaluation.linear import Linear
from gait_demo.evaluation.scores import Scores, mean_known, rate, stacked
from gait_demo.evaluation.view_transform import ViewTransform
from gait_demo.types import Progress, silent

ADVERSARIES = ("naive", "informed", "linking", "known seed")
PAPERS = "GEI + view transformation"
FULL_FRAME = "full frame"  # the attacker that sees more than silhouettes
_ATTACKERS, _TESTED = 50, 40  # of CASIA-B's 124 people; A-NET and C-NET are trained on others
_MADE = 1000  # degrees added to the view of anonymized walks, to mark them
_FRESH = 1_000_000  # distance between the seeds of two sets of walks

Recogniser = Callable[[Gaits, Gaits], np.ndarray]  # probes, gallery -> (P, G) distances
Train = Callable[[Gaits, Progress], Recogniser]


def groups(people: Collection[int]) -> tuple[list[int], list[int]]:
    """The people that attackers are trained on, and the people who are tested: as in the paper, the
    first 50 and the last 40 of CASIA-B's 124; with fewer people, the same shares.

    Raises:
        DataError: there are too few people.
    """
    present = sorted(people)
    attackers, tested = list(PEOPLE[:_ATTACKERS]), list(PEOPLE[-_TESTED:])
    if {*attackers, *tested}.issubset(present):
        return attackers, tested
    first, last = (round(n * len(present) / len(PEOPLE)) for n in (_ATTACKERS, _TESTED))
    if last < 2:
        raise DataError(f"{len(present)} people are too few: at least 5 are needed.")
    return present[:first], present[-last:]


def raw_gei(training: Gaits, on_progress: Progress = silent) -> Recogniser:
    """Nearest neighbour of raw GEIs; learns nothing."""

    def distances(probes: Gaits, gallery: Gaits) -> np.ndarray:
        return _euclidean(probes.geis().images, gallery.geis().images)

    return distances


def view_transform(training: Gaits, on_progress: Progress = silent) -> Recogniser:
    """The paper's recogniser. It treats an anonymized walk as the same walk at another view."""
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


def _views(gaits: Gaits) -> np.ndarray:
    return gaits.view + _MADE * ~gaits.clear


def _known(views: np.ndarray, known: Collection[int]) -> np.ndarray:
    """The views, where unknown ones of anonymized walks are replaced by those of clear walks, for
    attackers that were trained on clear walks only."""
    return np.where(np.isin(views, list(known)), views, views % _MADE)


def deep(options: AttackerOptions, training: Gaits, on_progress: Progress = silent) -> Recogniser:
    """A deep network; see `attackers`."""
    attacker = Attacker.train(training, options, on_progress)
    features = cache(partial(attacker.features, on_progress=on_progress))
    return lambda probes, gallery: _euclidean(features(probes), features(gallery))


def _part_of_frame(columns: tuple[int, ...], training: Gaits, _: Progress) -> Recogniser:
    return Differences(training, lambda walks: cues.full_frame(walks)[:, columns])


@dataclass(frozen=True)
class Family:
    """Attackers of one kind.

    Attributes:
        train: makes an attacker from a seed, counted from 0, and a factor for the training steps.
        seeds: number of attackers with different seeds; 1 for those in closed form.
        doublings: how often the training steps may be doubled to see whether that helps.
    """

    train: Callable[[int, int], Train]
    seeds: int = 1
    doublings: int = 0


_EXACT: dict[str, Train] = {
    "raw GEI": raw_gei,
    PAPERS: view_transform,
    "ridge regression on GEIs": lambda walks, _: Linear(walks, cues.energy, cues.energy),
    "ridge regression on joints": lambda walks, _: Linear(walks, cues.joints, cues.energy),
    "rhythm": lambda walks, _: Differences(walks, cues.rhythms),
    FULL_FRAME: lambda walks, _: Differences(walks, cues.full_frame),
}
ATTACKERS = (*_EXACT, *NETWORKS)
# parts of the full frame, which show what tells most; in no fusion
PARTS: dict[str, Train] = {
    name: partial(_part_of_frame, columns) for name, columns in cues.FRAME_PARTS.items()
}


def families(steps: int, seed: int = 0, seeds: int = 1, doublings: int = 1) -> dict[str, Family]:
    """All ATTACKERS and PARTS; `steps` is the number of steps of the networks' first training."""

    def exactly(train: Train) -> Family:
        return Family(lambda number, times: train)

    def network(name: str) -> Family:
        def train(number: int, times: int) -> Train:
            return partial(deep, AttackerOptions(name, steps * times, seed=seed + number))

        return Family(train, seeds, doublings)

    return {name: exactly(train) for name, train in (_EXACT | PARTS).items()} | {
        name: network(name) for name in NETWORKS
    }


@dataclass(frozen=True)
class People:
    """The walks of an evaluation, all of them clear.

    Attributes:
        training: walks of the people that attackers are trained on.
        gallery: walks of the tested people, by which they are known.
        probes: other walks of the tested people.
    """

    training: Gaits
    gallery: Gaits
    probes: Gaits

    @classmethod
    def of(cls, gaits: Gaits, attackers: list[int], tested: list[int]) -> People:
        test = np.isin(gaits.person, tested)
        known = np.isin(gaits.condition, GALLERY)
        asked = np.isin(gaits.condition, [c for conditions in PROBES.values() for c in conditions])
        return cls(
            gaits.of(np.isin(gaits.person, attackers)),
            gaits.of(test & known),
            gaits.of(test & asked),
        )


@dataclass(frozen=True)
class AnonymizedWalks:
    """The anonymized walks of one method; each set is made on first use.

    Attributes:
        seed: start of the seeds, which differ between the sets.
        takes: number of times that each probe is anonymized, each time with another seed.
        guess: the method that an attacker runs who knows the method and the seed, but lacks the
            secret; None: the method itself, as it has no secret.
        kept: folder of this method for walks, from which an interrupted run continues; None: walks
            are not stored.
    """

    people: People
    method: Method
    seed: int = 0
    takes: int = 1
    guess: Method | None = None
    kept: Path | None = None
    on_progress: Progress = silent

    @cached_property
    def training(self) -> Gaits:
        """The training walks, each anonymized with a seed of its own; as the next two sets."""
        return self._part("training", self.people.training, 0)

    @cached_property
    def gallery(self) -> Gaits:
        return self._part("gallery", self.people.gallery, 1)

    @cached_property
    def probes(self) -> Gaits:
        """The probes, take by take."""
        probes = self.people.probes
        return self._part("probes", probes.of(np.tile(np.arange(len(probes)), self.takes)), 2)

    def some_probes(self, chosen: np.ndarray) -> Gaits:
        """The probes of a mask (P,) in the first take, without anonymizing the others."""
        if "probes" in vars(self):
            return self.probes.of(np.flatnonzero(chosen))
        return self._changed(self.people.probes, 2, chosen)

    @cached_property
    def alike_probes(self) -> Gaits:
        """The probes, all anonymized with one seed, which is also that of `guessed_gallery`."""
        return self._part("alike probes", self.people.probes, 3, alike=True)

    @cached_property
    def guessed_gallery(self) -> Gaits:
        """The gallery as anonymized by an attacker who knows this seed."""
        knows = replace(self, method=self.guess or self.method)
        return knows._part("guessed gallery", self.people.gallery, 3, alike=True)

    def _part(self, name: str, gaits: Gaits, part: int, *, alike: bool = False) -> Gaits:
        path = self.kept and self.kept / f"{name}.npz"
        if path and path.exists():
            return Gaits.load(path)
        made = self._changed(gaits, part, alike=alike)
        if path:
            self.kept.mkdir(parents=True, exist_ok=True)
            made.save(path)
        return made

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


@dataclass(frozen=True)
class Attack:
    """The results of the attackers of one family.

    Attributes:
        scores: by adversary.
        rates: rank-1 of "informed" and "linking" after each training of the first attacker; see
            `scores.rate`.
    """

    scores: dict[str, Scores]
    rates: tuple[dict[str, dict], ...]

    @property
    def is_converged(self) -> bool:
        """Whether the last doubling of the steps raised no adversary's rate beyond the interval of
        the training before."""
        return len(self.rates) < 2 or not _rises(*self.rates[-2:])

    def save(self, path: Path) -> None:
        part = path.with_suffix(".part.npz")
        arrays = {
            f"{adversary}, {name}": value
            for adversary, scores in self.scores.items()
            for name, value in vars(scores).items()
        }
        np.savez(part, rates=json.dumps(self.rates), **arrays)
        part.rename(path)

    @classmethod
    def load(cls, path: Path) -> Attack:
        with np.load(path) as saved:
            names = [field.name for field in fields(Scores)]
            scores = {
                adversary: Scores(*(saved[f"{adversary}, {name}"] for name in names))
                for adversary in ADVERSARIES
            }
            return cls(scores, tuple(json.loads(str(saved["rates"]))))


def attack(
    people: People,
    anonymized: AnonymizedWalks,
    naive: Recogniser,
    family: Family,
    on_progress: Progress = silent,
) -> Attack:
    """Attacks one method by one family of attackers, for every adversary.

    The first attacker is trained again with twice the steps as long as that helps, at most as often
    as the family allows. The others are then trained with as many steps.

    Args:
        naive: the attacker trained on clear walks.
    """
    together = people.training.together(anonymized.training)
    rates, found = [], []
    while True:
        informed = family.train(0, 2 ** len(rates))(together, on_progress)
        found = [_knowing_scores(informed, people, anonymized)]
        rates.append({name: rank_1(found[0][name]) for name in ("informed", "linking")})
        is_last = len(rates) > family.doublings
        if is_last or (len(rates) > 1 and not _rises(*rates[-2:])):
            break
    for number in range(1, family.seeds):
        informed = family.train(number, 2 ** (len(rates) - 1))(together, on_progress)
        found.append(_knowing_scores(informed, people, anonymized))
    scores = {name: stacked([scores[name] for scores in found]) for name in found[0]}
    unknowing = {"naive": compared(naive, anonymized.probes, people.gallery)}
    return Attack(unknowing | scores, tuple(rates))


def _knowing_scores(
    informed: Recogniser, people: People, anonymized: AnonymizedWalks
) -> dict[str, Scores]:
    return {
        "informed": compared(informed, anonymized.probes, people.gallery),
        "linking": compared(informed, anonymized.probes, anonymized.gallery),
        "known seed": compared(informed, anonymized.alike_probes, anonymized.guessed_gallery),
    }


def _rises(before: dict[str, dict], after: dict[str, dict]) -> bool:
    return any(after[name]["rate"] > before[name]["interval"][1] for name in before)


def compared(recogniser: Recogniser, probes: Gaits, gallery: Gaits) -> Scores:
    """The distance of each probe to each person's nearest walk at each view."""
    distances = recogniser(probes, gallery)
    shown = np.array([len(walk) > 0 for walk in gallery.walks])
    people, views = np.unique(gallery.person), np.unique(gallery.view)
    result = np.full((1, len(probes), len(views), len(people)), np.inf, np.float32)
    for v, view in enumerate(views):
        for k, person in enumerate(people):
            chosen = shown & (gallery.view == view) & (gallery.person == person)
            result[0, :, v, k] = distances[:, chosen].min(axis=1, initial=np.inf)
    result[:, [len(walk) == 0 for walk in probes.walks]] = np.nan
    return Scores(result, probes.person, probes.view, people, views)


def rank_1(scores: Scores) -> dict:
    """Rank-1 over all views of the gallery; see `scores.rate`."""
    return rate(mean_known(scores.found(1)), scores.person)


def _euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, M): distances of (N, D) and (M, D)."""
    from scipy.spatial.distance import cdist

    return cdist(a, b)
