"""`evaluate people`: how well people are found, hidden and followed, on labelled frames."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gait_demo.cli.common import progress, write_json, write_picture

if TYPE_CHECKING:
    from gait_demo.evaluation.people import Analysis, RenderedFrame, Run
    from gait_demo.evaluation.people_labels import LabelledClip
    from gait_demo.options import VideoOptions
    from gait_demo.pipeline import Models

_SEED = 0


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
    from gait_demo.evaluation.people import measure_people, table
    from gait_demo.evaluation.people_labels import LABELS, read_labels
    from gait_demo.pipeline import Models

    labels, models = read_labels(parsed.labels or LABELS), Models.load()
    if parsed.sheets:
        parsed.sheets.mkdir(parents=True, exist_ok=True)
    measure = partial(_measured, run=partial(_run, models), sheets=parsed.sheets)
    report = measure_people(labels, parsed.data, measure, progress())
    print(table(report))
    if parsed.out:
        write_json(parsed.out, report)


def _run(
    models: Models, video: Path, part: VideoOptions, folder: Path
) -> tuple[Analysis, Iterator[RenderedFrame]]:
    from gait_demo.evaluation.secret import repeatable_secret
    from gait_demo.options import AnonymizeOptions, Options
    from gait_demo.pipeline import Pipeline

    noise = AnonymizeOptions(secret=repeatable_secret(0))
    pipeline = Pipeline(models, Options(video=part, anonymize=noise))
    analysis = pipeline.analyse(video, folder)
    return analysis, pipeline.render_frames(analysis, _SEED)


def _measured(video: Path, labelled: LabelledClip, run: Run, sheets: Path | None) -> dict:
    from gait_demo.evaluation.people import measure_clip
    from gait_demo.evaluation.people_sheets import column, sheet

    columns = []
    show = (lambda *frame: columns.append(column(*frame))) if sheets else None
    figures = measure_clip(video, labelled, run, show)
    if columns:
        write_picture(sheets / f"{Path(labelled.clip).stem}.png", sheet(columns))
    return figures
