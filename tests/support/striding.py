"""A figure on two legs who crosses the picture, drawn in a few lines."""

import numpy as np


def walk(frames: int = 40, broken: int = 0) -> np.ndarray:
    """(T, 240, 320) uint8: a trunk on two legs crosses; the first frames have no waist."""
    y, x = np.mgrid[:240, :320]
    masks = np.zeros((frames, 240, 320), np.uint8)
    for n in range(frames):
        middle = 80 + 4 * n
        step = np.clip((y - 130) / 60, 0, 1) * 16 * np.sin(n / 3)
        trunk = ((y - 105) / 44) ** 2 + ((x - middle) / 17) ** 2 < 1
        legs = np.minimum(abs(x - middle - step), abs(x - middle + step)) < 8
        masks[n] = trunk | (legs & (y > 120) & (y < 190))
    masks[:broken, 128:136] = 0
    return masks
