"""`evaluate drawing`: how natural the walkers drawn into real clips look."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gait_demo.cli.common import positive, progress, seconds, seed, write_json
from gait_demo.errors import GaitDemoError

if TYPE_CHECKING:
    from gait_demo.people.landmarks import LandmarkNetwork
    from gait_demo.pipeline import Pipeline


def add(evaluations: argparse._SubParsersAction) -> None:
    drawing = evaluations.add_parser(
        "drawing", help="compare drawn walkers with the originals; prints a table"
    )
    drawing.add_argument("--clips", type=Path, nargs="+", required=True, help="videos")
    drawing.add_argument(
        "--seconds", type=seconds, default=6.0, help="process at most so many seconds of each"
    )
    drawing.add_argument("--every", type=positive, default=5, help="judge every so many frames")
    drawing.add_argument("--seed", type=seed, default=1)
    drawing.add_argument(
        "--out", type=Path, metavar="FILE.json", help="also write the figures to this file"
    )
    drawing.set_defaults(command=_evaluate_drawing)


def _evaluate_drawing(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.drawing import table
    from gait_demo.evaluation.secret import repeatable_secret
    from gait_demo.options import AnonymizeOptions, Options, VideoOptions
    from gait_demo.people.landmarks import LandmarkNetwork
    from gait_demo.pipeline import Models, Pipeline
    from gait_demo.weights import find

    options = Options(
        video=VideoOptions(end_s=parsed.seconds),
        anonymize=AnonymizeOptions(secret=repeatable_secret(0)),
    )
    pipeline = Pipeline(Models.load(), options)
    network = LandmarkNetwork(find("pose_landmark").path)
    report, show = {}, progress()
    for done, clip in enumerate(parsed.clips):
        show("drawing", done, len(parsed.clips))
        figures = _figures(clip, pipeline, network, parsed.seed, parsed.every)
        if figures is not None:
            report[clip.stem] = figures
    if not report:
        raise GaitDemoError("Nobody in these clips can be given another gait; use other clips.")
    print(table(report))
    if parsed.out:
        write_json(parsed.out, report)


def _figures(
    clip: Path, pipeline: Pipeline, network: LandmarkNetwork, number: int, every: int
) -> dict[str, float] | None:
    """Figures for the most prominent person of a clip; None if they get no new gait."""
    import numpy as np

    from gait_demo.evaluation.drawing import angle_difference, ratios, seen, slides
    from gait_demo.rendering.ground import standing_feet

    with TemporaryDirectory() as folder:
        analysis = pipeline.analyse(clip, Path(folder))
        originals = {frame.index: frame.rgb for frame in analysis.frames()
                     if frame.index % every == 0}  # fmt: skip
        gaits = [pipeline.gaits(analysis, each) for each in (number, number + 1)]
        person, gait = gaits[0][0].person, gaits[0][0].clip
        if gait.joints is None or not person.walks:
            return None
        pairs = []
        for new in pipeline.compose(analysis, number):
            position = person.position(new.frame.index)
            if new.frame.index not in originals or position is None:
                continue
            if not person.well[position] or person.keeps_pose[position]:
                continue
            drawn = (originals[new.frame.index], person.silhouettes), (new.colorized, gait)
            both = [seen(rgb, clip.squares[position], network) for rgb, clip in drawn]
            if None not in both:
                pairs.append(tuple(both))
    if not pairs:
        return None
    figures = ratios(pairs)
    apart = angle_difference(gait, gaits[1][0].clip)
    figures["seeds_degrees"] = max(apart.values())
    stances = slides(gait, standing_feet(person.silhouettes, float(analysis.info.fps)))
    if stances:
        figures["slide_percent"] = 100 * float(np.mean(stances))
    return figures
