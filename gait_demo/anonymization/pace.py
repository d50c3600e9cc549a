"""The pace of the new walker, who falls behind the old one and catches up again.

Everything about a new walker, that is place, pose and pixels, comes from a slightly earlier moment
of the old walk. Speed and cadence change, and standing feet stay where they stand.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from gait_demo.types import SilhouetteClip

_MOST_S = 0.6  # maximum delay
_EVERY_S = 3.0  # between two random delays, which a smooth curve connects
_SLOPE = 0.2  # maximum delay per second of distance from a frame without delay
_FOR_DELAYS = 2  # keeps these random numbers apart from others that the noise determines


def delays(noise: Tensor, times: np.ndarray) -> np.ndarray:
    """Random delays that change the pace by up to a fifth, on average over 3 s.

    Args:
        noise: (noise_dim,) float32; determines the result.
        times: (T,) rising, in seconds from the start of the clip.

    Returns:
        (T,) float64 seconds in [0, 0.6].
    """
    rng = np.random.default_rng([_FOR_DELAYS, *noise.cpu().numpy().view(np.uint32)])
    start = -_EVERY_S * (1 + rng.uniform())
    knots = start + _EVERY_S * np.arange((times[-1] - start) // _EVERY_S + 3)
    return PchipInterpolator(knots, rng.uniform(0, _MOST_S, len(knots)))(times)


def timing(delays: np.ndarray, times: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Which moments of a track are shown from its first frame on. In that frame, and in fixed
    frames, there is no delay.

    Args:
        delays: (N,) seconds, for the frames from the first one of the track to the last one of its
            shot.
        times: (N,) rising, in seconds.
        fixed: (T,) bool, for the frames of the track, T <= N: True where the new walker must be
            where the old one is.

    Returns:
        (T',) float64: for each of these frames up to the last one that shows the new walker, the
        position in the track of the moment that is shown.
    """
    old = times[: len(fixed)]
    without = np.concatenate([old[:1], old[1:][fixed[1:]]])
    after = np.searchsorted(without, times)
    away = np.minimum(
        np.abs(times - without[np.maximum(after - 1, 0)]),
        np.abs(times - without[np.minimum(after, len(without) - 1)]),
    )
    shown = times - np.minimum(delays, _SLOPE * away)
    return np.interp(shown[shown <= old[-1]], old, np.arange(len(old)))


def nearest(timing: np.ndarray) -> np.ndarray:
    """(T',) int: the frames of a track that are nearest to the moments of a `timing`."""
    return np.rint(timing).astype(int)


def neighbours(timing: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The frames of a track before and after the moments (T',) of a `timing`, both (T',) int and
    the same where a moment is a frame; and (T',) float32, the share of the later one."""
    before = np.floor(timing).astype(int)
    return before, np.ceil(timing).astype(int), (timing - before).astype(np.float32)


def retimed(clip: SilhouetteClip, timing: np.ndarray) -> SilhouetteClip:
    """The walk of a track at other moments.

    Args:
        clip: of T frames.
        timing: (T',) positions in [0, T - 1].

    Returns:
        A clip of T' frames with the nearest silhouettes; squares and joints are interpolated.
    """
    before, after, share = neighbours(timing)

    def between(values: np.ndarray) -> np.ndarray:
        weight = share.reshape(-1, *[1] * (values.ndim - 1))
        return (1 - weight) * values[before] + weight * values[after]

    joints = None if clip.joints is None else between(clip.joints)
    if joints is not None:
        visible = np.minimum(clip.joints[before, :, 2], clip.joints[after, :, 2])
        joints[..., 2] = visible
    return replace(
        clip, masks=clip.masks[nearest(timing)], squares=between(clip.squares), joints=joints
    )
