"""`evaluate`: measurements of privacy, silhouettes, drawing and detection."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from gait_demo.cli import colour, drawing, guessing, people, privacy, reidentification
from gait_demo.cli.common import listed, options_from, positive, progress, write_json


def add(commands: argparse._SubParsersAction) -> None:
    evaluate = commands.add_parser(
        "evaluate", help="measure privacy, silhouettes, drawing and detection"
    )
    what = evaluate.add_subparsers(
        required=True,
        metavar="identity|quality|realism|privacy|guessing|kth|rgb|detector|people|drawing|colour|inpainting",
    )
    identity = what.add_parser("identity", help="recognise walkers by the nearest GEI; prints JSON")
    identity.add_argument("--data", type=Path, required=True, help="CASIA-B, or data in its format")
    identity.set_defaults(command=_evaluate_identity)
    quality = what.add_parser("quality", help="rate the quality of silhouettes; prints JSON")
    quality.add_argument("--data", type=Path, required=True, help="CASIA-B, or data in its format")
    quality.set_defaults(command=_evaluate_quality)
    realism = what.add_parser(
        "realism", help="how well synthetic silhouettes are told from real ones; prints JSON"
    )
    realism.add_argument(
        "--data", type=Path, required=True, help="folder made by synthesize casia --rgb"
    )
    realism.add_argument(
        "--real", type=Path, required=True, help="folder of real videos, PERSON_SESSION.mp4"
    )
    realism.add_argument("--skip", help="leave out real videos whose names contain this text")
    realism.add_argument(
        "--colour", action="store_true", help="keep the colours of the synthetic videos"
    )
    realism.add_argument("--picture", type=Path, help="write a PNG that shows the differences")
    realism.set_defaults(command=_evaluate_realism)
    privacy.add(what)
    guessing.add(what)
    reidentification.add(what)
    detector = what.add_parser("detector", help="measure the person detector; prints a table")
    detector.add_argument(
        "--weights", type=Path, help="a YOLO with masks; default: the project's own"
    )
    detector.add_argument("--photos", type=Path, help="photos of people: img/*.jpg and mask/*.png")
    detector.add_argument("--crowds", type=Path, help="folder made by synthesize crowds")
    detector.add_argument("--empty", type=Path, help="photos without people")
    detector.add_argument("--clips", type=Path, help="videos; need --references")
    detector.add_argument("--references", type=Path, help="networks to compare with on the clips")
    detector.add_argument("--frames", type=positive, help="maximum frames per clip; default: 60")
    detector.add_argument(
        "--sizes",
        type=listed(int),
        help="longest side in pixels that the network sees, such as 320,640",
    )
    detector.add_argument("--score", type=float, help="minimum score of a detection; default: 0.25")
    detector.add_argument("--threads", type=positive, help="threads of torch; default: 2")
    detector.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the figures to this file"
    )
    detector.set_defaults(command=_evaluate_detector)
    people.add(what)
    colour.add(what)
    drawing.add(what)
    inpainting = what.add_parser("inpainting", help="measure the inpainting; prints a table")
    inpainting.add_argument("--images", type=Path, required=True, help="photos without people")
    inpainting.add_argument(
        "--masks", type=Path, required=True, help="masks of people, 255 where they are"
    )
    inpainting.add_argument("--count", type=positive, default=40, help="number of holes")
    inpainting.set_defaults(command=_evaluate_inpainting)


def _evaluate_identity(parsed: argparse.Namespace) -> None:
    from gait_demo.datasets.casia import CasiaB
    from gait_demo.evaluation.identity import identity_report, read_geis

    geis = read_geis(CasiaB(parsed.data), progress())
    for problem in geis.problems:
        print(problem, file=sys.stderr)
    print(json.dumps(identity_report(geis)))


def _evaluate_quality(parsed: argparse.Namespace) -> None:
    from gait_demo.datasets.casia import CasiaB
    from gait_demo.evaluation.quality import quality_report, rate

    rated, problems = rate(CasiaB(parsed.data), progress())
    for problem in problems:
        print(problem, file=sys.stderr)
    print(json.dumps(quality_report(rated)))


def _evaluate_realism(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.realism import evaluate_realism
    from gait_demo.imaging.png import write_png

    report, picture = evaluate_realism(
        parsed.data, parsed.real, parsed.skip, parsed.colour, progress()
    )
    print(json.dumps(report))
    if parsed.picture:
        write_png(parsed.picture, picture)


def _evaluate_detector(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.detection import table
    from gait_demo.evaluation.detector import DetectorOptions, evaluate_detector

    report, problems = evaluate_detector(options_from(parsed, DetectorOptions), progress())
    for problem in problems:
        print(problem, file=sys.stderr)
    print(table(report))
    if parsed.json:
        write_json(parsed.json, report)


def _evaluate_inpainting(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.inpainting import evaluate_inpainting, table

    print(table(evaluate_inpainting(parsed.images, parsed.masks, parsed.count, progress())))
