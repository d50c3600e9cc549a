"""How well methods hide identities: all methods, attackers and adversaries, on CASIA-B or data in
its format."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gait_demo.datasets.casia import CasiaB
from gait_demo.evaluation.attackers import NETWORKS
from gait_demo.evaluation.gaits import Method
from gait_demo.evaluation.population import (
    BY_ALL,
    Attacked,
    PrivacyOptions,
    attack_population,
)
from gait_demo.evaluation.protocol import ADVERSARIES, FULL_FRAME, PARTS
from gait_demo.evaluation.quality import HIGH, LOW
from gait_demo.evaluation.scores import Scores, mean_known, pooled
from gait_demo.types import Progress, silent

TOPS = {"top-1": 1, "top-3": 3, "top-5": 5}
VIDEOS = (6, 18)  # numbers of videos of one person that an attacker combines
LEAST_IN_CLEAR = 0.9  # minimum rank-1 of a network in clear, in usual clothes, to be an attacker
GALLERIES = (5, 10, 20, 40)  # numbers of people among whom the right one is to be found


def evaluate_privacy(
    populations: Mapping[str, CasiaB],
    methods: Mapping[str, Method],
    options: PrivacyOptions,
    on_progress: Progress = silent,
    guesses: Mapping[str, Method] | None = None,
) -> dict:
    """Attacks every method, and measures how natural its results look.

    Args:
        populations: by name; each is attacked by itself, with attackers of its own.
        guesses: for methods with a secret, by name: the method that an attacker without the secret
            can run instead.

    Returns:
        Figures of all populations together: rates are means of the populations' rates, with an
        interval over people and attackers in these populations, see `scores.pooled`; other numbers
        are means as well; intervals of naturalness reach over those of all populations.

        people (numbers trained on and tested, in all), views, chance by TOPS, seconds (of this
        run); galleries: those of GALLERIES that are smaller than the whole gallery; clear: by
        attacker the rate, see `scores.rate`, at which people are recognised in clear at the same
        view, of all probes and of "nm" alone; refused: by method, the share of probes that it
        refuses or that show nobody, which count as recognised; and by method, attacker and
        adversary: for all probes, "subset 1" and "subset 2" the rate by TOPS: at the "same view",
        and over "all views" of the gallery; and "by view", the same view's; "equal error rate";
        "information", see `Scores.information`, in the form of a rate; "gallery", by its size, the
        rate over all views by TOPS; and "videos", by how many of one person are one probe, the
        same. Among the attackers are the fusions. By method also naturalness, see there, None where
        there are too few people to judge it; and training, by network: "rates" after each training,
        and whether it "is converged". If not, its figures are only the least that it can reach.
        With several populations also populations: by name, the same figures of each.

    Raises:
        DataError: too few people, or `out` holds the results of other data or options.
    """
    started = time.monotonic()
    found = {}
    for name, data in populations.items():
        out = options.out if len(populations) == 1 else options.out / name
        within = replace(options, out=out)
        found[name] = attack_population(data, methods, within, on_progress, guesses)
    report = _report(found, options)
    if len(found) > 1:
        report["populations"] = {name: _report({name: one}, options) for name, one in found.items()}
    return report | {"seconds": round(time.monotonic() - started)}


def _report(populations: Mapping[str, Attacked], options: PrivacyOptions) -> dict:
    """The figures of one population, or of several together; see `evaluate_privacy`."""
    found = list(populations.values())
    report: dict = {
        "people": {
            "trained": sum(each.trained for each in found),
            "tested": sum(each.tested for each in found),
        },
        "views": list(options.views),
        "chance": {
            top: float(np.mean([min(1.0, n / each.known) for each in found]))
            for top, n in TOPS.items()
        },
        "galleries": [n for n in GALLERIES if n < min(each.known for each in found)],
        "clear": {
            kind: _clear([(each.clear[kind], each.usual) for each in found])
            for kind in found[0].clear
        },
        "refused": {},
        "naturalness": {},
        "training": {},
        "methods": {},
    }
    for method in found[0].attacks:
        report["naturalness"][method] = _mean([each.naturalness[method] for each in found])
        report["training"][method] = {
            kind if len(found) == 1 else f"{kind}, {name}": {
                "rates": list(result.rates),
                "is converged": result.is_converged,
            }
            for name, each in populations.items()
            for kind, result in each.attacks[method].items()
            if kind in NETWORKS and options.doublings
        }
        scores = [each.scores[method] for each in found]
        if options.attackers:
            some = [next(iter(kinds.values()))["naive"] for kinds in scores]
            report["refused"][method] = round(float(np.mean([s.failed.mean() for s in some])), 4)
        report["methods"][method] = {
            kind: {
                adversary: _rates([
                    (kinds[kind][adversary], each.subsets)
                    for kinds, each in zip(scores, found, strict=True)
                ], report["galleries"])
                for adversary in ADVERSARIES
            }
            for kind in scores[0]
        }  # fmt: skip
    return report


def worst(
    method: dict,
    adversaries: Collection[str] = ADVERSARIES,
    attackers: Collection[str] | None = None,
    videos: int = 1,
    gallery: int | None = None,
) -> dict:
    """The worst case in one method's part of a report: the rates by TOPS, over all views, of the
    attacker and adversary that recognise most; with "by", the attacker, "adversary", "equal error
    rate" and "information".

    Args:
        attackers: to consider; None: all.
        videos: number of videos of one person that the attacker combines.
        gallery: number of people in the gallery, of GALLERIES; None: all, and the only choice for
            several videos.
    """
    rates = []
    for kind, found in method.items():
        for adversary in adversaries if attackers is None or kind in attackers else ():
            here = found[adversary]
            if videos > 1:
                tops = here["videos"].get(str(videos))
            elif gallery:
                tops = here["gallery"].get(str(gallery))
            else:
                tops = here["all probes"]["all views"]
            if tops:
                about = {name: here[name] for name in ("equal error rate", "information")}
                rates.append(tops | about | {"by": kind, "adversary": adversary})
    return max(rates, key=lambda rate: rate["top-1"]["rate"] or 0) if rates else {}


def doubts(report: dict) -> list[str]:
    """Why the figures of attacks are too low to be published: networks that more training would
    help, or that do not even know people in clear. (Judges that more training would help are told
    in the table.)"""
    found = []
    for kind in NETWORKS:
        rate = report["clear"].get(kind, {"nm": {"rate": None}})["nm"]["rate"]
        if rate is not None and rate < LEAST_IN_CLEAR:
            found.append(f"{kind} names only {rate:.2f} in clear, of {LEAST_IN_CLEAR} at least")
    return found + [
        f"{network} has not converged on {method}"
        for method, networks in report["training"].items()
        for network, figures in networks.items()
        if not figures["is converged"]
    ]


def by_shape(method: dict) -> list[str]:
    """The attackers in one method's part of a report that see only silhouettes."""
    return [kind for kind in method if kind not in (FULL_FRAME, BY_ALL, *PARTS)]


def _clear(populations: Sequence[tuple[Scores, np.ndarray]]) -> dict:
    """The rates in clear; with the scores of each population, which probes are in usual clothes."""
    same = [(_same_view(scores, scores.found(1)), scores.person) for scores, _ in populations]
    usual = [part for _, part in populations]
    return {
        "all probes": pooled(same),
        "nm": pooled([
            (found[:, part], person[part])
            for (found, person), part in zip(same, usual, strict=True)
        ]),
    }  # fmt: skip


def _rates(populations: Sequence[tuple[Scores, np.ndarray]], gallery_sizes: Sequence[int]) -> dict:
    """Rates of all probes and of both subsets, and in smaller galleries; with the scores of each
    population, LOW or HIGH for each probe of one take."""
    scores = [each for each, _ in populations]
    subset = [np.resize(of_one_take, len(each.person)) for each, of_one_take in populations]
    parts = {
        "all probes": [np.ones(len(each), bool) for each in subset],
        "subset 1": [each == LOW for each in subset],
        "subset 2": [each == HIGH for each in subset],
    }
    found = {top: [each.found(first) for each in scores] for top, first in TOPS.items()}
    same = {top: list(map(_same_view, scores, values)) for top, values in found.items()}
    result: dict = {}
    for name, part in parts.items():

        def rates(shares: Mapping[str, list[np.ndarray]], part=part) -> dict:
            return {
                top: pooled([
                    (share[:, chosen], each.person[chosen])
                    for share, chosen, each in zip(of_all, part, scores, strict=True)
                ])
                for top, of_all in shares.items()
            }  # fmt: skip

        result[name] = {
            "same view": rates(same),
            "all views": rates({
                top: list(map(mean_known, values)) for top, values in found.items()
            }),
            "by view": {
                f"{view:03d}": rates({
                    top: [
                        np.where(each.view == view, share, np.nan)
                        for each, share in zip(scores, shares, strict=True)
                    ]
                    for top, shares in same.items()
                })
                for view in scores[0].views
            },
        }  # fmt: skip
    errors = [rate for each in scores if (rate := each.equal_error_rate()) is not None]
    result["equal error rate"] = round(float(np.mean(errors)), 4) if errors else None
    result["information"] = pooled([each.information() for each in scores])
    result["gallery"] = {str(size): _over_views(scores, size) for size in gallery_sizes}
    result["videos"] = {}
    for videos in VIDEOS:
        several = [each.together(videos) for each in scores]
        if all(len(each.person) for each in several):
            result["videos"][str(videos)] = _over_views(several)
    return result


def _over_views(scores: Sequence[Scores], gallery_size: int | None = None) -> dict:
    """The rates by TOPS over all views of the gallery; `gallery_size` as for `Scores.found`."""
    return {
        top: pooled([(mean_known(each.found(first, gallery_size)), each.person) for each in scores])
        for top, first in TOPS.items()
    }


def _same_view(scores: Scores, found: np.ndarray) -> np.ndarray:
    """(S, P) of (S, P, V): at the view of the probe."""
    return mean_known(np.where(scores.view[:, None] == scores.views, found, np.nan))


def _mean(figures: Sequence):
    """Nested figures of several populations as one: means of numbers, and intervals that reach over
    all; None if one is None."""
    first = figures[0]
    if any(each is None for each in figures):
        return None
    if isinstance(first, dict):
        names = [name for name in first if all(name in each for each in figures)]
        return {name: _mean([each[name] for each in figures]) for name in names}
    if isinstance(first, list):
        return [min(low for low, _ in figures), max(high for _, high in figures)]
    return round(float(np.mean(figures)), 4)
