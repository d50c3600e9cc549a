"""Runs an anonymizer over the silhouettes and joints of a whole track, with one noise vector."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from gait_demo.anonymization.anonymizer import TRAINED_FPS, GaitAnonymizer, Walk
from gait_demo.anonymization.noise import stature
from gait_demo.anonymization.pace import Timing, retimed
from gait_demo.imaging.boxes import depth_in
from gait_demo.types import SilhouetteClip

_FAINT = 0.1  # mask level above which a pixel connects a speck to the body
_UNSURE = 0.2  # mask level above which a gap may be closed
_BRIDGE = np.float32(0.51)  # mask level of a closed gap: just inside the silhouette
_GAP = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))  # closes gaps of up to eight pixels


@torch.inference_mode()
def anonymize(
    clip: SilhouetteClip,
    anonymizer: GaitAnonymizer,
    noise: Tensor,
    *,
    fps: float,
    strength: float | np.ndarray = 1.0,
    timing: Timing | None = None,
) -> SilhouetteClip:
    """f_A(X, R) for a whole track (paper, section III-B), with another stature and pace.

    A clip with a high frame rate is split into interleaved streams of about 25 frames per second,
    the rate that the networks were trained on, and smoothed over as many frames as there are
    streams.

    Args:
        clip: the track's silhouettes, which are binarised at 0.5 here, and its joints or None.
        anonymizer: makes the new walk.
        noise: (noise_dim,) float32, see `noise_vector`.
        fps: frames per second of the clip.
        strength: one number, or (T,) of them, in [0, 1]. Below 1, outlines, joints and stature go
            only this share of the way from the old walk to the new one. This hides less;
            `evaluate privacy` measures it.
        timing: moments of the track that the T' frames of the new walk show; None: its frames.

    Returns:
        A clip of T' frames with the new masks, which are soft at their edges, and the new joints
        with visibility 1, or None if the anonymizer writes no joints. The squares are where the
        walker was at the moments of the places, scaled to the new stature; their lower edges
        stay.
    """
    walk = Walk(
        torch.from_numpy((clip.masks > 0.5).astype(np.float32)),
        None if clip.joints is None else torch.from_numpy(clip.joints.astype(np.float32)),
    )
    timing = timing or Timing.same(np.arange(len(clip), dtype=float))
    old = retimed(clip, timing)
    strength = np.broadcast_to(np.float32(strength), len(clip))[timing.sources]
    streams = min(max(1, round(fps / TRAINED_FPS)), len(clip))
    made = []
    for first in range(min(streams, len(timing))):
        part = walk.part(slice(first, None, streams))
        moments = (timing.poses[first::streams] - first) / streams
        moments = moments.clip(0, len(part.silhouettes) - 1)
        made.append(anonymizer(part, noise, torch.from_numpy(moments)))
    masks = cleaned(_smooth(_interleaved([result.silhouettes for result in made]), streams))
    for n in np.flatnonzero(strength < 1):
        masks[n] = _part_of_the_way(old.masks[n], masks[n], float(strength[n]))
    joints = None
    if all(result.joints is not None for result in made):
        places = _smooth(_interleaved([result.joints for result in made]), streams).numpy()
        joints = _joints_between(old.joints, places, strength)
    size = 1 + strength * (stature(noise, _room_above(old.squares)) - 1)
    return replace(old, masks=masks, joints=joints, squares=_resized(old.squares, size))


def cleaned(masks: Tensor) -> np.ndarray:
    """Masks (T, 64, 64) without specks and gaps, same shape."""
    return np.stack([_bridged(_main_body(mask)) for mask in masks.numpy()])


def _room_above(squares: np.ndarray) -> float:
    """The largest factor by which a person can grow without their head leaving the frame, in those
    frames in which it lies within."""
    top, feet = squares[squares[:, 1] >= 0][:, 1::2].T
    return float(np.min(feet / np.maximum(feet - top, 1e-6), initial=np.inf))


def _resized(squares: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(T, 4): the squares scaled by (T,) sizes about the middle of their lower edges."""
    middle, feet = squares[:, ::2].mean(axis=1), squares[:, 3]
    side = sizes * (feet - squares[:, 1])
    edges = [middle - side / 2, feet - side, middle + side / 2, feet]
    return np.stack(edges, axis=1).astype(np.float32)


def _interleaved(streams: list[Tensor]) -> Tensor:
    """(T, ...): the frames of the streams in turn: the inverse of splitting."""
    result = streams[0].new_empty(sum(map(len, streams)), *streams[0].shape[1:])
    for first, stream in enumerate(streams):
        result[first :: len(streams)] = stream
    return result


def _smooth(values: Tensor, streams: int) -> Tensor:
    """A triangular filter over time: the interleaved streams are made independently and differ."""
    reach = streams - 1
    padded = torch.cat([values[:1]] * reach + [values] + [values[-1:]] * reach)
    weights = [streams - abs(offset) for offset in range(-reach, streams)]
    shifted = (padded[i : i + len(values)] * weight for i, weight in enumerate(weights))
    return sum(shifted) / sum(weights)


def _main_body(mask: np.ndarray) -> np.ndarray:
    """The mask without specks that are not connected to the largest component."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > _FAINT).astype(np.uint8))
    if count <= 2:
        return mask
    return mask * (labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax())


def _bridged(mask: np.ndarray) -> np.ndarray:
    """The mask with gaps between parts of the body closed where the anonymizer is unsure."""
    body = (mask > 0.5).astype(np.uint8)
    if cv2.connectedComponents(body)[0] <= 2:
        return mask
    padded = cv2.copyMakeBorder(body, 8, 8, 8, 8, cv2.BORDER_CONSTANT)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _GAP)[8:-8, 8:-8] > 0
    return np.where(closed & (mask > _UNSURE), np.maximum(mask, _BRIDGE), mask)


def _part_of_the_way(old: np.ndarray, new: np.ndarray, strength: float) -> np.ndarray:
    """(64, 64): a silhouette between two; its outline is the zero line of their weighted signed
    distances."""
    inside = [(mask > 0.5).astype(np.uint8) for mask in (old, new)]
    if not all(mask.any() for mask in inside):
        return new
    before, after = map(depth_in, inside)
    return np.clip(0.5 + ((1 - strength) * before + strength * after) / 2, 0, 1)


def _joints_between(old: np.ndarray | None, new: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """(T, 19, 3) float32 with visibility 1: the share `strength` (T,) of the way from the old
    joints (T, 19, 3) to the new ones (T, 19, 2); the new ones where the old are not known."""
    places = new
    if old is not None:
        share = strength[:, None, None]
        between = old[..., :2] + share * (new - old[..., :2])
        places = np.where((old[..., 2:] > 0) & (share < 1), between, new)
    return np.concatenate([places, np.ones_like(places[..., :1])], axis=2).astype(np.float32)
