"""People without backgrounds, rendered or photographed, to be drawn over pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from gait_demo.synthesis.appearance import Appearance
from gait_demo.synthesis.clothes import BAGS, OUTFITS, SKIN, TOP
from gait_demo.synthesis.exposure import expose
from gait_demo.synthesis.render import Camera
from gait_demo.synthesis.walker import LATENT_DIM, Walker

_LARGEST_PX = 420  # height at which a walker is rendered; larger ones are enlarged
_STANDING = 0.25  # share of walkers who stand
_GESTURING = 0.35  # share of walkers with a gesture
_TOPLESS = 0.08
# Least and most degrees by which a gesture adds to a joint angle, on either side of the body
_LIMBS = {
    "shoulder_flexion": (-30, 150), "shoulder_abduction": (-10, 90), "elbow_flexion": (-20, 100),
    "hip_flexion": (-20, 60), "hip_adduction": (-25, 5), "knee_flexion": (0, 60),
}  # fmt: skip
_TRUNK = {"thorax_tilt": (-20, 50), "thorax_obliquity": (-25, 25), "thorax_rotation": (-30, 30)}


@dataclass(frozen=True)
class Cutout:
    """A person without a background.

    Attributes:
        colour: (H, W, 3) float32 in [0, 1], times alpha.
        alpha: (H, W) float32 in [0, 1].
    """

    colour: np.ndarray
    alpha: np.ndarray

    @classmethod
    def of(cls, colour: np.ndarray, alpha: np.ndarray) -> Cutout:
        """A cutout cropped to the pixels that are not transparent."""
        x, y, w, h = cv2.boundingRect((alpha > 0.02).astype(np.uint8))
        part = np.s_[y : y + h, x : x + w]
        return cls(colour[part], alpha[part])

    def resized(self, height: int) -> Cutout:
        """The same, this many pixels tall."""
        scale = height / len(self.alpha)
        size = max(1, round(self.alpha.shape[1] * scale)), max(1, height)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return Cutout(*(cv2.resize(a, size, interpolation=how) for a in (self.colour, self.alpha)))

    def mirrored(self) -> Cutout:
        return Cutout(self.colour[:, ::-1], self.alpha[:, ::-1])

    def draw_into(self, picture: np.ndarray, row: int, column: int) -> np.ndarray:
        """Draws the person, with the upper left corner at (row, column), in the light of the place.

        Args:
            picture: (H, W, 3) float32 in [0, 1]; changed in place.

        Returns:
            (H, W) bool: where the person is.
        """
        seen = np.zeros(picture.shape[:2], bool)
        h, w = self.alpha.shape
        y0, x0 = max(0, row), max(0, column)
        y1, x1 = min(len(picture), row + h), min(picture.shape[1], column + w)
        if y0 >= y1 or x0 >= x1:
            return seen
        part = np.s_[y0 - row : y1 - row, x0 - column : x1 - column]
        alpha = self.alpha[part]
        there = picture[y0:y1, x0:x1]
        light = np.clip(there.mean() / 0.45, 0.5, 1.3) ** 0.5
        there *= 1 - alpha[..., None]
        there += light * self.colour[part]
        seen[y0:y1, x0:x1] = alpha > 0.5
        return seen


def random_walker(rng: np.random.Generator) -> Walker:
    """A random person in random clothes, with or without a bag."""
    bag = str(rng.choice(BAGS)) if rng.uniform() < 0.25 else None
    return Walker(rng.standard_normal(LATENT_DIM), str(rng.choice(OUTFITS)), bag)


def photograph(walker: Walker, height: int, rng: np.random.Generator) -> Cutout:
    """A walker in random colours, who may stand or gesture, from any side, near or far, about
    `height` pixels tall."""
    size = min(height, _LARGEST_PX)
    distance = rng.uniform(2.5, 10)
    camera = Camera(
        rng.uniform(0, 360), rng.choice([rng.uniform(-2, 12), rng.uniform(10, 40)]), distance,
        0.8 * size * distance / walker.height, round(1.25 * size), round(1.2 * size)
    )  # fmt: skip
    still = rng.uniform() < _STANDING
    moments = rng.uniform() + np.linspace(0, 0.01, 4)
    vigour = rng.uniform(0, 0.15) if still else rng.uniform(0.6, 1.2)
    gesture = _gesture(rng) if rng.uniform() < _GESTURING else None
    instants = walker.pose(moments, vigour=vigour, gesture=gesture)
    appearance = Appearance.draw(rng)
    if rng.uniform() < _TOPLESS:
        appearance.colours[TOP] = appearance.colours[SKIN]
        appearance = replace(appearance, patterns=("plain", appearance.patterns[1]))
    nothing = np.zeros((camera.height, camera.width, 3), np.float32)
    return Cutout.of(*expose(walker, instants, appearance, camera, nothing)).resized(height)


def _gesture(rng: np.random.Generator) -> dict[str, float]:
    """Degrees by which some joints are bent further, for `Walker.pose`."""
    sides = {f"{side}_{name}": r for side in ("left", "right") for name, r in _LIMBS.items()}
    return {
        name: rng.uniform(*degrees)
        for name, degrees in {**sides, **_TRUNK}.items()
        if rng.uniform() < 0.35
    }


def cut_out(photo: np.ndarray, mask: np.ndarray) -> Cutout:
    """The person of a photo, (H, W, 3) uint8 with a mask (H, W) bool."""
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)
    return Cutout.of(photo.astype(np.float32) / 255 * alpha[..., None], alpha)
