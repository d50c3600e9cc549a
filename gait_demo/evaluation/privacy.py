"""How well methods hide identities: all methods, attackers and adversaries, on CASIA-B or data in
its format."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gait_demo.datasets.casia import CONDITIONS, VIEWS, CasiaB, Sequence
from gait_demo.errors import DataError
from gait_demo.evaluation.gaits import Gaits, Method, Progress, read_gaits
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
from gait_demo.evaluation.quality import HIGH, LOW, rate_sequence
from gait_demo.evaluation.scores import Scores, fused, mean_known, rate

TOPS = {"top-1": 1, "top-3": 3, "top-5": 5}
VIDEOS = (6, 18)  # numbers of videos of one person that an attacker combines
BY_SHAPE, BY_ALL = "silhouettes and joints fused", "everything fused"
_JUDGE_STEPS = 240  # of training a judge of naturalness


@dataclass(frozen=True)
class PrivacyOptions:
    """What is evaluated.

    Attributes:
        out: folder for intermediate results, from which an interrupted run continues.
        steps: initial number of training steps of each network.
        doublings: how often the steps are doubled at most, as long as that helps.
        seeds: number of attacking networks of each kind.
        takes: how often each probe is anonymized; 3 takes of 6 walks are 18 videos per person.
        people: number of people to use, from the first on; None: all.
        views: view angles in degrees.
        attackers: of protocol.ATTACKERS; if empty, only naturalness is measured.
        weights: sha256 of the methods' weights files, by name.
    """

    out: Path
    steps: int = 1500
    doublings: int = 1
    seeds: int = 1
    takes: int = 3
    people: int | None = None
    views: tuple[int, ...] = tuple(VIEWS)
    seed: int = 0
    attackers: tuple[str, ...] = ATTACKERS
    weights: Mapping[str, str] = field(default_factory=dict)


def evaluate_privacy(
    data: CasiaB,
    methods: Mapping[str, Method],
    options: PrivacyOptions,
    on_progress: Progress | None = None,
    guesses: Mapping[str, Method] | None = None,
) -> dict:
    """Attacks every method, and measures how natural its results look.

    Args:
        guesses: for methods with a secret, by name: the method that an attacker without the secret
            can run instead.

    Returns:
        people (numbers trained on and tested), views, chance by TOPS, seconds (of this run); clear:
        by attacker the rate, see scores.rate, at which people are recognised in clear at the same
        view, of all probes and of "nm" alone; and by method, attacker and adversary: for all
        probes, "subset 1" and "subset 2" the rate by TOPS: at the "same view", and over "all
        views" of the gallery; and "by view", the same view's; "equal error rate"; and "videos",
        by how many of one person are one probe, the rate over all views by TOPS. Among the
        attackers are BY_SHAPE and BY_ALL. By method also naturalness, see there, None where there
        are too few people to judge it; and training, by network: "rates" after each training, and
        whether it "is converged". If not, its figures are only the least that it can reach.

    Raises:
        DataError: too few people, or `out` holds the results of other data or options.
    """
    started = time.monotonic()
    learnt_from, tested = groups(data.people[: options.people])
    chosen = (*learnt_from, *tested)
    _claim(options, chosen)
    people = _read(data, learnt_from, tested, options, on_progress)
    parts = {"trained": people.training, "tested": people.probes}
    counts = {part: len(np.unique(gaits.person)) for part, gaits in parts.items()}
    report: dict = {
        "people": counts,
        "views": list(options.views),
        "chance": {top: min(1.0, n / counts["tested"]) for top, n in TOPS.items()},
        "clear": {},
        "naturalness": {},
        "training": {},
        "methods": {},
    }
    kinds: dict[str, Family] = {}
    subsets = np.empty(0)
    if options.attackers:
        known = families(options.steps, options.seed, options.seeds, options.doublings)
        kinds = {name: known[name] for name in options.attackers}
        subsets = _subsets(data, people.probes, on_progress)
    naive = _Naive(people, kinds, options, on_progress)
    report["clear"] = {name: _clear(naive.clear(name)) for name in kinds}
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
        attacks = {}
        for kind, family in kinds.items():
            path = options.out / f"{kept} by {kind}.npz"
            if not path.exists():
                attack(people, anonymized, naive(kind), family, on_progress).save(path)
            attacks[kind] = Attack.load(path)
        path = options.out / f"{kept}, naturalness.json"
        if not path.exists():
            path.write_text(json.dumps(_naturalness(people, anonymized, options, on_progress)))
        report["naturalness"][name] = json.loads(path.read_text())
        report["training"][name] = {
            kind: {"rates": list(attacks[kind].rates), "is converged": attacks[kind].is_converged}
            for kind, family in kinds.items()
            if family.doublings
        }
        scores = {kind: found.scores for kind, found in attacks.items()}
        report["methods"][name] = {
            kind: {adversary: _rates(found[adversary], subsets) for adversary in ADVERSARIES}
            for kind, found in (scores | _fusions(scores)).items()
        }
    return report | {"seconds": round(time.monotonic() - started)}


def worst(
    method: dict,
    adversaries: Collection[str] = ADVERSARIES,
    attackers: Collection[str] | None = None,
    videos: int = 1,
) -> dict:
    """The worst case in one method's part of a report: the rates by TOPS, over all views, of the
    attacker and adversary that recognise most; with "by", the attacker, "adversary", and "equal
    error rate".

    Args:
        attackers: to consider; None: all.
        videos: number of videos of one person that the attacker combines.
    """
    rates = []
    for kind, found in method.items():
        for adversary in adversaries if attackers is None or kind in attackers else ():
            here = found[adversary]
            alone = here["all probes"]["all views"]
            tops = alone if videos == 1 else here["videos"].get(str(videos))
            if tops:
                about = {"by": kind, "adversary": adversary}
                rates.append(tops | about | {"equal error rate": here["equal error rate"]})
    return max(rates, key=lambda rate: rate["top-1"]["rate"] or 0) if rates else {}


def by_shape(method: dict) -> list[str]:
    """The attackers in one method's part of a report that see only silhouettes."""
    return [kind for kind in method if kind not in (FULL_FRAME, BY_ALL)]


class _Naive:
    """Attackers trained on original walks only. They are trained on first use, and their results
    on original walks are kept."""

    def __init__(
        self,
        people: People,
        kinds: Mapping[str, Family],
        options: PrivacyOptions,
        on_progress: Progress | None,
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

    def clear(self, kind: str) -> tuple[Scores, np.ndarray]:
        """The results on original walks; and which probes are in usual clothes, without a bag."""
        path = self._options.out / f"clear by {kind}.npz"
        people = self._people
        if not path.exists():
            found = compared(self(kind), people.probes, people.gallery)
            part = path.with_suffix(".part.npz")
            np.savez(part, **vars(found))
            part.rename(path)
        with np.load(path) as saved:
            usual = np.char.startswith(people.probes.condition, "nm")
            return Scores(**saved), usual


def _clear(found: tuple[Scores, np.ndarray]) -> dict:
    scores, usual = found
    same = _same_view(scores, scores.found(1))
    return {
        "all probes": rate(same, scores.person),
        "nm": rate(same[:, usual], scores.person[usual]),
    }


def _fusions(scores: Mapping[str, Mapping[str, Scores]]) -> dict[str, dict[str, Scores]]:
    """Fusions of the attackers' scores, by adversary."""
    kinds = {BY_SHAPE: [kind for kind in scores if kind != FULL_FRAME], BY_ALL: list(scores)}
    return {
        name: {
            adversary: fused([scores[kind][adversary] for kind in chosen])
            for adversary in ADVERSARIES
        }
        for name, chosen in kinds.items()
        if chosen
    }


def _rates(scores: Scores, subsets: np.ndarray) -> dict:
    """Rates of all probes and of both subsets; `subsets` is LOW or HIGH for each probe of one
    take."""
    subset = np.resize(subsets, len(scores.person))
    parts = {
        "all probes": np.ones(len(subset), bool),
        "subset 1": subset == LOW,
        "subset 2": subset == HIGH,
    }
    found = {top: scores.found(first) for top, first in TOPS.items()}
    same = {top: _same_view(scores, values) for top, values in found.items()}
    result: dict = {}
    for name, part in parts.items():
        person = scores.person[part]

        def rates(shares: Mapping[str, np.ndarray], part=part, person=person) -> dict:
            return {top: rate(share[:, part], person) for top, share in shares.items()}

        result[name] = {
            "same view": rates(same),
            "all views": rates({top: mean_known(values) for top, values in found.items()}),
            "by view": {
                f"{view:03d}": rates({
                    top: np.where(scores.view == view, share, np.nan) for top, share in same.items()
                })
                for view in scores.views
            },
        }  # fmt: skip
    result["equal error rate"] = scores.equal_error_rate()
    result["videos"] = {}
    for videos in VIDEOS:
        several = scores.together(videos)
        if len(several.person):
            result["videos"][str(videos)] = {
                top: rate(mean_known(several.found(first)), several.person)
                for top, first in TOPS.items()
            }
    return result


def _same_view(scores: Scores, found: np.ndarray) -> np.ndarray:
    """(S, P) of (S, P, V): at the view of the probe."""
    return mean_known(np.where(scores.view[:, None] == scores.views, found, np.nan))


def _read(
    data: CasiaB,
    learnt_from: list[int],
    tested: list[int],
    options: PrivacyOptions,
    on_progress: Progress | None,
) -> People:
    """The clear walks, stored for a run that continues."""
    whom = (*learnt_from, *tested) if options.attackers else tested
    path = options.out / ("walks.npz" if options.attackers else "tested walks.npz")
    if not path.exists():
        sequences = data.sequences(whom, CONDITIONS, options.views)
        read_gaits(data, sequences, on_progress).save(path)
    return People.of(Gaits.load(path), learnt_from, tested)


def _naturalness(
    people: People,
    anonymized: AnonymizedWalks,
    options: PrivacyOptions,
    on_progress: Progress | None,
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


def _subsets(data: CasiaB, probes: Gaits, on_progress: Progress | None) -> np.ndarray:
    """(P,) int, LOW or HIGH: how good the clear silhouettes of each probe are."""
    about = zip(
        probes.person.tolist(), probes.condition.tolist(), probes.view.tolist(), strict=True
    )
    rated = []
    for done, of in enumerate(about):
        if on_progress:
            on_progress("quality", done, len(probes))
        rated.append(rate_sequence(data.read(Sequence(*of))).subset)
    return np.array(rated)


def _claim(options: PrivacyOptions, people: tuple[int, ...]) -> None:
    """Marks `out` as the folder of this evaluation; other methods may be added later."""
    options.out.mkdir(parents=True, exist_ok=True)
    settings = {
        "people": list(people), "views": list(options.views), "steps": options.steps,
        "doublings": options.doublings, "seeds": options.seeds, "takes": options.takes,
        "seed": options.seed, "weights": dict(options.weights),
    }  # fmt: skip
    path = options.out / "settings.json"
    if path.exists():
        before = json.loads(path.read_text())
        settings["weights"] = before["weights"] | settings["weights"]
        before["weights"] = settings["weights"] | before["weights"]
        if before != settings:
            raise DataError(
                f"{options.out} holds the results of another evaluation: choose another --out, or "
                "the same data and options."
            )
    path.write_text(json.dumps(settings))
