"""Measures of pictures: likeness, sharpness and steadiness."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from gait_demo.imaging.placing import gathered
from gait_demo.people.yolo import load_network
from gait_demo.rendering.head import necks
from gait_demo.silhouettes.crops import normalise
from gait_demo.types import SILHOUETTE_SIZE

_STAGES = (2, 4, 6, 9)  # layers that end the stages of the detector's backbone, strides 4 to 32
_SIDE = 256  # pixels: side at which the detector reads a person's square
_EDGE = 2  # 1/64 heights: margin inside the outline, where sharpness is the outline's
_BELOW_NECK = 0.06  # heights below the neck line: the body's detail counts from here
_ABOVE_NECK = 0.07  # heights above it: the head's detail counts from here
_SSIM = (0.01 * 255) ** 2, (0.03 * 255) ** 2


class Perceptual:
    """A perceptual distance of pictures like LPIPS (Zhang et al., 2018), with our own features.

    LPIPS compares features of a network trained on ImageNet, with weights fitted to judgements of
    people. Neither may be distributed here, so the features are those of the person detector's
    backbone, all with the same weight: at each place the features of both pictures are scaled to
    unit length, and their squared difference is summed over the channels, then averaged over places
    and stages. The distance is 0 for equal pictures and at most 2; it is comparable only with
    itself.
    """

    def __init__(self, weights: Path):
        """weights: of our detector, checkpoints/yolo.safetensors."""
        self._layers = load_network(weights).model[: _STAGES[-1] + 1]

    @torch.inference_mode()
    def __call__(self, first: np.ndarray, second: np.ndarray, square: np.ndarray) -> float:
        """The distance in a square (x0, y0, x1, y1) of two pictures (H, W, 3) uint8."""
        view = (0, 0, *first.shape[1::-1])
        both = np.stack([gathered(rgb, square, view, (_SIDE, _SIDE)) for rgb in (first, second)])
        features = torch.from_numpy(both).permute(0, 3, 1, 2).float() / 255
        distances = []
        for number, layer in enumerate(self._layers):
            features = layer(features)
            if number in _STAGES:
                one, other = torch.nn.functional.normalize(features, dim=1)
                distances.append(((one - other) ** 2).sum(dim=0).mean())
        return float(torch.stack(distances).mean())


@dataclass(frozen=True)
class Fine:
    """Detail finer than 64x64 pixels: mean square in the body, root mean square in the head."""

    body: float
    head: float


def detail(frames: np.ndarray, inside: np.ndarray, square: np.ndarray) -> Fine:
    """
    Args:
        frames: (T, H, W, 3) uint8.
        inside: (T, H, W) bool, where the body is.
        square: (x0, y0, x1, y1) of its silhouettes, in pixels.
    """
    x0, y0, x1, y1 = np.rint(square).astype(int)
    side = y1 - y0
    masks = np.stack([normalise(mask, square) for mask in inside])
    lines = necks(masks, np.repeat(square[None], len(masks), axis=0))
    body, head = [], []
    for rgb, cover, neck in zip(frames, inside, lines, strict=True):
        # the square and its surroundings in whole cells, the border repeated beyond the picture
        rgb, cover = (
            cv2.copyMakeBorder(image, side, side, side, side, cv2.BORDER_REPLICATE)
            for image in (rgb, cover.astype(np.uint8))
        )
        part = np.s_[y0 + side : y1 + side, x0 + side : x1 + side]
        crop = rgb[part].astype(np.float32)
        size = SILHOUETTE_SIZE, SILHOUETTE_SIZE
        coarse = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        coarse = cv2.resize(coarse, crop.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        fine = ((crop - coarse) ** 2).mean(axis=-1)
        sure = eroded(cover, square, _EDGE)[part]
        below = np.arange(side)[:, None] + y0 - neck > _BELOW_NECK * side
        above = np.arange(side)[:, None] + y0 < neck - _ABOVE_NECK * side
        body.append(fine[sure & below])
        head.append(fine[sure & above])
    return Fine(float(np.concatenate(body).mean()), float(np.concatenate(head).mean() ** 0.5))


def eroded(mask: np.ndarray, square: np.ndarray, cells: float) -> np.ndarray:
    """(H, W) bool: a mask eroded by this many cells, 1/64 of its square."""
    reach = 2 * round(cells * float(square[3] - square[1]) / SILHOUETTE_SIZE) + 1
    return cv2.erode(mask.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0


def flicker(frames: np.ndarray, inside: np.ndarray) -> float:
    """Mean difference, in levels, of consecutive frames after compensation of their optical flow,
    by dense inverse search (Kroeger et al., 2016).

    Args:
        frames: (T, H, W, 3) uint8.
        inside: (T, H, W) bool, the pixels that count.
    """
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in frames]
    here = np.stack(np.meshgrid(*map(np.arange, grey[0].shape[::-1])), -1).astype(np.float32)
    places = [here + search.calc(now, old, None) for old, now in zip(grey, grey[1:], strict=False)]
    return _unlike(frames, inside, places)


def slide(frames: np.ndarray, inside: np.ndarray, motion: np.ndarray) -> float:
    """As `flicker`, after compensation of the body's true motion, so that texture that slides over
    the body counts too.

    Args:
        motion: (T - 1, H, W, 2) float32, as synthesis.pairs.film_pair returns it.
    """
    seen = [mask & ~np.isnan(flow[..., 0]) for mask, flow in zip(inside[1:], motion, strict=True)]
    places = [np.nan_to_num(flow).astype(np.float32) - 0.5 for flow in motion]
    return _unlike(frames, [inside[0], *seen], places)


def _unlike(frames: np.ndarray, inside: list[np.ndarray], places: list[np.ndarray]) -> float:
    differences = []
    for old, now, mask, at in zip(frames, frames[1:], inside[1:], places, strict=False):
        moved = cv2.remap(old.astype(np.float32), at, None, cv2.INTER_LINEAR)
        differences.append(np.abs(moved - now)[mask].mean())
    return float(np.mean(differences))


def ssim(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(H, W): structural similarity (Wang et al. 2004) of the brightness of two pictures (H, W, 3)
    uint8."""
    a, b = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY).astype(np.float32) for x in (first, second))
    mean = lambda image: cv2.GaussianBlur(image, (11, 11), 1.5)  # noqa: E731
    ma, mb = mean(a), mean(b)
    va, vb, both = mean(a * a) - ma**2, mean(b * b) - mb**2, mean(a * b) - ma * mb
    light, contrast = _SSIM
    return (
        (2 * ma * mb + light) * (2 * both + contrast)
        / ((ma**2 + mb**2 + light) * (va + vb + contrast))
    )  # fmt: skip
