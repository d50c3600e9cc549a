"""All attacks on one population, from whose results an interrupted run continues."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from gait_demo.anonymization.anet import SPREAD
from gait_demo.datasets.casia import CONDITIONS, VIEWS, CasiaB, Sequence
from gait_demo.errors import DataError
from gait_demo.evaluation.gaits import Gaits, Method, read_gaits
from gait_demo.evaluation.naturalness import naturalness
from gait_demo.evaluation.protocol import (
    ADVERSARIES,
    ATTACKERS,
    FULL_FRAME,
    AnonymizedWalks,
    Attack,
    Family,
    People,
    Recogniser,
    attack,
    compared,
    families,
    groups,
)
from gait_demo.evaluation.quality import rate_sequence
from gait_demo.evaluation.scores import Scores, fused
from gait_demo.types import Progress, silent
from gait_demo.workspace import write_whole

BY_SHAPE, BY_ALL = "silhouettes and joints fused", "everything fused"
_JUDGE_STEPS = 480  # of the first training of a judge of naturalness


@dataclass(frozen=True)
class PrivacyOptions:
    """What is evaluated.

    Attributes:
        out: folder for intermediate results, from which an interrupted run continues; with several
            populations, each has a folder below it.
        steps: initial number of training steps of each network.
        doublings: how often the steps are doubled at most, as long as that helps.
        seeds: number of attacking networks of each kind.
        takes: how often each probe is anonymized; 3 takes of 6 walks are 18 videos per person.
        people: number of people to use, from the first on; None: all.
        views: view angles in degrees.
        attackers: of protocol.ATTACKERS and PARTS; if empty, only naturalness is measured.
        weights: sha256 of the methods' weights files, by name.
    """

    out: Path
    steps: int = 1000
    doublings: int = 1
    seeds: int = 1
    takes: int = 3
    people: int | None = None
    views: tuple[int, ...] = tuple(VIEWS)
    seed: int = 0
    attackers: tuple[str, ...] = ATTACKERS
    weights: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attacked:
    """What the attacks on one population found.

    Attributes:
        trained, tested: numbers of people that attackers are trained on, and of others tested.
        known: number of people in the gallery.
        usual: (P,) bool, which probes of one take are in usual clothes, without a bag.
        subsets: (P,) int, LOW or HIGH, the quality of their clear silhouettes; empty without
            attackers.
        clear: the scores on original walks, by attacker.
        attacks: by method and attacker.
        naturalness: by method, see there; None where there are too few people to judge it.
    """

    trained: int
    tested: int
    known: int
    usual: np.ndarray
    subsets: np.ndarray
    clear: dict[str, Scores]
    attacks: dict[str, dict[str, Attack]]
    naturalness: dict[str, dict | None]

    @cached_property
    def scores(self) -> dict[str, dict[str, dict[str, Scores]]]:
        """By method, attacker and adversary; BY_SHAPE and BY_ALL are among the attackers."""
        found = {
            method: {kind: result.scores for kind, result in kinds.items()}
            for method, kinds in self.attacks.items()
        }
        return {method: kinds | _fusions(kinds) for method, kinds in found.items()}


def attack_population(
    data: CasiaB,
    methods: Mapping[str, Method],
    options: PrivacyOptions,
    on_progress: Progress = silent,
    guesses: Mapping[str, Method] | None = None,
) -> Attacked:
    """Attacks every method; arguments as for `evaluate_privacy`.

    Raises:
        DataError: too few people, or `options.out` holds the results of other data or options.
    """
    learnt_from, tested = groups(data.people[: options.people])
    chosen = (*learnt_from, *tested)
    _claim(options, chosen)
    people = _read(data, learnt_from, tested, options, on_progress)
    kinds: dict[str, Family] = {}
    subsets = np.empty(0)
    if options.attackers:
        all_kinds = families(options.steps, options.seed, options.seeds, options.doublings)
        kinds = {name: all_kinds[name] for name in options.attackers}
        subsets = _subsets(data, people.probes, on_progress)
    naive = _Naive(people, kinds, options, on_progress)
    clear = {name: naive.clear(name) for name in kinds}
    attacks: dict[str, dict[str, Attack]] = {}
    natural: dict[str, dict | None] = {}
    first: dict[Method, str] = {}
    for name, method in methods.items():
        kept = first.setdefault(method, name)  # methods that do the same share their results
        anonymized = AnonymizedWalks(
            people,
            method,
            options.seed,
            options.takes,
            (guesses or {}).get(name),
            options.out / "walks" / kept,
            on_progress,
        )
        attacks[name] = {}
        for kind, family in kinds.items():
            path = options.out / f"{kept} by {kind}.npz"
            if not path.exists():
                attack(people, anonymized, naive(kind), family, on_progress).save(path)
            attacks[name][kind] = Attack.load(path)
        path = options.out / f"{kept}, naturalness.json"
        if not path.exists():
            natural_walks = _naturalness(people, anonymized, options, on_progress)
            write_whole(path, json.dumps(natural_walks))
        natural[name] = json.loads(path.read_text())
    trained, asked, known = (
        len(np.unique(part.person)) for part in (people.training, people.probes, people.gallery)
    )
    usual = np.char.startswith(people.probes.condition, "nm")
    return Attacked(trained, asked, known, usual, subsets, clear, attacks, natural)


def _fusions(scores: Mapping[str, Mapping[str, Scores]]) -> dict[str, dict[str, Scores]]:
    """Fusions of the attackers' scores, by adversary."""
    everything = [kind for kind in scores if kind in ATTACKERS]
    kinds = {BY_SHAPE: [kind for kind in everything if kind != FULL_FRAME], BY_ALL: everything}
    return {
        name: {
            adversary: fused([scores[kind][adversary] for kind in chosen])
            for adversary in ADVERSARIES
        }
        for name, chosen in kinds.items()
        if chosen
    }


class _Naive:
    """Attackers trained on original walks only. They are trained on first use, and their results
    on original walks are kept."""

    def __init__(
        self,
        people: People,
        kinds: Mapping[str, Family],
        options: PrivacyOptions,
        on_progress: Progress,
    ):
        self._people, self._kinds = people, kinds
        self._options, self._on_progress = options, on_progress
        self._trained: dict[str, Recogniser] = {}

    def __call__(self, kind: str) -> Recogniser:
        if kind not in self._trained:
            family = self._kinds[kind]
            train = family.train(0, 2**family.doublings)
            self._trained[kind] = train(self._people.training, self._on_progress)
        return self._trained[kind]

    def clear(self, kind: str) -> Scores:
        """The results on original walks."""
        path = self._options.out / f"clear by {kind}.npz"
        people = self._people
        if not path.exists():
            found = compared(self(kind), people.probes, people.gallery)
            part = path.with_suffix(".part.npz")
            np.savez(part, **vars(found))
            part.rename(path)
        with np.load(path) as saved:
            return Scores(**saved)


def _read(
    data: CasiaB,
    learnt_from: list[int],
    tested: list[int],
    options: PrivacyOptions,
    on_progress: Progress,
) -> People:
    """The clear walks, stored for a run that continues."""
    whom = (*learnt_from, *tested) if options.attackers else tested
    path = options.out / ("walks.npz" if options.attackers else "tested walks.npz")
    if not path.exists():
        sequences = data.sequences(whom, CONDITIONS, options.views)
        read_gaits(data, sequences, on_progress).save(path)
    gaits = Gaits.load(path)
    about = (int(gaits.person[0]), str(gaits.condition[0]), int(gaits.view[0]))
    again, stored = read_gaits(data, [Sequence(*about)]).recordings[0], gaits.recordings[0]
    if not all(np.array_equal(*pair) for pair in (
        (again.silhouettes, stored.silhouettes), (again.squares, stored.squares)
    )):  # fmt: skip
        raise _other_evaluation(options.out)
    return People.of(gaits, learnt_from, tested)


def _naturalness(
    people: People,
    anonymized: AnonymizedWalks,
    options: PrivacyOptions,
    on_progress: Progress,
) -> dict | None:
    """Naturalness of the anonymized walks of one half of the tested people, compared with clear
    walks of the other half."""
    who = np.unique(people.probes.person)
    clear = np.isin(people.probes.person, who[: len(who) // 2])
    parts = people.probes.of(clear), people.probes.of(~clear), anonymized.some_probes(~clear)
    try:
        return naturalness(*parts, on_progress, min(_JUDGE_STEPS, options.steps))
    except DataError:
        return None


def _subsets(data: CasiaB, probes: Gaits, on_progress: Progress) -> np.ndarray:
    """(P,) int, LOW or HIGH: how good the clear silhouettes of each probe are."""
    about = zip(
        probes.person.tolist(), probes.condition.tolist(), probes.view.tolist(), strict=True
    )
    rated = []
    for done, of in enumerate(about):
        on_progress("quality", done, len(probes))
        rated.append(rate_sequence(data.read(Sequence(*of))).subset)
    return np.array(rated)


def _claim(options: PrivacyOptions, people: tuple[int, ...]) -> None:
    """Marks `out` as the folder of this evaluation; other methods may be added later."""
    options.out.mkdir(parents=True, exist_ok=True)
    settings = {
        "people": list(people), "views": list(options.views), "steps": options.steps,
        "doublings": options.doublings, "seeds": options.seeds, "takes": options.takes,
        "seed": options.seed, "weights": dict(options.weights), "spread": SPREAD,
        "judge_steps": _JUDGE_STEPS,
    }  # fmt: skip
    path = options.out / "settings.json"
    if path.exists():
        before = json.loads(path.read_text())
        settings["weights"] = before["weights"] | settings["weights"]
        before["weights"] = settings["weights"] | before["weights"]
        if before != settings:
            raise _other_evaluation(options.out)
    write_whole(path, json.dumps(settings))


def _other_evaluation(out: Path) -> DataError:
    return DataError(
        f"{out} holds the results of another evaluation: choose another --out, or the same data "
        "and options."
    )
