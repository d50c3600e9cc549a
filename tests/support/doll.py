"""A jointed doll, each limb in a colour of its own, for tests of what moves limbs."""

import cv2
import numpy as np

from gait_demo.rendering.depth import Depths
from gait_demo.rendering.rig import LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK, Pose

HEIGHT = 240
SHAPE = 300, 260
COLOURS = {
    TRUNK: (200, 40, 40),
    LEFT_ARM: (40, 200, 40),
    RIGHT_ARM: (40, 40, 200),
    LEFT_LEG: (200, 200, 40),
    RIGHT_LEG: (40, 200, 200),
}
GREY = 128
LEFT_NEARER = Depths(LEFT_LEG, (LEFT_ARM,))
WIDTHS = {TRUNK: 0.16, LEFT_ARM: 0.055, RIGHT_ARM: 0.055, LEFT_LEG: 0.08, RIGHT_LEG: 0.08}


def joints(arms=(0.0, 0.0), legs=(0.0, 0.0), at=(130, 20)):
    """(19, 2) float32 pixels: seen from the side, facing right; angles in degrees from straight
    down, positive forwards, of the left and the right limb."""
    unit, (x, y) = HEIGHT, at

    def along(start, angle, length):
        radians = np.radians(angle)
        return start + unit * length * np.array([np.sin(radians), np.cos(radians)])

    neck, pelvis = np.array([x, y + 0.18 * unit]), np.array([x, y + 0.5 * unit])
    points = [np.array([x, y + 0.07 * unit])]
    for arm, leg in zip(arms, legs, strict=True):
        elbow = along(neck, arm, 0.17)
        wrist = along(elbow, arm, 0.15)
        knee = along(pelvis, leg, 0.24)
        ankle = along(knee, leg, 0.22)
        hand, heel, toe = along(wrist, arm, 0.05), ankle + [-6, 5], ankle + [20, 5]
        points += [neck, elbow, wrist, hand, pelvis, knee, ankle, heel, toe]
    return np.float32(points)


def pose(points):
    return Pose.of(points, HEIGHT)


def drawn(points, depths=LEFT_NEARER, shape=SHAPE):
    """rgb (H, W, 3) uint8 before grey, and matte (H, W) float32."""
    rgb = np.full((*shape, 3), GREY, np.uint8)
    matte = np.zeros(shape, np.uint8)
    for part in depths.order:
        for image, colour in ((rgb, COLOURS[part]), (matte, 255)):
            _draw(image, points, part, colour)
    return rgb, matte.astype(np.float32) / 255


def _draw(image, points, part, colour):
    width = round(WIDTHS[part] * HEIGHT)
    if part == TRUNK:
        neck, pelvis = (points[[a, a + 9]].mean(axis=0) for a in (1, 5))
        cv2.circle(image, _at(points[0]), round(0.07 * HEIGHT), colour, -1)
        cv2.line(image, _at(neck + [0, 0.05 * HEIGHT]), _at(pelvis - [0, 0.06 * HEIGHT]), colour,
                 width)  # fmt: skip
        return
    side = 9 * (part in (RIGHT_ARM, RIGHT_LEG))
    chain = (1, 2, 3, 4) if part in (LEFT_ARM, RIGHT_ARM) else (5, 6, 7)
    line = np.int32([_at(points[n + side]) for n in chain])
    cv2.polylines(image, [line], False, colour, width)
    if part in (LEFT_LEG, RIGHT_LEG):
        cv2.line(image, _at(points[8 + side]), _at(points[9 + side]), colour, width // 2)


def _at(point):
    return tuple(int(round(float(v))) for v in point)
