"""How well methods hide who walks: every method, recogniser and adversary on a copy of CASIA-B."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gait_demo.datasets.casia import CONDITIONS, VIEWS, CasiaB, Sequence
from gait_demo.errors import DataError
from gait_demo.evaluation.gaits import Gaits, Method, Progress, read_gaits
from gait_demo.evaluation.naturalness import naturalness
from gait_demo.evaluation.protocol import (
    ADVERSARIES,
    Made,
    People,
    attack,
    groups,
    rate,
    recognisers,
)
from gait_demo.evaluation.quality import HIGH, LOW, rate_sequence

TOPS = ("top-1", "top-3")
PAPERS = "GEI + view transformation"
_JUDGE_STEPS = 240  # of training a judge of naturalness


@dataclass(frozen=True)
class PrivacyOptions:
    """What is evaluated.

    Attributes:
        out: folder for what each recogniser found, so that a run goes on where it was.
        steps: of training each network.
        people: as many of the data, from the first on; None: all.
        views: degrees.
        attacked: else only how natural the walks look is measured.
        weights: sha256 by name, of what methods are made of.
    """

    out: Path
    steps: int = 1500
    people: int | None = None
    views: tuple[int, ...] = tuple(VIEWS)
    seed: int = 0
    attacked: bool = True
    weights: Mapping[str, str] = field(default_factory=dict)


def evaluate_privacy(
    data: CasiaB,
    methods: Mapping[str, Method],
    options: PrivacyOptions,
    on_progress: Progress | None = None,
    guesses: Mapping[str, Method] | None = None,
) -> dict:
    """Attack every method, unless only naturalness is asked for.

    Args:
        guesses: by name, of methods that have a secret, what an attacker without it runs.

    Returns:
        people (numbers trained on and tested), views, chance by top-1 and top-3, seconds (of this
        run), and by method, recogniser and adversary: for all probes, "subset 1" and "subset 2"
        the rate, see protocol.rate, at which people are recognised, by top-1 and top-3: at the
        "same view", and over "all views" of the gallery; and "by view", the same view's. By
        method also naturalness, see there; None where there are too few people to judge it.

    Raises:
        DataError: too few people, or `out` holds the results of other data or options.
    """
    started = time.monotonic()
    attackers, tested = groups(data.people[: options.people])
    chosen = (*attackers, *tested)
    _claim(options, chosen)
    read = chosen if options.attacked else tested
    sequences = data.sequences(read, CONDITIONS, options.views)
    people = People.of(read_gaits(data, sequences, on_progress), attackers, tested)
    parts = {"trained": people.training, "tested": people.probes}
    counts = {part: len(np.unique(gaits.person)) for part, gaits in parts.items()}
    report: dict = {
        "naturalness": {},
        "people": counts,
        "views": list(options.views),
        "chance": dict(zip(TOPS, (n / counts["tested"] for n in (1, 3)), strict=True)),
        "methods": {},
    }
    trains, subsets = {}, np.empty(0)
    if options.attacked:
        trains = recognisers(options.steps, options.seed)
        subsets = _subsets(data, people.probes, on_progress)
    naive = {}
    first: dict[Method, str] = {}
    for name, method in methods.items():
        kept = first.setdefault(method, name)  # methods that do the same share what was found
        made = Made(people, method, options.seed, (guesses or {}).get(name), on_progress)
        report["methods"][name] = {}
        path = options.out / f"{kept}, naturalness.json"
        if not path.exists():
            path.write_text(json.dumps(_naturalness(people, made, options, on_progress)))
        report["naturalness"][name] = json.loads(path.read_text())
        for recogniser, train in trains.items():
            path = options.out / f"{kept} by {recogniser}.npz"
            if not path.exists():
                if recogniser not in naive:
                    naive[recogniser] = train(people.training, on_progress)
                found = attack(people, made, naive[recogniser], train, on_progress)
                _write(path, found)
            with np.load(path) as found:
                report["methods"][name][recogniser] = {
                    adversary: _rates(found[adversary], people, subsets)
                    for adversary in ADVERSARIES
                }
    return report | {"seconds": round(time.monotonic() - started)}


def worst(method: dict, adversary: str, part: str = "all probes", where: str = "all views") -> dict:
    """The rate of the attacker who recognises most, of one method's part of a report."""
    rates = [recogniser[adversary][part][where]["top-1"] for recogniser in method.values()]
    return max(rates, key=lambda each: each["rate"] or 0)


def _rates(found: np.ndarray, people: People, subsets: np.ndarray) -> dict:
    """Of what `recognised` found, (P, V, 2)."""
    probes = people.probes
    views = np.unique(people.gallery.view)
    own = probes.view[:, None] == views
    parts = {
        "all probes": np.ones(len(probes), bool),
        "subset 1": subsets == LOW,
        "subset 2": subsets == HIGH,
    }
    result: dict = {}
    for name, part in parts.items():
        kept, person = found[part], probes.person[part]
        same = [np.where(own[part], kept[..., n], np.nan) for n in range(len(TOPS))]
        result[name] = {
            "same view": _both([_mean(each) for each in same], person),
            "all views": _both([_mean(kept[..., n]) for n in range(len(TOPS))], person),
            "by view": {
                f"{view:03d}": _both([each[:, v] for each in same], person)
                for v, view in enumerate(views)
            },
        }
    return result


def _both(shares: list[np.ndarray], person: np.ndarray) -> dict:
    return {top: rate(share, person) for top, share in zip(TOPS, shares, strict=True)}


def _mean(found: np.ndarray) -> np.ndarray:
    """(P,) means of (P, V) where there is a number."""
    there = ~np.isnan(found)
    total = np.where(there, found, 0).sum(axis=1)
    return np.where(there.any(axis=1), total / np.maximum(there.sum(axis=1), 1), np.nan)


def _naturalness(
    people: People, made: Made, options: PrivacyOptions, on_progress: Progress | None
) -> dict | None:
    """Of what a method made of one half of the tested people, beside the other half in clear."""
    who = np.unique(people.probes.person)
    clear = np.isin(people.probes.person, who[: len(who) // 2])
    # attacks need them all anyway
    after = made.probes.of(~clear) if options.attacked else made.some_probes(~clear)
    parts = people.probes.of(clear), people.probes.of(~clear), after
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
    """Make `out` the folder of this evaluation; methods made of other weights may join later."""
    options.out.mkdir(parents=True, exist_ok=True)
    settings = {
        "people": list(people), "views": list(options.views), "steps": options.steps,
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


def _write(path: Path, found: dict[str, np.ndarray]) -> None:
    part = path.with_suffix(".part.npz")
    np.savez(part, **found)
    part.rename(path)
