"""Where the landmark network sees the joints of a walker, so that joints of walkers and of real
people mean the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gait_demo.joints import NAMES
from gait_demo.synthesis.body import MOVING_BONES


@dataclass(frozen=True)
class Anchor:
    """What a joint hangs on.

    Attributes:
        joint: bone whose head is nearest to it.
        bone: that it moves with.
        offset: from that head, at rest, in heights of the walker: to the walker's left (for
            joints of the right side to the right), backwards, up.
    """

    joint: str
    bone: str
    offset: tuple[float, float, float]


# Offsets are fitted by `synthesize joints --walkers 160`: least squares over 160 walkers at all
# views, 16 frames each, of what the landmark network (mediapipe 0.10.21, full) says of them.
ANCHORS = {
    "head": Anchor("head", "head", (-0.0011, -0.0117, 0.0159)),
    "shoulder": Anchor("upperarm01", "spine01", (-0.006, 0.0045, 0.02)),
    "elbow": Anchor("lowerarm01", "lowerarm01", (-0.0055, -0.0059, 0.0095)),
    "wrist": Anchor("wrist", "wrist", (-0.0055, -0.0106, -0.0037)),
    "hand": Anchor("wrist", "wrist", (0.0101, -0.0428, -0.0263)),
    "hip": Anchor("upperleg01", "root", (-0.0128, -0.0123, -0.0124)),
    "knee": Anchor("lowerleg01", "lowerleg01", (0.0008, 0.0029, -0.013)),
    "ankle": Anchor("foot", "foot", (0.0031, -0.0111, 0.0118)),
    "heel": Anchor("foot", "foot", (-0.0035, 0.0151, -0.026)),
    "toe": Anchor("toe1-1", "foot", (0.0243, -0.0107, -0.0107)),
}


OFFSETS = np.array([ANCHORS[name.rpartition("_")[2]].offset for name in NAMES])  # (19, 3)


def bones() -> list[tuple[str, str, np.ndarray]]:
    """Of each joint, in the order of `joints.NAMES`: the bone of the nearest head, the bone that
    moves it, and (3,) what makes an offset one in world axes."""
    result = []
    for name in NAMES:
        side, _, short = name.rpartition("_")
        anchor = ANCHORS[short]
        mirror = np.array([-1.0 if side == "right" else 1.0, 1.0, 1.0])
        result.append((_sided(anchor.joint, side), _sided(anchor.bone, side), mirror))
    return result


def _sided(bone: str, side: str) -> str:
    return bone if bone in MOVING_BONES else f"{bone}.{'R' if side == 'right' else 'L'}"
