"""A walk of the doll, and the same walk with a longer stride, so that its feet slide."""

import numpy as np
from doll import drawn, joints

from gait_demo.silhouettes.crops import normalise
from gait_demo.types import SilhouetteClip

FPS, COUNT, STEP_PX = 25, 75, 5.0


def walk(reach):
    """Joints (T, 19, 2) in pixels and squares (T, 4): each foot is carried by a leg that swings so
    far, in degrees; with 20 the standing foot is nearly still."""
    frames, squares = [], []
    for t in range(COUNT):
        phase = 2 * np.pi * t / FPS
        # a saw tooth: back as the body goes on, and fast to the front
        legs = [reach * swing((phase + shift) / (2 * np.pi) % 1) for shift in (0, np.pi)]
        x = 60 + STEP_PX * t
        frames.append(joints(legs=legs, at=(x, 20)))
        squares.append([x - 140, 10, x + 140, 290])
    return np.stack(frames), np.float32(squares)


def swing(share):
    return 1 - 2 * share / 0.6 if share < 0.6 else -1 + 2 * (share - 0.6) / 0.4


def clip(points, squares, first=(130 - 140, 10, 130 + 140, 290)):
    side = squares[0, 2] - squares[0, 0]
    units = np.concatenate(
        [(points - squares[:, None, :2]) / side, np.ones((len(points), 19, 1))], axis=2
    )
    masks = []
    for one, square in zip(points, squares, strict=True):
        middle = one - square[:2] + np.float32(first[:2])
        masks.append(normalise(drawn(middle)[1], np.float32(first)))
    return SilhouetteClip(1, 0, np.stack(masks), squares, units.astype(np.float32))


def in_pixels(one):
    side = one.squares[:, 2] - one.squares[:, 0]
    return one.squares[:, None, :2] + side[:, None, None] * one.joints[..., :2]


OLD = clip(*walk(20.0))
NEW = clip(*walk(30.0))
