"""The command line: it parses, calls, and turns errors into a sentence."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from gait_demo import training
from gait_demo.errors import GaitDemoError
from gait_demo.structures import SilhouetteClip


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0, or 2 with one sentence on standard error.
    """
    parsed = _parser().parse_args(arguments)
    try:
        parsed.command(parsed)
    except GaitDemoError as error:
        print(error, file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "gait_demo":
            raise
        print(
            f"{error.name} is not installed: pip install -r gait_demo/training/requirements.txt",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gait_demo", description="Gait anonymization.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    anonymize = commands.add_parser("anonymize", help="give the people in a video another gait")
    anonymize.add_argument("video", type=Path, help="the video; it is not changed")
    anonymize.add_argument("--out", type=Path, required=True, help="folder for the five results")
    anonymize.add_argument("--seed", type=_seed, default=0, help="of the noise; another gait each")
    anonymize.add_argument("--keep-audio", action="store_true", help="voices are not anonymized")
    anonymize.add_argument("--person", type=int, help="only this one; 1 is the most prominent")
    _add_weights(anonymize)
    anonymize.set_defaults(command=_anonymize)

    bench = commands.add_parser("bench", help="measure one run; prints one line of JSON")
    bench.add_argument("clip", type=Path)
    _add_weights(bench)
    bench.set_defaults(command=_bench)

    synthesize = commands.add_parser("synthesize", help="make walkers, to train on or to film")
    kinds = synthesize.add_subparsers(required=True, metavar="walks|casia|film|sheet|check")
    walks = kinds.add_parser("walks", help="shards of silhouettes and crops to train on")
    walks.add_argument("--out", type=Path, required=True, help="folder for walks-*.npz files")
    walks.add_argument("--walks", type=_positive, default=400)
    walks.add_argument("--seed", type=_seed, default=0)
    walks.add_argument("--workers", type=_positive, default=2, help="processes")
    walks.set_defaults(command=_synthesize_walks)
    casia = kinds.add_parser("casia", help="CASIA-B's protocol walked by synthetic people")
    casia.add_argument("--out", type=Path, required=True, help="folder for GaitDatasetB-silh")
    casia.add_argument("--people", type=_people, default=None, help="such as 8, or 75-124")
    casia.add_argument("--conditions", type=_listed(str), default=None, help="such as nm-01,cl-02")
    casia.add_argument("--views", type=_listed(int), default=None, help="such as 000,054,090")
    casia.add_argument("--archive", action="store_true", help="one .tar.gz a person, far smaller")
    casia.add_argument("--rgb", action="store_true", help="the videos as well; slower")
    casia.add_argument("--severity", type=float, help="of damage; 0 clean, 1 as CASIA-B's")
    casia.add_argument("--seed", type=_seed, default=0)
    casia.add_argument("--workers", type=_positive, default=2, help="processes")
    casia.set_defaults(command=_synthesize_casia)
    film = kinds.add_parser("film", help="a video of one walker in front of a static camera")
    film.add_argument("--out", type=Path, required=True, help="the MP4 file")
    film.add_argument("--seconds", type=float, default=4.0)
    film.add_argument("--fps", type=Fraction, default=Fraction(25), help="such as 25 or 30000/1001")
    film.add_argument("--width", type=_positive, default=960)
    film.add_argument("--height", type=_positive, default=540)
    film.add_argument("--person-px", type=_positive, default=300, help="height of the walker")
    film.add_argument("--view-angle", type=float, default=90.0, help="degrees, as in CASIA-B")
    film.add_argument("--scene", default="street", help="room, street or park")
    film.add_argument("--outfit", default="trousers", help="trousers, skirt, coat or sportswear")
    film.add_argument("--seed", type=_seed, default=0)
    film.set_defaults(command=_synthesize_film)

    sheet = kinds.add_parser("sheet", help="a picture of walkers of the protocol at all views")
    sheet.add_argument("--out", type=Path, required=True, help="the PNG file")
    sheet.add_argument("--people", type=_people, default=tuple(range(1, 9)))
    conditions = ("nm-01", "bg-01", "cl-01")
    sheet.add_argument("--conditions", type=_listed(str), default=conditions, help="in turn")
    sheet.add_argument("--views", type=_listed(int), default=None, help="such as 000,054,090")
    sheet.add_argument("--seed", type=_seed, default=0)
    sheet.set_defaults(command=_synthesize_sheet)

    check = kinds.add_parser("check", help="compare the walkers with real people; prints JSON")
    check.add_argument("--people", type=_positive, default=60)
    check.add_argument("--mocap", type=Path, help="folder of BVH files of walks, named as CMU's")
    check.add_argument("--seed", type=_seed, default=0)
    check.set_defaults(command=_synthesize_check)

    evaluate = commands.add_parser("evaluate", help="measure how well people are recognised")
    what = evaluate.add_subparsers(required=True, metavar="identity|quality|realism")
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

    train = commands.add_parser("train", help="train A-NET or C-NET")
    training.add_arguments(train)
    train.add_argument("--people", type=_people, help="of CASIA-B, such as 1-74")
    train.set_defaults(command=_train)
    return parser


def _add_weights(parser: argparse.ArgumentParser) -> None:
    for name in ("anet", "cnet", "yolo"):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"weights of {name}")


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 2**63:
        raise argparse.ArgumentTypeError(f"expected 0 to {2**63 - 1}, got {seed}")
    return seed


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def _people(text: str) -> tuple[int, ...]:
    """ "8" is the first eight, "75-124" those and all between."""
    first, dash, last = text.partition("-")
    low, high = (int(first), int(last)) if dash else (1, int(first))
    if not 1 <= low <= high:
        raise argparse.ArgumentTypeError(f"expected a number or a range of people, got {text}")
    return tuple(range(low, high + 1))


def _listed(kind: type) -> Callable[[str], tuple]:
    return lambda text: tuple(kind(part) for part in text.split(","))


def _anonymize(parsed: argparse.Namespace) -> None:
    from gait_demo.config import AnonymizeOptions, PipelineOptions, VideoOptions
    from gait_demo.pipeline import Models, Pipeline

    options = PipelineOptions(
        video=VideoOptions(keep_audio=parsed.keep_audio),
        anonymize=AnonymizeOptions(seed=parsed.seed, person=parsed.person),
    )
    pipeline = Pipeline(Models.load(parsed.anet, parsed.cnet, parsed.yolo), options)
    result = pipeline.run(parsed.video, parsed.out, _progress())
    print(json.dumps(result.report))


def _bench(parsed: argparse.Namespace) -> None:
    from gait_demo.bench import bench
    from gait_demo.pipeline import Models, Pipeline

    pipeline = Pipeline(Models.load(parsed.anet, parsed.cnet, parsed.yolo))
    print(json.dumps(bench(pipeline, parsed.clip)))


def _synthesize_walks(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.dataset import SynthesisOptions, synthesize

    options = SynthesisOptions(parsed.out, parsed.walks, parsed.seed, parsed.workers)
    synthesize(options, _progress())


def _synthesize_casia(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.protocol import synthesize_protocol

    synthesize_protocol(_protocol(parsed), _progress())


def _synthesize_sheet(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.sheet import contact_sheet

    _write_picture(parsed.out, contact_sheet(_protocol(parsed)))


def _protocol(parsed: argparse.Namespace):
    from gait_demo.synthesis.protocol import ProtocolOptions

    names = [field.name for field in fields(ProtocolOptions)]
    given = {name: getattr(parsed, name, None) for name in names}
    return ProtocolOptions(**{name: value for name, value in given.items() if value is not None})


def _synthesize_film(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.film import FilmOptions, write_film

    names = [field.name for field in fields(FilmOptions) if hasattr(parsed, field.name)]
    options = FilmOptions(**{name: getattr(parsed, name) for name in names})
    write_film(parsed.out, options, _progress())


def _synthesize_check(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.check import check_walkers

    print(json.dumps(check_walkers(parsed.people, parsed.seed, parsed.mocap, _progress())))


def _evaluate_identity(parsed: argparse.Namespace) -> None:
    from gait_demo.casia import CasiaB
    from gait_demo.evaluation.identity import identity_report, read_geis

    geis = read_geis(CasiaB(parsed.data), _progress())
    for problem in geis.problems:
        print(problem, file=sys.stderr)
    print(json.dumps(identity_report(geis)))


def _evaluate_realism(parsed: argparse.Namespace) -> None:
    from gait_demo.casia import CasiaB
    from gait_demo.evaluation.realism import realism_report
    from gait_demo.evaluation.walks import read_made, read_real

    data, show = CasiaB(parsed.data), _progress()
    real, size = read_real(parsed.real, _silhouettes, parsed.skip, show)
    seen, drawn = read_made(data, _silhouettes, real.heights, size, parsed.colour, show)
    report, picture = realism_report(real, seen, drawn, show)
    print(json.dumps(report))
    if parsed.picture:
        _write_picture(parsed.picture, picture)


def _write_picture(path: Path, picture: np.ndarray) -> None:
    try:
        path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1])
    except OSError as error:
        raise GaitDemoError(f"{path} cannot be written: {error.strerror}.") from error


def _silhouettes(video: Path) -> list[SilhouetteClip]:
    """Of everyone in a video, without the frames in which somebody was lost."""
    from gait_demo.config import PipelineOptions
    from gait_demo.pipeline.analysis import Analyser

    with TemporaryDirectory() as folder:
        analyser = Analyser(video, PipelineOptions(), lambda stage, done, total: None)
        people = analyser.run(Path(folder), yolo=None).people
    clips = [(person.silhouettes, ~person.held) for person in people]
    return [replace(c, masks=c.masks[seen], squares=c.squares[seen]) for c, seen in clips]


def _evaluate_quality(parsed: argparse.Namespace) -> None:
    from gait_demo.casia import CasiaB
    from gait_demo.evaluation.quality import quality_report, rate

    rated, problems = rate(CasiaB(parsed.data), _progress())
    for problem in problems:
        print(problem, file=sys.stderr)
    print(json.dumps(quality_report(rated)))


def _train(parsed: argparse.Namespace) -> None:
    print(json.dumps(training.run(parsed)))


def _progress() -> Callable[[str, int, int], None]:
    """Shows the stage and how far it is, on a terminal only."""
    if not sys.stderr.isatty():
        return lambda stage, done, total: None

    def show(stage: str, done: int, total: int) -> None:
        share = f"{done / total:4.0%}" if total else ""
        print(f"\r{stage:12} {share}\033[K", end="", file=sys.stderr, flush=True)

    return show


if __name__ == "__main__":
    sys.exit(main())
