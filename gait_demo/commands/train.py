"""`train`: A-NET, C-NET, the baseline ST-GAN and the person detector."""

from __future__ import annotations

import argparse
import json

from gait_demo import training
from gait_demo.commands.common import people


def add(commands: argparse._SubParsersAction) -> None:
    train = commands.add_parser("train", help="train a network")
    networks = train.add_subparsers(required=True, metavar="anet|cnet|stgan|detector")
    for network, name in (("anet", "A-NET"), ("cnet", "C-NET"), ("stgan", "ST-GAN")):
        parser = networks.add_parser(network, help=f"train {name}")
        training.add_arguments(parser)
        parser.add_argument("--people", type=people, help="of CASIA-B, such as 1-74")
        parser.set_defaults(command=_train, network=network)
    detector = networks.add_parser("detector", help="train the person detector")
    training.add_detector_arguments(detector)
    detector.set_defaults(command=_train_detector)


def _train(parsed: argparse.Namespace) -> None:
    print(json.dumps(training.run(parsed)))


def _train_detector(parsed: argparse.Namespace) -> None:
    print(json.dumps(training.run_detector(parsed)))
