"""Another gait for a track: its silhouettes through A-NET with one noise vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from gait_demo.boxes import depth_in
from gait_demo.leaning import leans, leant
from gait_demo.models.anet import ANet
from gait_demo.noise import TRAINED_FPS, sway
from gait_demo.structures import SilhouetteClip

_HOP = 4  # frames between windows; each frame is read twice
_BATCH = 32  # windows
_FAINT = 0.1  # what is darker does not connect a speck to the body
_UNSURE = 0.2  # what is darker is surely a gap
_BRIDGE = np.float32(0.51)  # just inside
_GAP = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))  # closes gaps of up to eight pixels


@torch.inference_mode()
def anonymize(
    clip: SilhouetteClip, anet: nn.Module, noise: Tensor, *, fps: float, strength: float = 1.0
) -> SilhouetteClip:
    """f_A(X, R) for a whole track (paper, section III-B), a little out of step (`sway`).

    A-NET reads windows of a few frames. What it reads is blended and interpolated in time, and each
    frame is written once, as the walk was a moment earlier or later. Video of a high frame rate is
    taken as interleaved streams of about 25 frames per second, the pace A-NET knows, and smoothed
    over as many frames. Who leans is put upright meanwhile.

    Args:
        clip: the track's silhouettes; binarised at 0.5 here.
        anet: ready for inference; or, to compare with, another generator, which does not sway.
        noise: (noise_dim,) float32, see `noise`.
        fps: frames per second of the clip.
        strength: below 1, outlines go only this part of the way from the old to the new ones, and
            so does the sway. They hide less, see `evaluate privacy`.

    Returns:
        The same track and squares with the synthesised masks, soft at their edges.
    """
    lean = leans(clip.masks, fps)
    upright = leant(clip.masks, -lean) > 0.5
    binary = torch.from_numpy(upright.astype(np.float32))
    streams = max(1, round(fps / TRAINED_FPS))
    late = torch.from_numpy(strength * sway(noise, len(binary), fps)) * fps / streams  # frames
    masks = torch.zeros_like(binary)
    for first in range(min(streams, len(binary))):
        one = slice(first, None, streams)
        if hasattr(anet, "read"):
            masks[one] = _synthesise(binary[one], late[one], anet, noise)
        else:
            masks[one] = in_step(binary[one], anet, noise)
    if streams > 1:
        masks = _smooth(masks, streams)
    made = leant(cleaned(masks), lean)
    if strength < 1:
        made = [_part_of_the_way(*both, strength) for both in zip(clip.masks, made, strict=True)]
    return replace(clip, masks=np.stack(made))


def blended(masks: Tensor, frames: int, read: Callable[[Tensor], Tensor]) -> Tensor:
    """What is read of each frame of a track, in windows that overlap by half.

    Args:
        masks: (T, 64, 64).
        frames: of a window.
        read: of windows (N, frames, 64, 64) makes (N, frames, D).

    Returns:
        (T, D), blended with triangular weights, so that the seams do not show.
    """
    count = len(masks)
    padded = torch.cat((masks, masks[-1:].expand(max(0, frames - count), -1, -1)))
    last = len(padded) - frames
    starts = torch.tensor([*range(0, last, _HOP), last])
    positions = starts[:, None] + torch.arange(frames)
    windows = torch.cat([read(padded[part]).cpu() for part in positions.split(_BATCH)])
    ramp = torch.arange(1, frames // 2 + 1, dtype=torch.float32)
    weights = torch.cat((ramp, ramp.flip(0)))[:, None]
    total, weight = torch.zeros(len(padded), windows.shape[2]), torch.zeros(len(padded), 1)
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

    def made(windows: Tensor) -> Tensor:
        return network(windows.to(device), noise.expand(len(windows), -1)).flatten(2)

    return blended(masks, network.dims.frames, made).unflatten(1, masks.shape[1:])


def _synthesise(masks: Tensor, late: Tensor, anet: ANet, noise: Tensor) -> Tensor:
    """(T, 64, 64) in and out: A-NET's, each frame as the walk was `late` (T,) frames before."""
    device, frames = noise.device, anet.dims.frames

    def read(windows: Tensor) -> Tensor:
        return anet.read(windows.to(device)).reshape(len(windows), frames, -1)

    content = blended(masks, frames, read)
    moments = (torch.arange(len(masks)) - late).clamp(0, len(masks) - 1)
    before = moments.long()
    after = (before + 1).clamp(max=len(masks) - 1)
    content = content[before].lerp(content[after], (moments - before)[:, None].float())
    parts = content[..., None, None].to(device).split(_BATCH * frames)
    return torch.cat([anet.write(part, noise[None])[0].sigmoid().cpu() for part in parts])


def _smooth(masks: Tensor, streams: int) -> Tensor:
    """Triangular filter over the interleaved streams, which know nothing of each other."""
    reach = streams - 1
    padded = torch.cat((masks[:1].expand(reach, -1, -1), masks, masks[-1:].expand(reach, -1, -1)))
    weights = [streams - abs(offset) for offset in range(-reach, streams)]
    shifted = (padded[i : i + len(masks)] * weight for i, weight in enumerate(weights))
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
