"""`anonymize` and `bench`: a run over one video."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gait_demo.cli.common import progress, seconds, seed, strength
from gait_demo.options import COLOURS, ColorizeOptions

if TYPE_CHECKING:
    from gait_demo.pipeline import Models

_PEOPLE = ("yolo", "pose_landmark", "pose_detection")  # networks that find people


def add(commands: argparse._SubParsersAction) -> None:
    anonymize = commands.add_parser("anonymize", help="give the people in a video another gait")
    anonymize.add_argument("video", type=Path, help="the video; it is not changed")
    anonymize.add_argument("--out", type=Path, required=True, help="folder for the five results")
    anonymize.add_argument("--seed", type=seed, default=0, help="of the noise; another gait each")
    anonymize.add_argument(
        "--strength", type=strength, default=1.0, help="over 0 and at most 1; less hides less"
    )
    anonymize.add_argument("--keep-audio", action="store_true", help="voices are not anonymized")
    anonymize.add_argument(
        "--person", type=int, help="only this one, and who may be the same; 1 is the most prominent"
    )
    anonymize.add_argument("--start", type=seconds, default=0, help="of the part, in seconds")
    anonymize.add_argument("--end", type=seconds, help="of the part, in seconds")
    _add_colour(anonymize)
    _add_weights(anonymize)
    anonymize.set_defaults(command=_anonymize)

    bench = commands.add_parser("bench", help="measure one run; prints one line of JSON")
    bench.add_argument("clip", type=Path)
    _add_colour(bench)
    _add_weights(bench)
    bench.set_defaults(command=_bench)


def _add_colour(parser: argparse.ArgumentParser) -> None:
    default = ColorizeOptions()
    parser.add_argument(
        "--colour", choices=COLOURS, default=default.colour,
        help="the original's own pixels, C-NET's, as in the paper, or one grey",
    )  # fmt: skip
    parser.add_argument("--show-face", action="store_true", help="with sharp, the head as well")


def _colorize(parsed: argparse.Namespace) -> ColorizeOptions:
    return ColorizeOptions(parsed.colour, hide_face=not parsed.show_face)


def _add_weights(parser: argparse.ArgumentParser) -> None:
    for name in ("anet", "cnet", *_PEOPLE):
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=Path, metavar="FILE", help=f"weights of {name}")


def _models(parsed: argparse.Namespace) -> Models:
    from gait_demo.pipeline import Models

    chosen = {name: getattr(parsed, name) for name in _PEOPLE}
    people = {name: path for name, path in chosen.items() if path is not None}
    return Models.load(parsed.anet, parsed.cnet, people)


def _anonymize(parsed: argparse.Namespace) -> None:
    from gait_demo.errors import VideoError
    from gait_demo.options import AnonymizeOptions, PipelineOptions, VideoOptions
    from gait_demo.pipeline import Pipeline

    if parsed.end is not None and parsed.end <= parsed.start:
        raise VideoError(f"--end {parsed.end:g} is not after --start {parsed.start:g}.")
    options = PipelineOptions(
        video=VideoOptions(keep_audio=parsed.keep_audio, start_s=parsed.start, end_s=parsed.end),
        anonymize=AnonymizeOptions(parsed.seed, parsed.person, parsed.strength),
        colorize=_colorize(parsed),
    )
    pipeline = Pipeline(_models(parsed), options)
    result = pipeline.run(parsed.video, parsed.out, progress())
    print(json.dumps(result.report))


def _bench(parsed: argparse.Namespace) -> None:
    from gait_demo.cli.bench import bench
    from gait_demo.options import PipelineOptions
    from gait_demo.pipeline import Pipeline

    options = PipelineOptions(colorize=_colorize(parsed))
    pipeline = Pipeline(_models(parsed), options)
    print(json.dumps(bench(pipeline, parsed.clip)))
