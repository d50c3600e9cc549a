"""Reading a folder of training data: synthetic walks, or CASIA-B."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gait_demo.datasets.casia import SILHOUETTES, CasiaB
from gait_demo.errors import DataError
from gait_demo.training import casia, data
from gait_demo.training.data import Recordings


@dataclass(frozen=True)
class Source:
    """Data of one training run.

    Attributes:
        training: to learn from.
        held_out: to validate on; nobody in it is in `training`.
        about: the part of the training summary that describes both.
    """

    training: Recordings
    held_out: Recordings
    about: dict


def read_source(
    folder: Path,
    device: str = "cpu",
    *,
    people: Collection[int] | None = None,
    pairs: bool = False,
    rgb: bool = False,
    joints: bool = False,
) -> Source:
    """Reads a folder of `walks-*.npz` files, or one that holds CASIA-B.

    Args:
        people: of CASIA-B; None: all people in the data.
        pairs: whether several people must perform the same walk.
        rgb: whether pictures are needed.
        joints: whether joints are needed, which only `walks-*.npz` files have.

    Raises:
        DataError: there is nothing usable, or something needed is missing.
    """
    if any(folder.glob("walks-*.npz")):
        if people is not None:
            raise DataError(f"{folder} holds walks, not CASIA-B's people: leave out --people.")
        *paths, last = shards = data.shards(folder)
        training, held_out = (
            data.load_walks(part, device, rgb, joints) for part in (paths, [last])
        )
        return Source(training, held_out, data.describe(shards))
    try:
        tree = CasiaB(folder)
    except DataError as error:
        raise DataError(
            f"{folder} holds nothing to train on: expected at least two walks-*.npz files, made "
            f"with python -m gait_demo synthesize walks, or CASIA-B's {SILHOUETTES}."
        ) from error
    if pairs:
        raise DataError(
            "--preset paired needs the same walk performed by several people, which CASIA-B does "
            "not have: use --preset paper, or train on python -m gait_demo synthesize walks."
        )
    groups = casia.split(tree, people)
    parts = [casia.read_casia(tree, group, device, rgb) for group in groups]
    named = dict(zip(("people", "held_out"), groups, strict=True))
    return Source(*parts, named | casia.describe(parts))
