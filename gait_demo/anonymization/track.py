"""Another gait for a track: its silhouettes and joints through A-NET with one noise vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from gait_demo.anonymization.noise import TRAINED_FPS, sway
from gait_demo.imaging.boxes import depth_in
from gait_demo.models.anet import ANet
from gait_demo.types import SilhouetteClip

_HOP = 4  # frames between windows; each frame is read twice
_BATCH = 32  # windows
_FAINT = 0.1  # what is darker does not connect a speck to the body
_UNSURE = 0.2  # what is darker is surely a gap
_BRIDGE = np.float32(0.51)  # just inside
_GAP = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))  # closes gaps of up to eight pixels


@dataclass(frozen=True)
class _Gait:
    """Of T frames; joints (T, 19, 3) as they are read, or (T, 19, 2) as they are written."""

    masks: Tensor
    joints: Tensor | None

    def part(self, frames: slice) -> _Gait:
        return _Gait(self.masks[frames], None if self.joints is None else self.joints[frames])


@torch.inference_mode()
def anonymize(
    clip: SilhouetteClip, anet: nn.Module, noise: Tensor, *, fps: float, strength: float = 1.0
) -> SilhouetteClip:
    """f_A(X, R) for a whole track (paper, section III-B), a little out of step (`sway`).

    A-NET reads windows of a few frames. What it reads is blended and interpolated in time, and each
    frame is written once, as the walk was a moment earlier or later. Video of a high frame rate is
    taken as interleaved streams of about 25 frames per second, the pace A-NET knows, and smoothed
    over as many frames.

    Args:
        clip: the track's silhouettes, binarised at 0.5 here, and its joints, which help an A-NET
            that reads them, and may be None.
        anet: ready for inference; or, to compare with, another generator, which does not sway.
        noise: (noise_dim,) float32, see `noise`.
        fps: frames per second of the clip.
        strength: below 1, outlines and joints go only this part of the way from the old to the new
            ones, and so does the sway. They hide less, see `evaluate privacy`.

    Returns:
        The same track and squares with the synthesised masks, soft at their edges, and with the
        new walker's joints, all of them visible; None if the network writes none.
    """
    walk = _Gait(
        torch.from_numpy((clip.masks > 0.5).astype(np.float32)),
        None if clip.joints is None else torch.from_numpy(clip.joints.astype(np.float32)),
    )
    streams = max(1, round(fps / TRAINED_FPS))
    late = torch.from_numpy(strength * sway(noise, len(clip), fps)) * fps / streams  # frames
    made = []
    for first in range(min(streams, len(clip))):
        one = slice(first, None, streams)
        if isinstance(anet, ANet):
            made.append(_synthesise(walk.part(one), late[one], anet, noise))
        else:
            made.append(_Gait(in_step(walk.masks[one], anet, noise), None))
    masks = cleaned(_smooth(_interleaved([one.masks for one in made]), streams))
    if strength < 1:
        both = zip(clip.masks, masks, strict=True)
        masks = np.stack([_part_of_the_way(*pair, strength) for pair in both])
    joints = None
    if all(one.joints is not None for one in made):
        places = _smooth(_interleaved([one.joints for one in made]), streams).numpy()
        joints = _joints_between(clip.joints, places, strength)
    return replace(clip, masks=masks, joints=joints)


def blended(count: int, frames: int, read: Callable[[Tensor], Tensor]) -> Tensor:
    """What is read of each frame of a track, in windows that overlap by half.

    Args:
        count: T, frames of the track.
        frames: of a window.
        read: of windows (N, frames) of indices of frames makes (N, frames, D). A track shorter
            than a window repeats its last frame.

    Returns:
        (T, D), blended with triangular weights, so that the seams do not show.
    """
    padded = max(count, frames)
    last = padded - frames
    starts = torch.tensor([*range(0, last, _HOP), last])
    positions = starts[:, None] + torch.arange(frames)
    shown = positions.clamp(max=count - 1)
    windows = torch.cat([read(part).cpu() for part in shown.split(_BATCH)])
    ramp = torch.arange(1, frames // 2 + 1, dtype=torch.float32)
    weights = torch.cat((ramp, ramp.flip(0)))[:, None]
    total, weight = torch.zeros(padded, windows.shape[2]), torch.zeros(padded, 1)
    for place, window in zip(positions, windows, strict=True):
        total[place] += weights * window
        weight[place] += weights
    return (total / weight)[:count]


def cleaned(masks: Tensor) -> np.ndarray:
    """(T, 64, 64) in and out: without specks and gaps."""
    return np.stack([_bridged(_main_body(mask)) for mask in masks.numpy()])


def in_step(masks: Tensor, network: nn.Module, noise: Tensor) -> Tensor:
    """(T, 64, 64) in and out: what a generator f(X, R) makes of each window, blended."""
    device = noise.device

    def made(at: Tensor) -> Tensor:
        return network(masks[at].to(device), noise.expand(len(at), -1)).flatten(2)

    return blended(len(masks), network.dims.frames, made).unflatten(1, masks.shape[1:])


def _synthesise(walk: _Gait, late: Tensor, anet: ANet, noise: Tensor) -> _Gait:
    """A-NET's, each frame as the walk was `late` (T,) frames before."""
    device, frames, count = noise.device, anet.dims.frames, len(walk.masks)

    def read(at: Tensor) -> Tensor:
        joints = None if walk.joints is None else walk.joints[at].to(device)
        return anet.read(walk.masks[at].to(device), joints).reshape(len(at), frames, -1)

    content = blended(count, frames, read)
    moments = (torch.arange(count) - late).clamp(0, count - 1)
    before = moments.long()
    after = (before + 1).clamp(max=count - 1)
    content = content[before].lerp(content[after], (moments - before)[:, None].float())
    parts = content[..., None, None].to(device).split(_BATCH * frames)
    written = [anet.write(part, noise[None]) for part in parts]
    masks = torch.cat([one.logits[0].sigmoid().cpu() for one in written])
    if any(one.joints is None for one in written):
        return _Gait(masks, None)
    return _Gait(masks, torch.cat([one.joints[0].cpu() for one in written]))


def _interleaved(streams: list[Tensor]) -> Tensor:
    """(T, ...): the frames of streams in turn."""
    result = streams[0].new_empty(sum(map(len, streams)), *streams[0].shape[1:])
    for first, stream in enumerate(streams):
        result[first :: len(streams)] = stream
    return result


def _smooth(values: Tensor, streams: int) -> Tensor:
    """Triangular filter over the interleaved streams, which know nothing of each other."""
    reach = streams - 1
    padded = torch.cat([values[:1]] * reach + [values] + [values[-1:]] * reach)
    weights = [streams - abs(offset) for offset in range(-reach, streams)]
    shifted = (padded[i : i + len(values)] * weight for i, weight in enumerate(weights))
    return sum(shifted) / sum(weights)


def _main_body(mask: np.ndarray) -> np.ndarray:
    """Drop specks that do not touch the largest component."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > _FAINT).astype(np.uint8))
    if count <= 2:
        return mask
    return mask * (labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax())


def _bridged(mask: np.ndarray) -> np.ndarray:
    """Close a gap between parts of the body, a foot say, where A-NET is unsure of it."""
    body = (mask > 0.5).astype(np.uint8)
    if cv2.connectedComponents(body)[0] <= 2:
        return mask
    padded = cv2.copyMakeBorder(body, 8, 8, 8, 8, cv2.BORDER_CONSTANT)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _GAP)[8:-8, 8:-8] > 0
    return np.where(closed & (mask > _UNSURE), np.maximum(mask, _BRIDGE), mask)


def _part_of_the_way(old: np.ndarray, new: np.ndarray, strength: float) -> np.ndarray:
    """(64, 64): the silhouette between two, where the mean of their signed distances is 0."""
    inside = [(mask > 0.5).astype(np.uint8) for mask in (old, new)]
    if not all(mask.any() for mask in inside):
        return new
    before, after = map(depth_in, inside)
    return np.clip(0.5 + ((1 - strength) * before + strength * after) / 2, 0, 1)


def _joints_between(old: np.ndarray | None, new: np.ndarray, strength: float) -> np.ndarray:
    """(T, 19, 3) float32, visible: between the old joints (T, 19, 3), where these are known, and
    the new ones (T, 19, 2)."""
    places = new
    if old is not None and strength < 1:
        between = old[..., :2] + strength * (new - old[..., :2])
        places = np.where(old[..., 2:] > 0, between, new)
    return np.concatenate([places, np.ones_like(places[..., :1])], axis=2).astype(np.float32)
