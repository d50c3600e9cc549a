"""`evaluate`: measurements of privacy, silhouettes, drawing and detection."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gait_demo.cli import colour, drawing, people, privacy, reidentification
from gait_demo.cli.common import listed, positive, progress, write_json, write_picture
from gait_demo.errors import GaitDemoError
from gait_demo.types import SilhouetteClip

if TYPE_CHECKING:
    from gait_demo.people.person import Person
    from gait_demo.people.yolo import Detector


def add(commands: argparse._SubParsersAction) -> None:
    evaluate = commands.add_parser(
        "evaluate", help="measure privacy, silhouettes, drawing and detection"
    )
    what = evaluate.add_subparsers(
        required=True,
        metavar="identity|quality|realism|privacy|kth|rgb|detector|people|drawing|colour|inpainting",
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
    detector.add_argument("--frames", type=positive, default=60, help="maximum frames per clip")
    detector.add_argument(
        "--sizes",
        type=listed(int),
        default=(320, 640),
        help="longest side in pixels that the network sees, such as 320,640",
    )
    detector.add_argument("--score", type=float, default=0.25, help="minimum score of a detection")
    detector.add_argument("--threads", type=positive, default=2, help="threads of torch")
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
    from gait_demo.datasets.casia import CasiaB
    from gait_demo.evaluation.realism import realism_report
    from gait_demo.evaluation.walks import read_made, read_real
    from gait_demo.people.yolo import Detector
    from gait_demo.weights import find

    data, show = CasiaB(parsed.data), progress()
    silhouettes = partial(_silhouettes, Detector.load(find("yolo").path))
    real, size = read_real(parsed.real, silhouettes, parsed.skip, show)
    seen, drawn = read_made(data, silhouettes, real.heights, size, parsed.colour, show)
    report, picture = realism_report(real, seen, drawn, show)
    print(json.dumps(report))
    if parsed.picture:
        write_picture(parsed.picture, picture)


def _evaluate_detector(parsed: argparse.Namespace) -> None:
    import torch

    from gait_demo.evaluation import detection
    from gait_demo.evaluation.clips import measure_clip, measure_clips
    from gait_demo.evaluation.references import References
    from gait_demo.people.yolo import Detector
    from gait_demo.silhouettes.crops import boxes_around
    from gait_demo.weights import CHECKPOINTS

    if bool(parsed.clips) != bool(parsed.references):
        raise GaitDemoError("--clips and --references belong together: give both.")
    torch.set_num_threads(parsed.threads)
    weights = parsed.weights or CHECKPOINTS / "yolo.safetensors"
    detector, show = Detector.load(weights), progress()
    kinds = {
        "photos": detection.held_out_photos,
        "crowds": detection.crowds,
        "empty": detection.empty_places,
    }
    folders = {kind: getattr(parsed, kind) for kind in kinds}
    pictures, clips, problems = {}, {}, []
    for kind, folder in folders.items():
        if folder:
            show(kind, 0, 0)
            pictures[kind] = detection.measure_pictures(
                kinds[kind](folder),
                detector,
                parsed.sizes,
                parsed.score,
                everybody=kind != "photos",
            )
    if parsed.clips:
        measure = partial(
            measure_clip,
            detector=detector,
            references=References.load(parsed.references),
            tracks_of=lambda video: [
                replace(person.track, xyxy=boxes_around(person.silhouettes), found=person.seen)
                for person in _people(detector, video)
            ],
            sizes=parsed.sizes,
            score=parsed.score,
            most_frames=parsed.frames,
        )
        clips, problems = measure_clips(parsed.clips, measure, show)
    for problem in problems:
        print(problem, file=sys.stderr)
    parts = folders | {"clips": parsed.clips}
    report = {
        "weights": weights.name,
        "score": parsed.score,
        "sizes": parsed.sizes,
        "machine": detection.machine(),
        "pictures": pictures,
        "clips": clips,
        "absent": [f"--{name}" for name, folder in parts.items() if not folder],
    }
    print(detection.table(report))
    if parsed.json:
        write_json(parsed.json, report)


def _evaluate_inpainting(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.inpainting import holes, measure, methods, table

    show, rows, fills = progress(), {}, methods()
    cases = holes(parsed.images, parsed.masks, parsed.count)
    for done, (name, fill) in enumerate(fills.items()):
        show(name, done, len(fills))
        rows[name] = measure(cases, fill)
    print(table(rows))


def _silhouettes(detector: Detector, video: Path) -> list[SilhouetteClip]:
    """The silhouettes of all people in a video, without frames in which they are not seen."""
    clips = [(person.silhouettes, person.seen) for person in _people(detector, video)]
    return [
        replace(
            clip,
            masks=clip.masks[seen],
            squares=clip.squares[seen],
            joints=None if clip.joints is None else clip.joints[seen],
        )
        for clip, seen in clips
    ]


def _people(detector: Detector, video: Path) -> tuple[Person, ...]:
    """The people that a run with this detector finds in a video."""
    from gait_demo.options import Options
    from gait_demo.people.landmark_segmenter import LandmarkSegmenter
    from gait_demo.pipeline.analysis import Analyser
    from gait_demo.weights import find

    files = (find(name).path for name in ("pose_landmark", "pose_detection"))
    segmenter = LandmarkSegmenter(*files, detector)
    with TemporaryDirectory() as folder:
        silent = lambda stage, done, total: None  # noqa: E731
        return Analyser(video, segmenter, Options(), silent).run(Path(folder)).people
