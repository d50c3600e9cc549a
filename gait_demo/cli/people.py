"""`evaluate people`: how well people are found, hidden and followed, on labelled frames."""

from __future__ import annotations

import argparse
from pathlib import Path

from gait_demo.cli.common import progress, write_json


def add(evaluations: argparse._SubParsersAction) -> None:
    people = evaluations.add_parser(
        "people",
        help="measure how people are found, hidden and followed, on labelled frames; prints a "
        "table",
    )
    people.add_argument("--labels", type=Path, help="JSON file; default: the project's own labels")
    people.add_argument("--data", type=Path, required=True, help="folder of the labelled clips")
    people.add_argument(
        "--out", type=Path, metavar="FILE.json", help="also write the figures to this file"
    )
    people.add_argument(
        "--sheets", type=Path, metavar="DIR", help="also write a PNG of each clip to this folder"
    )
    people.set_defaults(command=_evaluate_people)


def _evaluate_people(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.people import evaluate_people, table

    report = evaluate_people(parsed.data, parsed.labels, parsed.sheets, progress())
    print(table(report))
    if parsed.out:
        write_json(parsed.out, report)
