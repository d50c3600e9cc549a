"""`anonymize` and `bench`: a run over one video."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gait_demo.cli.common import (
    add_weights,
    chosen_weights,
    progress,
    read_secret,
    seconds,
    seed,
    strength,
)
from gait_demo.options import ANONYMIZERS, COLOURS, AnonymizeOptions, ColorizeOptions

if TYPE_CHECKING:
    from gait_demo.pipeline import Models

_WEIGHTS = (*ANONYMIZERS, "cnet", "yolo", "pose_landmark", "pose_detection")


def add(commands: argparse._SubParsersAction) -> None:
    anonymize = commands.add_parser("anonymize", help="give the people in a video another gait")
    anonymize.add_argument("video", type=Path, help="the video; it is not changed")
    anonymize.add_argument("--out", type=Path, required=True, help="folder for the five results")
    anonymize.add_argument(
        "--seed",
        type=seed,
        default=0,
        help="another gait each; repeats nothing without the --secret of the run before",
    )
    anonymize.add_argument(
        "--secret",
        type=Path,
        metavar="FILE",
        help="16 random bytes or more that the noise is drawn from; default: fresh ones, kept "
        "nowhere. The same secret, video and seed give the same gaits, also to whoever gets hold "
        "of the file: they can tell whose they are",
    )
    anonymize.add_argument(
        "--anonymizer", choices=ANONYMIZERS, default=AnonymizeOptions().anonymizer,
        help="A-NET, or the baseline ST-GAN, which hides less and is drawn in C-NET's colours",
    )  # fmt: skip
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
    add_weights(anonymize, _WEIGHTS)
    anonymize.set_defaults(command=_anonymize)

    bench = commands.add_parser("bench", help="measure one run; prints one line of JSON")
    bench.add_argument("clip", type=Path)
    _add_colour(bench)
    add_weights(bench, _WEIGHTS)
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


def _models(parsed: argparse.Namespace, anonymizer: str) -> Models:
    from gait_demo.pipeline import Models

    return Models.load(chosen_weights(parsed, _WEIGHTS), anonymizer)


def _anonymize(parsed: argparse.Namespace) -> None:
    from gait_demo.errors import VideoError
    from gait_demo.options import PipelineOptions, VideoOptions
    from gait_demo.pipeline import Pipeline

    if parsed.end is not None and parsed.end <= parsed.start:
        raise VideoError(f"--end {parsed.end:g} is not after --start {parsed.start:g}.")
    options = PipelineOptions(
        video=VideoOptions(keep_audio=parsed.keep_audio, start_s=parsed.start, end_s=parsed.end),
        anonymize=AnonymizeOptions(
            parsed.seed,
            parsed.person,
            parsed.strength,
            parsed.anonymizer,
            read_secret(parsed.secret),
        ),
        colorize=_colorize(parsed),
    )
    pipeline = Pipeline(_models(parsed, parsed.anonymizer), options)
    result = pipeline.run(parsed.video, parsed.out, progress())
    print(json.dumps(result.report))


def _bench(parsed: argparse.Namespace) -> None:
    from gait_demo.cli.bench import bench
    from gait_demo.options import PipelineOptions
    from gait_demo.pipeline import Pipeline

    options = PipelineOptions(colorize=_colorize(parsed))
    pipeline = Pipeline(_models(parsed, options.anonymize.anonymizer), options)
    print(json.dumps(bench(pipeline, parsed.clip)))
