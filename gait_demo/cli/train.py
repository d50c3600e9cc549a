"""`train`: trains A-NET, C-NET, the baseline ST-GAN, the person detector or the recogniser, or
takes the mean of several trainings."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gait_demo import training
from gait_demo.cli.common import options_from, people, positive, progress, seed


def add(commands: argparse._SubParsersAction) -> None:
    train = commands.add_parser("train", help="train a network")
    networks = train.add_subparsers(
        required=True, metavar="anet|cnet|stgan|detector|recogniser|mean"
    )
    for network, name in (("anet", "A-NET"), ("cnet", "C-NET"), ("stgan", "ST-GAN")):
        parser = networks.add_parser(network, help=f"train {name}")
        training.add_arguments(parser)
        parser.add_argument("--people", type=people, help="people of CASIA-B, such as 1-74")
        parser.set_defaults(command=_train, network=network)
    detector = networks.add_parser("detector", help="train the person detector")
    training.add_detector_arguments(detector)
    detector.set_defaults(command=_train_detector)
    recogniser = networks.add_parser(
        "recogniser", help="train the recogniser that checks the app's results"
    )
    recogniser.add_argument(
        "--data", type=Path, required=True, help="CASIA-B or data in its format"
    )
    recogniser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    recogniser.add_argument("--anet", type=Path, metavar="FILE", help="other weights for anet")
    recogniser.add_argument(
        "--steps", type=positive, default=1500, help="training steps; default: %(default)s"
    )
    recogniser.add_argument("--seed", type=seed)
    recogniser.set_defaults(command=_train_recogniser)
    mean = networks.add_parser("mean", help="take the mean of the weights of several trainings")
    mean.add_argument("network", choices=("anet", "cnet", "stgan"))
    mean.add_argument("files", type=Path, nargs="+", metavar="FILE", help="checkpoints")
    mean.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    mean.set_defaults(command=_take_mean)


def _train(parsed: argparse.Namespace) -> None:
    print(json.dumps(training.run(parsed)))


def _train_detector(parsed: argparse.Namespace) -> None:
    print(json.dumps(training.run_detector(parsed)))


def _train_recogniser(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.recogniser import RecogniserOptions, train_recogniser

    print(json.dumps(train_recogniser(options_from(parsed, RecogniserOptions), progress())))


def _take_mean(parsed: argparse.Namespace) -> None:
    from gait_demo.training.mean import average

    print(json.dumps(average(parsed.network, parsed.files, parsed.out)))
