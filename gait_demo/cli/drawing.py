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
        gait, other = (pipeline.gaits(analysis, seed)[0] for seed in (number, number + 1))
        person, first = gait.person, gait.person.track.first_frame
        if gait.clip.joints is None or not person.walks:
            return None
        # the frames of the new walk, and those of the old one that show the same moments
        pairs_of = {
            int(frame): (n, int(source))
            for n, (frame, source) in enumerate(zip(gait.frames, gait.sources, strict=True))
            if frame % every == 0 and person.well_seen[source] and not person.keeps_pose[source]
        }
        wanted = {first + source for _, source in pairs_of.values()}
        originals = {frame.index: frame.rgb for frame in analysis.frames() if frame.index in wanted}
        pairs = []
        for new in pipeline.render_frames(analysis, number):
            if new.frame.index not in pairs_of:
                continue
            n, source = pairs_of[new.frame.index]
            old_square, new_square = person.silhouettes.squares[source], gait.clip.squares[n]
            both = (
                seen(originals[first + source], old_square, network),
                seen(new.colorized, new_square, network),
            )
            if None not in both:
                pairs.append(both)
    if not pairs:
        return None
    figures = ratios(pairs)
    apart = angle_difference(gait.in_step, other.in_step)
    figures["seeds_degrees"] = max(apart.values())
    standing = standing_feet(person.silhouettes, float(analysis.info.fps))
    stances = slides(gait.clip, standing[gait.sources])
    if stances:
        figures["slide_percent"] = 100 * float(np.mean(stances))
    return figures
