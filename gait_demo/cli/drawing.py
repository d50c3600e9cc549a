"""`evaluate drawing`: how natural the walkers drawn into real clips look."""

from __future__ import annotations

import argparse
from pathlib import Path

from gait_demo.cli.common import options_from, positive, progress, seconds, seed, write_json


def add(evaluations: argparse._SubParsersAction) -> None:
    drawing = evaluations.add_parser(
        "drawing", help="compare drawn walkers with the originals; prints a table"
    )
    drawing.add_argument("--clips", type=Path, nargs="+", required=True, help="videos")
    drawing.add_argument(
        "--seconds", type=seconds, help="process at most so many seconds of each; default: 6"
    )
    drawing.add_argument("--every", type=positive, help="judge every so many frames; default: 5")
    drawing.add_argument("--seed", type=seed)
    drawing.add_argument(
        "--out", type=Path, metavar="FILE.json", help="also write the figures to this file"
    )
    drawing.set_defaults(command=_evaluate_drawing)


def _evaluate_drawing(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.drawing import DrawingOptions, evaluate_drawing, table

    report = evaluate_drawing(options_from(parsed, DrawingOptions), progress())
    print(table(report))
    if parsed.out:
        write_json(parsed.out, report)
