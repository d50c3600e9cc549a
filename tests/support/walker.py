"""A drawn person walking past a textured wall: small clips whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

SKIN, SHIRT, TROUSERS, SHOES = (200, 160, 135), (176, 58, 46), (44, 62, 110), (30, 30, 30)


def background(width: int, height: int) -> np.ndarray:
    """(height, width, 3) uint8: a wall and a floor with soft texture, always the same."""
    rng = np.random.default_rng(7)
    coarse = rng.uniform(-30, 30, (height // 12 + 2, width // 12 + 2)).astype(np.float32)
    texture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    image = np.full((height, width, 3), (168, 172, 160), np.float32)
    image[int(height * 0.72) :] = (128, 120, 108)
    return np.clip(image + texture[..., None], 0, 255).astype(np.uint8)


def person(image: np.ndarray, x: float, foot_y: float, height: float, phase: float) -> np.ndarray:
    """Draw a walker seen from the side, in place.

    Args:
        x: pixels, of the hip.
        foot_y: pixels, of the ground.
        height: pixels, from head to sole.
        phase: of the gait cycle, in cycles.
    """

    def limb(start, length, degrees, width, colour):
        angle = np.radians(degrees)
        end = start + length * height * np.array([np.sin(angle), np.cos(angle)])
        points = [tuple(int(round(16 * v)) for v in p) for p in (start, end)]
        cv2.line(image, *points, colour, max(2, round(width * height)), cv2.LINE_AA, shift=4)
        return end

    hip = np.array([x, foot_y - 0.51 * height])
    neck = hip - [0, 0.30 * height]
    for side in (0.5, 0.0):
        swing = np.cos(2 * np.pi * (phase + side))
        knee = limb(hip, 0.25, 26 * swing, 0.085, TROUSERS)
        bend = 30 * max(0.0, -np.sin(2 * np.pi * (phase + side)))
        ankle = limb(knee, 0.24, 26 * swing - bend, 0.065, TROUSERS)
        limb(ankle, 0.10, 90, 0.045, SHOES)
        elbow = limb(neck + [0, 0.03 * height], 0.17, -22 * swing, 0.055, SHIRT)
        limb(elbow, 0.15, -22 * swing + 14, 0.045, SKIN)
    limb(neck, 0.30, 0, 0.16, SHIRT)
    centre = neck - [0, 0.085 * height]
    at = tuple(centre.round().astype(int))
    cv2.circle(image, at, round(0.07 * height), SKIN, cv2.FILLED, cv2.LINE_AA)
    return image


def frames(
    count: int, width: int = 320, height: int = 240, person_height: float = 130, fps: float = 25
) -> Iterator[np.ndarray]:
    """(height, width, 3) uint8 frames of one crossing, from outside the frame to outside."""
    wall = background(width, height)
    rng = np.random.default_rng(3)
    for index in range(count):
        x = -0.3 * person_height + (width + 0.6 * person_height) * index / (count - 1)
        image = person(wall.copy(), x, 0.92 * height, person_height, index / fps)
        noise = rng.normal(0, 1.5, image.shape)
        yield np.clip(image + noise, 0, 255).astype(np.uint8)


def write_clip(path: Path, images: Iterator[np.ndarray], fps: Fraction = Fraction(25)) -> Path:
    """Encode frames as H.264, nearly without loss, and always to the same bits: x264's rate control
    would read beyond the picture's edge."""
    with av.open(str(path), "w") as output:
        stream = None
        for image in images:
            if stream is None:
                stream = output.add_stream("libx264", rate=fps, options={"qp": "14"})
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = "yuv420p"
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        output.mux(stream.encode(None))
    return path


def crossing(path: Path, count: int = 60, **size) -> Path:
    """A clip of one person who walks through the frame."""
    return write_clip(path, frames(count, **size))
