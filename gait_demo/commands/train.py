"""`train`: A-NET and C-NET."""

from __future__ import annotations

import argparse
import json

from gait_demo import training
from gait_demo.commands.common import people


def add(commands: argparse._SubParsersAction) -> None:
    train = commands.add_parser("train", help="train A-NET or C-NET")
    training.add_arguments(train)
    train.add_argument("--people", type=people, help="of CASIA-B, such as 1-74")
    train.set_defaults(command=_train)


def _train(parsed: argparse.Namespace) -> None:
    print(json.dumps(training.run(parsed)))
