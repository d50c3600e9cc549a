"""`evaluate privacy`: how many walkers are recognised after anonymization by each method."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gait_demo.cli.common import (
    add_readme,
    listed,
    options_from,
    positive,
    progress,
    put_into_readme,
    seed,
)
from gait_demo.errors import GaitDemoError
from gait_demo.options import STRENGTHS

if TYPE_CHECKING:
    from gait_demo.evaluation.gaits import Method

_QUICK_PEOPLE, _QUICK_VIEWS, _QUICK_STEPS = 24, (90,), 40  # the fewest that give figures at all
_QUICK_METHODS = ("none", "ours", "ST-GAN")
_QUICK_NETWORKS = ("GaitSet",)  # training them takes most of the time
_EXCLUDED = {"quick": ("steps", "views"), "naturalness": ("attackers",)}


def add(what: argparse._SubParsersAction) -> None:
    privacy = what.add_parser("privacy", help="attack the anonymized gaits; prints a table")
    privacy.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="CASIA-B, or data in its format; several populations are pooled",
    )
    privacy.add_argument("--out", type=Path, required=True, help="folder for all results")
    privacy.add_argument(
        "--quick",
        action="store_true",
        help="a fast check: fewer people, views, steps, networks and methods",
    )
    for network, name in (("anet", "A-NET"), ("stgan", "ST-GAN")):
        privacy.add_argument(
            f"--{network}", type=Path, metavar="FILE", help=f"other weights for {name}"
        )
    privacy.add_argument(
        "--paper", type=Path, metavar="FILE", help="also A-NET from train anet --preset paper"
    )
    privacy.add_argument(
        "--naturalness", action="store_true", help="measure only how natural walks look: no attacks"
    )
    privacy.add_argument(
        "--attackers",
        type=listed(str),
        help="such as raw GEI; default: all but parts of the full frame, such as speed alone",
    )
    privacy.add_argument("--methods", type=listed(str), help="such as none,ours; default: all")
    privacy.add_argument(
        "--steps", type=positive, help="training steps of each attacking network; default: 1000"
    )
    privacy.add_argument(
        "--seeds", type=positive, default=1, help="attacking networks to train of each kind"
    )
    privacy.add_argument("--views", type=listed(int), help="degrees, such as 0,90; default: all")
    add_readme(privacy, "privacy")
    privacy.add_argument("--seed", type=seed, default=0)
    privacy.set_defaults(command=_evaluate)


def _evaluate(parsed: argparse.Namespace) -> None:
    from gait_demo.datasets.casia import CasiaB
    from gait_demo.evaluation.attackers import NETWORKS
    from gait_demo.evaluation.figures import privacy_against_naturalness, success_by_view
    from gait_demo.evaluation.population import PrivacyOptions
    from gait_demo.evaluation.privacy import doubts, evaluate_privacy
    from gait_demo.evaluation.protocol import ATTACKERS, PAPERS, PARTS
    from gait_demo.evaluation.tables import all_naturalness, tables

    for mode, excluded in _EXCLUDED.items():
        for option in excluded:
            if getattr(parsed, mode) and getattr(parsed, option) is not None:
                raise GaitDemoError(f"--{option} is of no use with --{mode}; leave one out.")
    methods, guesses, files = _methods(parsed)
    wanted = parsed.methods or (_QUICK_METHODS if parsed.quick else tuple(methods))
    left_out = set(NETWORKS) - set(_QUICK_NETWORKS) if parsed.quick else ()
    usual = [name for name in ATTACKERS if name not in left_out]
    attackers = () if parsed.naturalness else parsed.attackers or usual
    for what, asked, known in (
        ("method", wanted, methods),
        ("attacker", attackers, (*ATTACKERS, *PARTS)),
    ):
        if unknown := set(asked) - set(known):
            raise GaitDemoError(
                f"There is no {what} {', '.join(sorted(unknown))}; choose from: {', '.join(known)}."
            )
    weights = {file.name: file.sha256 for file in files}
    options = replace(
        options_from(parsed, PrivacyOptions), attackers=tuple(attackers), weights=weights
    )
    if parsed.quick:
        options = replace(
            options, steps=_QUICK_STEPS, people=_QUICK_PEOPLE, views=_QUICK_VIEWS, takes=1
        )
    chosen = {name: methods[name] for name in wanted}
    populations = {path.resolve().name: CasiaB(path) for path in parsed.data}
    if len(populations) < len(parsed.data):
        raise GaitDemoError("Folders of --data must have different names.")
    put_into_readme(parsed)  # fails before any work
    report = evaluate_privacy(populations, chosen, options, progress(), guesses)
    if options.attackers:
        shown = tables(report)
        (parsed.out / "results.json").write_text(json.dumps(report, indent=2))
        (parsed.out / "results.md").write_text(shown + "\n")
        if PAPERS in attackers:
            success_by_view(report, parsed.out / "success.png")
        privacy_against_naturalness(report, parsed.out / "privacy.png")
    else:
        shown = all_naturalness(report)
        (parsed.out / "naturalness.md").write_text(shown + "\n")
    print(f"{shown}\n\nThis run took {report['seconds'] / 60:.0f} minutes.")
    if parsed.readme:
        if why := doubts(report):
            raise GaitDemoError(
                f"{parsed.readme} keeps its tables: {'; '.join(why)}. Give more --steps, and "
                "another --out."
            )
        put_into_readme(parsed, shown)


def _methods(parsed: argparse.Namespace) -> tuple[dict[str, Method], dict[str, Method], list]:
    """The methods to compare, by name: ours at every strength, ST-GAN, the simple baselines and, if
    given, A-NET trained with the paper's losses.

    Returns:
        All methods; those that use a secret, as an attacker without the secret can imitate them;
        and the weights files.
    """
    from gait_demo.anonymization.anonymizer import load
    from gait_demo.anonymization.windows import InStep
    from gait_demo.evaluation.baselines import SIMPLE, from_seed, keyed, made_by
    from gait_demo.evaluation.secret import repeatable_secret
    from gait_demo.models import build
    from gait_demo.weights import find

    files = [find("anet", parsed.anet), find("stgan", parsed.stgan)]
    anet, stgan = (load(file.name, file.path) for file in files)
    anonymizers = {
        "ours" if strength == 1 else f"ours ({name})": (anet, strength)
        for name, strength in STRENGTHS.items()
    }
    anonymizers["ST-GAN"] = stgan, 1.0
    if parsed.paper:
        files.append(replace(find("anet", parsed.paper), name="anet of the paper"))
        anonymizers["A-NET of the paper"] = InStep(build.load(parsed.paper, "anet")), 1.0
    secret = keyed(repeatable_secret(parsed.seed))
    methods, guesses = (
        {name: made_by(net, noise, strength) for name, (net, strength) in anonymizers.items()}
        for noise in (secret, from_seed)
    )
    return SIMPLE | methods, guesses, files
