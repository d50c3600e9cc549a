"""`evaluate kth|rgb`: how many walkers are re-identified in another video, before and after
anonymization."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gait_demo.cli.common import (
    add_readme,
    add_weights,
    chosen_weights,
    listed,
    progress,
    put_into_readme,
    write_json,
)
from gait_demo.errors import GaitDemoError
from gait_demo.options import (
    COLOURS,
    AnonymizeOptions,
    ColorizeOptions,
    Options,
    PeopleOptions,
)

if TYPE_CHECKING:
    import numpy as np

    from gait_demo.evaluation.joint_walks import JointWalk
    from gait_demo.evaluation.reidentification import Clip


def add(what: argparse._SubParsersAction) -> None:
    kth = what.add_parser("kth", help="re-identify real people in KTH's videos")
    kth.add_argument("--data", type=Path, required=True, help="folder of KTH's walking videos")
    kth.add_argument("--skip", help="leave out videos whose names contain this text")
    kth.set_defaults(command=_kth)
    rgb = what.add_parser("rgb", help="re-identify walkers in CASIA-B's videos")
    rgb.add_argument(
        "--data", type=Path, required=True, help="CASIA-B, or data in its format, with videos"
    )
    rgb.set_defaults(command=_rgb)
    for parser, section in ((kth, "kth"), (rgb, "rgb")):
        add_weights(parser, ("anet",))
        add_readme(parser, section)
        parser.add_argument("--out", type=Path, metavar="FILE", help="all figures as JSON")
        parser.add_argument(
            "--colours",
            type=listed(str),
            default=("sharp", "plain"),
            help="colours of the results to measure, of sharp, paper and plain",
        )
        parser.add_argument(
            "--segment", action="store_true", help="also cut people out by the detector's masks"
        )


def _kth(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.reidentification import kth_clips

    _reidentify(kth_clips(parsed.data, parsed.skip), "session", parsed)


def _rgb(parsed: argparse.Namespace) -> None:
    from gait_demo.datasets.casia import CasiaB
    from gait_demo.evaluation.reidentification import casia_clips

    _reidentify(casia_clips(CasiaB(parsed.data)), "view", parsed)


def _reidentify(clips: list[Clip], group: str, parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.joint_walks import joint_walks
    from gait_demo.evaluation.reidentification import SILHOUETTES, reidentify, table
    from gait_demo.evaluation.secret import repeatable_secret
    from gait_demo.pipeline import Models, Pipeline

    if unknown := set(parsed.colours) - set(COLOURS):
        raise GaitDemoError(
            f"There is no colour {', '.join(sorted(unknown))}; choose from: {', '.join(COLOURS)}."
        )
    put_into_readme(parsed)  # fails before any work
    models = Models.load(chosen_weights(parsed, ("anet",)))
    noise = AnonymizeOptions(secret=repeatable_secret(0))
    pipelines = {
        colour: Pipeline(models, Options(anonymize=noise, colorize=ColorizeOptions(colour)))
        for colour in parsed.colours
    }

    def anonymize(video: Path, folder: Path, seed: int) -> dict[str, Path]:
        first, videos = next(iter(pipelines.values())), {}
        analysis = first.analyse(video, folder / "analysis")
        for colour, pipeline in pipelines.items():
            result = pipeline.render(analysis, folder / colour, seed)
            videos |= {SILHOUETTES: result.binary, colour: result.colorized}
        return videos

    def segment(rgb: np.ndarray) -> np.ndarray:
        masks = models.detector(rgb, PeopleOptions().detector_px).masks
        return masks.max(axis=0, initial=0)

    def read_joints(video: Path) -> list[JointWalk]:
        return joint_walks(video, models.segmenter)

    by_masks = segment if parsed.segment else None
    report = reidentify(clips, anonymize, group, progress(), by_masks, read_joints)
    if parsed.out:
        write_json(parsed.out, report)
    print(table(report))
    put_into_readme(parsed, table(report))
