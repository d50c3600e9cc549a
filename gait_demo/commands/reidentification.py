"""`evaluate kth|rgb`: whether walkers are re-identified, from video to video."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gait_demo.commands.common import progress
from gait_demo.config import COLOURS, ColorizeOptions, PipelineOptions

if TYPE_CHECKING:
    from gait_demo.evaluation.reidentification import Clip


def add(what: argparse._SubParsersAction) -> None:
    kth = what.add_parser("kth", help="re-identify real people, end to end; prints JSON")
    kth.add_argument("--data", type=Path, required=True, help="KTH's walking videos")
    kth.add_argument("--skip", help="videos whose names hold this are passed over")
    kth.set_defaults(command=_kth)
    rgb = what.add_parser("rgb", help="re-identify walkers, end to end; prints JSON")
    rgb.add_argument("--data", type=Path, required=True, help="CASIA-B or a copy, with videos")
    rgb.set_defaults(command=_rgb)
    default = ColorizeOptions()
    for parser in (kth, rgb):
        parser.add_argument("--anet", type=Path, metavar="FILE", help="weights of anet")
        parser.add_argument("--colour", choices=COLOURS, default=default.colour)


def _kth(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.reidentification import kth_clips

    _reidentify(kth_clips(parsed.data, parsed.skip), "session", parsed)


def _rgb(parsed: argparse.Namespace) -> None:
    from gait_demo.casia import CasiaB
    from gait_demo.evaluation.reidentification import casia_clips

    _reidentify(casia_clips(CasiaB(parsed.data)), "view", parsed)


def _reidentify(clips: list[Clip], group: str, parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.reidentification import reidentify
    from gait_demo.pipeline import Models, Pipeline

    options = PipelineOptions(colorize=ColorizeOptions(colour=parsed.colour))
    pipeline = Pipeline(Models.load(anet=parsed.anet), options)

    def anonymize(video: Path, folder: Path, seed: int) -> dict[str, Path]:
        analysis = pipeline.analyse(video, folder / "analysis")
        result = pipeline.render(analysis, folder / "result", seed)
        return {"silhouettes": result.binary, "colorized": result.colorized}

    print(json.dumps(reidentify(clips, anonymize, group, progress())))
