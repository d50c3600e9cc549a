"""`evaluate`: figures about people, silhouettes and walkers, printed as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from gait_demo.commands.common import progress, write_picture
from gait_demo.structures import SilhouetteClip


def add(commands: argparse._SubParsersAction) -> None:
    evaluate = commands.add_parser("evaluate", help="measure people, silhouettes and walkers")
    what = evaluate.add_subparsers(required=True, metavar="identity|quality|realism")
    identity = what.add_parser("identity", help="nearest neighbour of raw GEIs; prints JSON")
    identity.add_argument("--data", type=Path, required=True, help="CASIA-B or a copy of its kind")
    identity.set_defaults(command=_evaluate_identity)
    quality = what.add_parser("quality", help="how good the silhouettes are; prints JSON")
    quality.add_argument("--data", type=Path, required=True, help="CASIA-B or a copy of its kind")
    quality.set_defaults(command=_evaluate_quality)
    realism = what.add_parser("realism", help="tell made silhouettes from real; prints JSON")
    realism.add_argument("--data", type=Path, required=True, help="of synthesize casia --rgb")
    realism.add_argument("--real", type=Path, required=True, help="videos, PERSON_SESSION.mp4")
    realism.add_argument("--skip", help="real videos whose names hold this are passed over")
    realism.add_argument("--colour", action="store_true", help="made videos keep their colours")
    realism.add_argument("--picture", type=Path, help="a PNG that shows how they differ")
    realism.set_defaults(command=_evaluate_realism)


def _evaluate_identity(parsed: argparse.Namespace) -> None:
    from gait_demo.casia import CasiaB
    from gait_demo.evaluation.identity import identity_report, read_geis

    geis = read_geis(CasiaB(parsed.data), progress())
    for problem in geis.problems:
        print(problem, file=sys.stderr)
    print(json.dumps(identity_report(geis)))


def _evaluate_quality(parsed: argparse.Namespace) -> None:
    from gait_demo.casia import CasiaB
    from gait_demo.evaluation.quality import quality_report, rate

    rated, problems = rate(CasiaB(parsed.data), progress())
    for problem in problems:
        print(problem, file=sys.stderr)
    print(json.dumps(quality_report(rated)))


def _evaluate_realism(parsed: argparse.Namespace) -> None:
    from gait_demo.casia import CasiaB
    from gait_demo.evaluation.realism import realism_report
    from gait_demo.evaluation.walks import read_made, read_real

    data, show = CasiaB(parsed.data), progress()
    real, size = read_real(parsed.real, _silhouettes, parsed.skip, show)
    seen, drawn = read_made(data, _silhouettes, real.heights, size, parsed.colour, show)
    report, picture = realism_report(real, seen, drawn, show)
    print(json.dumps(report))
    if parsed.picture:
        write_picture(parsed.picture, picture)


def _silhouettes(video: Path) -> list[SilhouetteClip]:
    """Of everyone in a video, without the frames in which somebody was lost."""
    from gait_demo.config import PipelineOptions
    from gait_demo.pipeline.analysis import Analyser

    with TemporaryDirectory() as folder:
        analyser = Analyser(video, PipelineOptions(), lambda stage, done, total: None)
        people = analyser.run(Path(folder), yolo=None).people
    clips = [(person.silhouettes, ~person.held) for person in people]
    return [replace(c, masks=c.masks[seen], squares=c.squares[seen]) for c, seen in clips]
