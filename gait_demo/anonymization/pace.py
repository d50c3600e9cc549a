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
_SHARE = 0.2  # maximum delay as a share of a track's duration
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


def timing(
    delays: np.ndarray, times: np.ndarray, first: int, fixed: np.ndarray
) -> tuple[int, np.ndarray]:
    """Which moments of a track the frames of a shot show. At the start of the shot, and in fixed
    frames, there is no delay.

    Args:
        delays: (N,) seconds, for the N frames of the shot.
        times: (N,) rising, in seconds.
        first: position in the shot of the first frame of the track.
        fixed: (T,) bool, for the frames of the track: True where the new walker must be where the
            old one is.

    Returns:
        The position in the shot of the first frame that shows the new walker; and (T',) float64:
        for this frame and the following ones, the position in the track of the moment they show.
    """
    old = times[first : first + len(fixed)]
    at = np.concatenate([times[:1], old[fixed]])
    after = np.searchsorted(at, times).clip(1, len(at) - 1) if len(at) > 1 else 0
    away = np.minimum(np.abs(times - at[after]), np.abs(times - at[after - 1]))
    late = np.minimum(delays, _SLOPE * away).clip(0, _SHARE * (old[-1] - old[0]))
    shown = times - late
    within = np.flatnonzero((shown >= old[0]) & (shown <= old[-1]))
    return int(within[0]), np.interp(shown[within], old, np.arange(len(old)))


def nearest(timing: np.ndarray) -> np.ndarray:
    """(T',) int: the frames of a track that are nearest to the moments of a `timing`."""
    return np.rint(timing).astype(int)


def retimed(clip: SilhouetteClip, timing: np.ndarray) -> SilhouetteClip:
    """The walk of a track at other moments.

    Args:
        clip: of T frames.
        timing: (T',) positions in [0, T - 1].

    Returns:
        A clip of T' frames with the nearest silhouettes; squares and joints are interpolated.
    """
    before = timing.astype(int)
    after = np.minimum(before + 1, len(clip) - 1)
    share = (timing - before).astype(np.float32)

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
