"""`anonymize` and `bench`: a run over one video, or over many."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gait_demo.cli.common import (
    add_weights,
    chosen_weights,
    positive,
    progress,
    read_secret,
    seconds,
    seed,
    strength,
)
from gait_demo.options import ANONYMIZERS, COLOURS, OUTPUTS, AnonymizeOptions, ColorizeOptions
from gait_demo.weights.manifest import RELEASED

if TYPE_CHECKING:
    from gait_demo.pipeline import Models

_WEIGHTS = (*ANONYMIZERS, "cnet", "yolo", *RELEASED)


def add(commands: argparse._SubParsersAction) -> None:
    anonymize = commands.add_parser(
        "anonymize",
        help="give the people in videos another gait",
        description="The results of a single video are written to DIR itself. With a folder, a "
        "pattern, a list or several inputs, the results of each video are written to a folder of "
        "its own in DIR, named after the video's path below the input, and DIR/manifest.jsonl "
        "lists the outcome of each. If the run is interrupted, the same command continues it. "
        "Exit status 1: some videos failed.",
    )
    anonymize.add_argument(
        "inputs",
        nargs="+",
        metavar="IN",
        help="a video, a folder with all its subfolders, a pattern such as 'walks/*.mp4', or a "
        ".txt file that lists one of these per line. The files are not changed",
    )
    anonymize.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="folder for the results; for many videos also a URL that fsspec supports (s3://, "
        "hf://)",
    )
    anonymize.add_argument(
        "--only",
        type=_outputs,
        default=OUTPUTS,
        metavar="KIND,...",
        help=f"write only these of the videos {', '.join(OUTPUTS)}; report.json is always written",
    )
    many = anonymize.add_argument_group("many videos")
    many.add_argument(
        "--workers",
        type=positive,
        help="number of processes; default: as many as cores and memory allow",
    )
    many.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="use this Ray cluster, HOST:PORT or auto (needs gait_demo/batch/requirements.txt)",
    )
    verbosity = anonymize.add_mutually_exclusive_group()
    verbosity.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    verbosity.add_argument(
        "-v", "--verbose", action="store_true", help="print a line for each video"
    )
    anonymize.add_argument(
        "--seed",
        type=seed,
        default=0,
        help="every number gives another gait, but not the same one as in an earlier run, unless "
        "both have the same --secret. Every video has its own noise, whatever the seed",
    )
    anonymize.add_argument(
        "--secret",
        type=Path,
        metavar="FILE",
        help="file of at least 16 random bytes from which the noise is drawn; default: fresh "
        "bytes, stored nowhere. The same secret, video and seed give the same gaits, also to "
        "anybody who gets hold of the file: they can tell whose the results are",
    )
    anonymize.add_argument(
        "--anonymizer", choices=ANONYMIZERS, default=AnonymizeOptions().anonymizer,
        help="A-NET, or the baseline ST-GAN, which hides less and has C-NET's colours",
    )  # fmt: skip
    anonymize.add_argument(
        "--strength",
        type=strength,
        default=1.0,
        help="how different the new gait is, over 0 and at most 1; less hides less",
    )
    anonymize.add_argument(
        "--keep-audio", action="store_true", help="keep the sound; voices are not anonymized"
    )
    anonymize.add_argument(
        "--person",
        type=positive,
        help="anonymize only this person (1 is the most prominent) and tracks that may be the "
        "same person; the others stay in clear",
    )
    anonymize.add_argument(
        "--start", type=seconds, default=0, help="start of the part to process, in seconds"
    )
    anonymize.add_argument("--end", type=seconds, help="end of the part, in seconds")
    _add_colour(anonymize)
    add_weights(anonymize, _WEIGHTS)
    anonymize.set_defaults(command=_anonymize)

    bench = commands.add_parser("bench", help="measure speed and memory; prints one line of JSON")
    bench.add_argument("clips", nargs="+", metavar="CLIP", help="one video; with --batch, several")
    bench.add_argument(
        "--batch", action="store_true", help="compare parallel processing with one after another"
    )
    bench.add_argument(
        "--rounds", type=positive, default=3, help="with --batch, how often all clips are processed"
    )
    bench.add_argument("--workers", type=positive, help="with --batch, number of processes")
    bench.add_argument("--ray", metavar="ADDRESS", help="with --batch, also measure a Ray cluster")
    bench.add_argument(
        "--finished",
        type=positive,
        default=10_000,
        help="with --batch, number of finished clips in the run whose resumption is timed",
    )
    _add_colour(bench)
    add_weights(bench, _WEIGHTS)
    bench.set_defaults(command=_bench)


def _add_colour(parser: argparse.ArgumentParser) -> None:
    default = ColorizeOptions()
    parser.add_argument(
        "--colour", choices=COLOURS, default=default.colour,
        help="sharp: the original's own pixels; paper: C-NET's colours at 64x64; plain: one grey",
    )  # fmt: skip
    parser.add_argument(
        "--show-face", action="store_true", help="do not hide heads: faces may be recognised"
    )


def _colorize(parsed: argparse.Namespace) -> ColorizeOptions:
    return ColorizeOptions(parsed.colour, hide_face=not parsed.show_face)


def _models(parsed: argparse.Namespace, anonymizer: str) -> Models:
    from gait_demo.pipeline import Models

    return Models.load(chosen_weights(parsed, _WEIGHTS), anonymizer)


def _outputs(text: str) -> tuple[str, ...]:
    kinds = text.split(",")
    if unknown := set(kinds) - set(OUTPUTS):
        raise argparse.ArgumentTypeError(
            f"expected some of {', '.join(OUTPUTS)}, got {', '.join(sorted(unknown))}"
        )
    return tuple(kind for kind in OUTPUTS if kind in kinds)


def _anonymize(parsed: argparse.Namespace) -> int:
    from gait_demo.batch.inputs import is_one_file
    from gait_demo.errors import VideoError
    from gait_demo.options import Options, VideoOptions

    if parsed.end is not None and parsed.end <= parsed.start:
        raise VideoError(f"--end {parsed.end:g} is not after --start {parsed.start:g}.")
    options = Options(
        video=VideoOptions(
            keep_audio=parsed.keep_audio,
            start_s=parsed.start,
            end_s=parsed.end,
            only=parsed.only,
        ),
        anonymize=AnonymizeOptions(
            parsed.seed,
            parsed.person,
            parsed.strength,
            parsed.anonymizer,
            read_secret(parsed.secret),
        ),
        colorize=_colorize(parsed),
    )
    if parsed.ray or "://" in parsed.out or not is_one_file(parsed.inputs):
        from gait_demo.cli.batch import anonymize_many

        return anonymize_many(parsed, options, chosen_weights(parsed, _WEIGHTS))
    from gait_demo.pipeline import Pipeline

    pipeline = Pipeline(_models(parsed, parsed.anonymizer), options)
    on_progress = progress(quiet=parsed.quiet)
    result = pipeline.run(Path(parsed.inputs[0]), Path(parsed.out), on_progress)
    print(json.dumps(result.report))
    return 0


def _bench(parsed: argparse.Namespace) -> None:
    from gait_demo.errors import GaitDemoError
    from gait_demo.evaluation.speed import bench
    from gait_demo.options import Options
    from gait_demo.pipeline import Pipeline

    if len(parsed.clips) != 1 and not parsed.batch:
        raise GaitDemoError("bench measures one clip; with --batch it takes several.")
    options = Options(colorize=_colorize(parsed))
    pipeline = Pipeline(_models(parsed, options.anonymize.anonymizer), options)
    if not parsed.batch:
        print(json.dumps(bench(pipeline, Path(parsed.clips[0]))))
        return
    from gait_demo.batch.bench import bench_batch

    pools = {"workers": parsed.workers, "ray": parsed.ray}
    print(json.dumps(bench_batch(pipeline, parsed.clips, parsed.rounds, pools, parsed.finished)))
