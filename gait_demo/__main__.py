"""The command line: it parses, calls, and turns errors into one sentence."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from gait_demo.config import AnonymizeOptions, PipelineOptions, VideoOptions
from gait_demo.errors import GaitDemoError
from gait_demo.pipeline import Models, Pipeline


def main(arguments: list[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    try:
        parsed.command(parsed)
    except GaitDemoError as error:
        print(error, file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"This command needs {error.name}: "
            "pip install -r gait_demo/training/requirements.txt",
            file=sys.stderr,
        )
        return 2
    return 0


def _anonymize(parsed: argparse.Namespace) -> None:
    options = PipelineOptions(
        video=VideoOptions(keep_audio=parsed.keep_audio),
        anonymize=AnonymizeOptions(seed=parsed.seed, person=parsed.person),
    )
    result = Pipeline(Models.load(yolo=parsed.yolo), options).run(
        parsed.video, parsed.out, _print_progress if sys.stderr.isatty() else _ignore
    )
    print(json.dumps(result.report, indent=2))


def _bench(parsed: argparse.Namespace) -> None:
    from gait_demo.bench import bench

    print(json.dumps(bench(parsed.clip)))
