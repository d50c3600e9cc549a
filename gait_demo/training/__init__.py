"""Training of the networks, and its part of the command line."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from gait_demo.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m gait_demo train anet`, `cnet` and `stgan`."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of walks-*.npz files, or of CASIA-B"
    )
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument(
        "--preset",
        choices=("paired", "paper"),
        help="paired: from the same walk by two people (not stgan); paper: the paper's losses",
    )
    parser.add_argument(
        "--adversarial-from",
        type=float,
        help="A-NET, paired: share of the training (0 to 1) after which discriminators join",
    )
    parser.add_argument(
        "--forget-weight",
        type=float,
        help="A-NET, paired: weight of the loss against recognising the original walker",
    )
    parser.add_argument(
        "--twin-weight",
        type=float,
        help="A-NET, paired: weight of the loss against results of two walkers that differ",
    )
    parser.add_argument("--start", type=Path, help="checkpoint to start from")
    parser.add_argument(
        "--pull", type=float, help="ST-GAN: weight of the loss towards the noise's gait"
    )
    parser.add_argument("--steps", type=int, help="planned optimiser steps")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--batch", type=int, help="batch size")
    parser.add_argument("--learning-rate", type=float, help="initial learning rate of Adam")
    parser.add_argument("--report-every", type=int, help="steps between checkpoints")
    parser.add_argument("--device", choices=("cpu", "cuda"))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint")
    parser.add_argument(
        "--no-bf16", dest="bf16", action="store_false", help="train in full precision"
    )


def add_detector_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m gait_demo train detector`."""
    parser.add_argument("--data", type=Path, required=True, help="folder made by synthesize crowds")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--start", type=Path, help="checkpoint to start from")
    parser.add_argument("--epochs", type=int)
    parser.add_argument(
        "--minutes", type=float, help="train for so many minutes, instead of --epochs"
    )
    parser.add_argument("--batch", type=int)
    parser.add_argument("--size", type=int, help="side of the square pictures, in pixels")
    parser.add_argument("--learning-rate", type=float, help="initial learning rate of AdamW")
    parser.add_argument("--device", help="cpu, or 0 for the first GPU")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--resume", action="store_true", help="continue from the last epoch")


def run_detector(parsed: argparse.Namespace) -> dict:
    """Train the person detector as the arguments say; returns the summary.

    Raises:
        DataError: there is nothing to train on, or nothing to resume.
    """
    from gait_demo.training.detector import DetectorTrainingOptions, train_detector

    names = [field.name for field in fields(DetectorTrainingOptions)]
    given = {name: getattr(parsed, name) for name in names if getattr(parsed, name) is not None}
    return train_detector(DetectorTrainingOptions(**given))


def run(parsed: argparse.Namespace) -> dict:
    """Train what the arguments say; returns the summary.

    Raises:
        DataError: arguments that do not go together, no usable walks, no state to resume.
    """
    from gait_demo.joints import JOINTS
    from gait_demo.models.anet import ANetDims
    from gait_demo.training.anet import ANetTrainingOptions, train_anet
    from gait_demo.training.cnet import CNetTrainingOptions, train_cnet
    from gait_demo.training.stgan import STGANTrainingOptions, train_stgan

    names = ("data", "out", "preset", "steps", "minutes", "batch", "report_every", "device")
    names += ("seed", "resume", "bf16", "adversarial_from", "learning_rate", "people", "pull")
    names += ("start", "forget_weight", "twin_weight")
    given = {name: getattr(parsed, name) for name in names if getattr(parsed, name) is not None}
    pairs = (parsed.network, parsed.preset) in (("anet", None), ("anet", "paired"))
    for name in ("adversarial_from", "forget_weight", "twin_weight"):
        if name in given and not pairs:
            option = "--" + name.replace("_", "-")
            raise DataError(f"{option} is for anet with --preset paired; leave it out.")
    if "pull" in given and parsed.network != "stgan":
        raise DataError("--pull is for stgan; leave it out.")
    if parsed.network == "stgan" and parsed.preset == "paired":
        raise DataError("stgan has the losses of its paper alone; leave out --preset paired.")
    try:
        if parsed.network == "anet":
            dims = ANetDims(joints=JOINTS if pairs else 0)
            return train_anet(ANetTrainingOptions(dims=dims, **given))
        if parsed.network == "stgan":
            return train_stgan(STGANTrainingOptions(**given))
        return train_cnet(CNetTrainingOptions(**given))
    except ValueError as error:
        raise DataError(f"These options cannot be trained with: {error}") from error
