"""`evaluate guessing`: whether the seed of an anonymized walk can be found by trying."""

from __future__ import annotations

import argparse
from pathlib import Path

from gait_demo.cli.common import positive, progress


def add(evaluations: argparse._SubParsersAction) -> None:
    guessing = evaluations.add_parser(
        "guessing", help="guess the seeds of anonymized walks; prints a table"
    )
    guessing.add_argument("--data", type=Path, required=True, help="CASIA-B, or data in its format")
    guessing.add_argument("--anet", type=Path, metavar="FILE", help="other weights for A-NET")
    guessing.add_argument(
        "--walks", type=positive, default=10, help="walks of as many people; default: 10"
    )
    guessing.add_argument(
        "--candidates", type=positive, default=500, help="seeds to try for each; default: 500"
    )
    guessing.set_defaults(command=_evaluate_guessing)


def _evaluate_guessing(parsed: argparse.Namespace) -> None:
    from gait_demo.anonymization.anonymizer import load
    from gait_demo.datasets.casia import CasiaB
    from gait_demo.evaluation.baselines import from_seed, keyed, made_by
    from gait_demo.evaluation.guessing import evaluate_guessing
    from gait_demo.evaluation.markdown import markdown
    from gait_demo.evaluation.secret import repeatable_secret
    from gait_demo.weights import find

    anet = load("anet", find("anet", parsed.anet).path)
    noises = {"the seed": from_seed, "secret and seed": keyed(repeatable_secret(0))}
    methods = {name: made_by(anet, noise) for name, noise in noises.items()}
    rows = [
        [name, *evaluate_guessing(
            CasiaB(parsed.data), method, methods["the seed"], parsed.walks, parsed.candidates,
            progress(),
        ).values()]
        for name, method in methods.items()
    ]  # fmt: skip
    print(markdown(["noise comes of", "right seed first", "by chance", "median rank"], rows))
