"""`train`: trains A-NET, C-NET, the baseline ST-GAN, the person detector or the recogniser."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gait_demo import training
from gait_demo.cli.common import people, positive, progress, seed

_SHOWN = ("nm-01", "nm-02")  # conditions of the walks in the recogniser's gallery


def add(commands: argparse._SubParsersAction) -> None:
    train = commands.add_parser("train", help="train a network")
    networks = train.add_subparsers(required=True, metavar="anet|cnet|stgan|detector|recogniser")
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
    recogniser.add_argument("--steps", type=positive, default=1500, help="training steps")
    recogniser.add_argument("--seed", type=seed, default=0)
    recogniser.set_defaults(command=_train_recogniser)


def _train(parsed: argparse.Namespace) -> None:
    print(json.dumps(training.run(parsed)))


def _train_detector(parsed: argparse.Namespace) -> None:
    print(json.dumps(training.run_detector(parsed)))


def _train_recogniser(parsed: argparse.Namespace) -> None:
    import numpy as np

    from gait_demo.anonymization.anonymizer import load
    from gait_demo.datasets.casia import CONDITIONS, CasiaB
    from gait_demo.evaluation.attackers import Attacker, AttackerOptions
    from gait_demo.evaluation.baselines import keyed, made_by
    from gait_demo.evaluation.gaits import read_gaits
    from gait_demo.evaluation.protocol import groups
    from gait_demo.evaluation.readout import Crowd
    from gait_demo.evaluation.secret import repeatable_secret
    from gait_demo.weights import find

    data, show = CasiaB(parsed.data), progress()
    learnt, strangers = groups(data.people)
    walks, crowd = (
        read_gaits(data, data.sequences(people, conditions), show)
        for people, conditions in ((learnt, CONDITIONS), (strangers, _SHOWN))
    )
    anet = find("anet", parsed.anet)
    seeds, noise = parsed.seed + np.arange(len(walks)), keyed(repeatable_secret(parsed.seed))
    made = walks.changed(made_by(load("anet", anet.path), noise), seeds, show)
    options = AttackerOptions("GaitBase", parsed.steps, seed=parsed.seed)
    summary = {
        "people": {"trained": len(learnt), "crowd": len(strangers)},
        "walks": {"clear": len(walks), "made": len(made), "crowd": len(crowd)},
        "anet": anet.sha256,
        "steps": parsed.steps,
    }
    Crowd.of(Attacker.train(walks.together(made), options, show), crowd).save(parsed.out, summary)
    print(json.dumps(summary))
