"""Making a study from existing clips."""

from __future__ import annotations

import csv
from pathlib import Path

from gait_demo.errors import StudyError
from gait_demo.mos.assembly import Assembly
from gait_demo.mos.plan import StudyPlan
from gait_demo.mos.study import Clip, Study
from gait_demo.video import probe, read_frames


def import_clips(table: Path, plan: StudyPlan) -> Study:
    """Makes a study from existing clips, which are encoded again like the project's own, without
    sound.

    Args:
        table: CSV with the columns `file` (relative to the table) and, as far as known, `role`,
            `method`, `view`, `subset`, `person`, `seed` and `expected` (such as "4 5").
        plan: settings of the study; views, walkers and methods are ignored.

    Raises:
        StudyError: the table cannot be read, or the folder already holds a study.
        VideoError: a clip cannot be read.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"{table} cannot be read as CSV: {error}.") from error
    assembly = Assembly(plan)
    for number, row in enumerate(rows, start=2):
        try:
            source = table.parent / row.pop("file")
            labels = Clip("-.mp4", 1, 1, 1, **_labels(row))
        except (KeyError, TypeError, ValueError) as error:
            raise StudyError(f"{table}, line {number}, is malformed: {error}.") from error
        info = probe(source)
        with assembly.writer(info.width, info.height, info.fps) as writer:
            for frame in read_frames(source):
                writer.write(frame.rgb, frame.time)
        assembly.add([assembly.label(labels)])
    return assembly.finish()


def _labels(row: dict[str, str]) -> dict:
    given = {name: text for name, text in row.items() if name is not None and text}
    for name in ("view", "subset", "seed"):
        if name in given:
            given[name] = int(given[name])
    expected = tuple(int(answer) for answer in given.pop("expected", "").split())
    return given | {"expected": expected}
