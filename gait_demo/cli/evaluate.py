"""`evaluate`: figures about people, silhouettes, walkers and the detector."""

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
from gait_demo.cli.common import listed, positive, progress, write_picture
from gait_demo.errors import GaitDemoError
from gait_demo.types import SilhouetteClip

if TYPE_CHECKING:
    from gait_demo.people.person import Person
    from gait_demo.people.yolo import Detector


def add(commands: argparse._SubParsersAction) -> None:
    evaluate = commands.add_parser("evaluate", help="measure people, silhouettes and walkers")
    what = evaluate.add_subparsers(
        required=True,
        metavar="identity|quality|realism|privacy|kth|rgb|detector|people|drawing|colour|inpainting",
    )
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
    privacy.add(what)
    reidentification.add(what)
    detector = what.add_parser("detector", help="how people are found; prints a table")
    detector.add_argument("--weights", type=Path, help="of a YOLO that segments; default: ours")
    detector.add_argument("--photos", type=Path, help="of people: img/*.jpg and mask/*.png")
    detector.add_argument("--crowds", type=Path, help="of synthesize crowds")
    detector.add_argument("--empty", type=Path, help="photos without people")
    detector.add_argument("--clips", type=Path, help="videos; they need --references")
    detector.add_argument("--references", type=Path, help="networks to compare with on clips")
    detector.add_argument("--frames", type=positive, default=60, help="of each clip, at most")
    detector.add_argument("--sizes", type=listed(int), default=(320, 640), help="such as 320,640")
    detector.add_argument("--score", type=float, default=0.25, help="of a detection, at least")
    detector.add_argument("--threads", type=positive, default=2, help="of torch")
    detector.add_argument("--json", type=Path, metavar="FILE", help="for the figures as well")
    detector.set_defaults(command=_evaluate_detector)
    people.add(what)
    colour.add(what)
    drawing.add(what)
    inpainting = what.add_parser("inpainting", help="how holes are filled; prints a table")
    inpainting.add_argument("--images", type=Path, required=True, help="photos without people")
    inpainting.add_argument("--masks", type=Path, required=True, help="of people, 255 on them")
    inpainting.add_argument("--count", type=positive, default=40, help="of holes")
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
        try:
            parsed.json.write_text(json.dumps(report, indent=2))
        except OSError as error:
            raise GaitDemoError(f"{parsed.json} cannot be written: {error.strerror}.") from error


def _evaluate_inpainting(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.inpainting import holes, measure, methods, table

    show, rows, fills = progress(), {}, methods()
    cases = holes(parsed.images, parsed.masks, parsed.count)
    for done, (name, fill) in enumerate(fills.items()):
        show(name, done, len(fills))
        rows[name] = measure(cases, fill)
    print(table(rows))


def _silhouettes(detector: Detector, video: Path) -> list[SilhouetteClip]:
    """Of everyone in a video, without the frames in which somebody was lost."""
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
    """Everyone whom a run would follow, if this detector proposed them."""
    from gait_demo.options import Options
    from gait_demo.people.landmark_segmenter import LandmarkSegmenter
    from gait_demo.pipeline.analysis import Analyser
    from gait_demo.weights import find

    files = (find(name).path for name in ("pose_landmark", "pose_detection"))
    segmenter = LandmarkSegmenter(*files, detector)
    with TemporaryDirectory() as folder:
        silent = lambda stage, done, total: None  # noqa: E731
        return Analyser(video, segmenter, Options(), silent).run(Path(folder)).people
