"""`study`: makes the clips of a rating study, and evaluates the votes."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from gait_demo.cli.common import (
    add_weights,
    chosen_weights,
    listed,
    positive,
    progress,
    seed,
    write_json,
)
from gait_demo.errors import StudyError

ST_GAN = "ST-GAN"
_WEIGHTS = ("anet", "stgan", "cnet", "yolo")


def add(commands: argparse._SubParsersAction) -> None:
    study = commands.add_parser(
        "study", help="make a study in which people rate naturalness; evaluate its votes"
    )
    what = study.add_subparsers(required=True, metavar="build|stats|export")
    build = what.add_parser("build", help="make the clips of a study")
    build.add_argument("--out", type=Path, required=True, help="folder for the study")
    build.add_argument("--preset", choices=("small", "paper"), default="small")
    build.add_argument("--data", type=Path, help="CASIA-B with videos; default: synthetic walkers")
    build.add_argument(
        "--clips", type=Path, metavar="CSV", help="use the clips listed here, instead of making any"
    )
    build.add_argument("--views", type=listed(int), help="degrees, such as 0,54,90")
    build.add_argument("--walkers", type=positive, help="walkers for each view")
    build.add_argument("--per-rater", type=positive, help="clips that each rater rates")
    build.add_argument("--raters", type=positive, help="number of raters wanted")
    build.add_argument("--name", help="name of the study")
    build.add_argument(
        "--seed", type=seed, default=0, help="selects the walks and the order of the clips"
    )
    add_weights(build, _WEIGHTS)
    build.set_defaults(command=_build)
    stats = what.add_parser("stats", help="compute mean opinion scores; prints a table")
    _add_where(stats)
    stats.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file")
    stats.set_defaults(command=_stats)
    export = what.add_parser("export", help="write the votes for other programs")
    _add_where(export)
    export.add_argument("--out", type=Path, required=True, help="folder for votes.csv, sureal.json")
    export.set_defaults(command=_export)


def _add_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--study", type=Path, help="folder of the study; default: GAIT_DEMO_STUDY, or the app's own"
    )
    parser.add_argument(
        "--db", help="file or URL of the votes; default: GAIT_DEMO_MOS_DB, or the app's own"
    )


def _build(parsed: argparse.Namespace) -> None:
    from gait_demo.mos.build import build_study
    from gait_demo.mos.importing import import_clips
    from gait_demo.mos.plan import StudyPlan

    names = ("out", "views", "walkers", "per_rater", "raters", "name", "seed")
    given = {name: getattr(parsed, name) for name in names if getattr(parsed, name) is not None}
    plan = (StudyPlan.paper if parsed.preset == "paper" else StudyPlan)(**given)
    if parsed.clips:
        study = import_clips(parsed.clips, plan)
    else:
        study, problems = build_study(*_walks(parsed, plan), progress())
        for problem in problems:
            print(problem, file=sys.stderr)
    print(
        f"{parsed.out}: {len(study.of_role('rated'))} clips to rate, {study.per_rater} by each of "
        f"{study.raters} raters, {len(study.of_role('gold'))} gold items and "
        f"{len(study.of_role('training'))} for training, id {study.id}"
    )


def _walks(parsed: argparse.Namespace, plan):
    """The plan with its methods, and the function that opens their footage."""
    from gait_demo.evaluation.secret import repeatable_secret
    from gait_demo.mos.footage import footage_of, from_casia, synthetic
    from gait_demo.pipeline import Models

    models = Models.load(chosen_weights(parsed, _WEIGHTS))
    used = dict.fromkeys((*models.weights("anet"), *models.weights("stgan")))
    made_with = {
        "walks": f"CASIA-B, {parsed.data.name}" if parsed.data else "synthetic",
        "weights": {file.name: file.sha256 for file in used},
    }
    film = from_casia(parsed.data) if parsed.data else synthetic(plan.seed)
    plan = replace(plan, methods=("ours", ST_GAN), made_with=made_with)
    secret = None if parsed.data else repeatable_secret(plan.seed)  # real people: drawn fresh
    return plan, footage_of(models, {ST_GAN: "stgan"}, film, secret)


def _stats(parsed: argparse.Namespace) -> None:
    from gait_demo.mos.results import results, table

    study, votes = _votes(parsed)
    report = results(study, votes)
    if parsed.json:
        write_json(parsed.json, report)
    print(table(report))


def _export(parsed: argparse.Namespace) -> None:
    from gait_demo.mos.export import EXPORTS

    study, votes = _votes(parsed)
    content = {name: write(study, votes) for name, write in EXPORTS.items()}
    parsed.out.mkdir(parents=True, exist_ok=True)
    for name, text in content.items():
        (parsed.out / name).write_text(text)
        print(parsed.out / name)


def _votes(parsed: argparse.Namespace):
    from gait_demo.mos.database import Database
    from gait_demo.mos.settings import StudySettings
    from gait_demo.mos.store import Store
    from gait_demo.mos.study import Study

    settings = StudySettings.read(os.environ)
    study = Study.load(parsed.study or settings.study)
    where = parsed.db or settings.database
    if "://" not in where and not Path(where).is_file():
        raise StudyError(f"There are no votes in {where}: give their file or database with --db.")
    return study, Store(study, Database(where)).votes()
