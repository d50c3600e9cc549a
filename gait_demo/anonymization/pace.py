"""The pace of the new walker, who falls behind the old one and catches up again.

The place of a new walker comes from a slightly earlier moment of the old walk, and their pose and
pixels from another one. So speed, cadence and the length of strides, which is the speed divided by
the cadence, all change. `rendering.ground` keeps standing feet where they stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from gait_demo.types import SilhouetteClip

_MOST_S = 0.6  # maximum delay
_EVERY_S = 3.0  # between two random delays, which a smooth curve connects
_SLOPE = 0.2  # maximum delay per second of distance from a frame without delay
# keep these random numbers apart from others that the noise determines
_FOR_PLACES, _FOR_POSES = 2, 3


@dataclass(frozen=True)
class Timing:
    """Which moments of a track of T frames the T' frames of a new walk show.

    Attributes:
        places: (T',) float64, positions in [0, T - 1]: moments of the places.
        poses: (T',) float64, likewise: moments of the poses and pixels.
    """

    places: np.ndarray
    poses: np.ndarray

    @classmethod
    def same(cls, moments: np.ndarray) -> Timing:
        """Places and poses of the same moments (T',)."""
        return cls(moments, moments)

    def __len__(self) -> int:
        return len(self.places)

    @property
    def sources(self) -> np.ndarray:
        """(T',) int: the frames of the track that are nearest to the moments of the poses."""
        return np.rint(self.poses).astype(int)


def place_delays(noise: Tensor, times: np.ndarray) -> np.ndarray:
    """Random delays of the place, which change the speed by up to a fifth, on average over 3 s.

    Args:
        noise: (noise_dim,) float32; determines the result.
        times: (T,) rising, in seconds from the start of the clip.

    Returns:
        (T,) float64 seconds in [0, 0.6].
    """
    return _delays(noise, times, _FOR_PLACES)


def pose_delays(noise: Tensor, times: np.ndarray) -> np.ndarray:
    """Random delays of the pose, which change the cadence; as `place_delays`, but others."""
    return _delays(noise, times, _FOR_POSES)


def _delays(noise: Tensor, times: np.ndarray, use: int) -> np.ndarray:
    rng = np.random.default_rng([use, *noise.cpu().numpy().view(np.uint32)])
    start = -_EVERY_S * (1 + rng.uniform())
    knots = start + _EVERY_S * np.arange((times[-1] - start) // _EVERY_S + 3)
    return PchipInterpolator(knots, rng.uniform(0, _MOST_S, len(knots)))(times)


def timing(
    places: np.ndarray,
    poses: np.ndarray,
    times: np.ndarray,
    fixed: np.ndarray,
    kept: np.ndarray,
    together: np.ndarray | None = None,
    last: int = -1,
) -> Timing:
    """Which moments of a track are shown from its first frame on. In that frame there is no delay.

    Args:
        places, poses: (N,) seconds, delays for the frames from the first one of the track to the
            last one of its shot.
        times: (N,) rising, in seconds.
        fixed, kept: (T,) bool, for the frames of the track, T <= N: True where places, and where
            both places and poses, must not be late.
        together: (T,) bool, True where places and poses must be of the same moment; None: nowhere.
        last: the last frame in which the person is drawn. Poses slow down in time before it, so
            that a walker who is late does not stop there, and go on after it.

    Returns:
        The timing up to the last frame that shows the new walker.
    """
    old = times[: len(fixed)]
    start = old == old[0]
    there = _late(places, times, old[start | fixed | kept])
    taken = _late(poses, times, old[start | kept])
    count = np.searchsorted(there, old[-1], side="right")  # the moments of places rise
    there, taken, shown = there[:count], taken[:count], times[:count]
    gone = shown[np.searchsorted(there, old[last], side="right") - 1]
    rate = np.where(shown < gone, 1 - _SLOPE, 1)
    taken = np.minimum(taken, old[last] + rate * (shown - gone))
    if together is not None and together.any():
        apart = _SLOPE * _distance(there, old[together])
        taken = taken.clip(there - apart, there + apart)
    return Timing(*(np.interp(at, old, np.arange(len(old))) for at in (there, taken)))


def _late(delays: np.ndarray, times: np.ndarray, without: np.ndarray) -> np.ndarray:
    """(N,) seconds: the moments that are shown, with delays that grow slowly from moments without
    any."""
    return times - np.minimum(delays, _SLOPE * _distance(times, without))


def _distance(moments: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) seconds from moments (N,) to the nearest of others, rising."""
    after = np.searchsorted(others, moments)
    return np.minimum(
        np.abs(moments - others[np.maximum(after - 1, 0)]),
        np.abs(moments - others[np.minimum(after, len(others) - 1)]),
    )


def neighbours(moments: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The frames of a track before and after moments (T',), both (T',) int and the same where a
    moment is a frame; and (T',) float32, the share of the later one."""
    before = np.floor(moments).astype(int)
    return before, np.ceil(moments).astype(int), (moments - before).astype(np.float32)


def retimed(clip: SilhouetteClip, timing: Timing) -> SilhouetteClip:
    """The walk of a track of T frames with another timing: a clip of T' frames with the nearest
    silhouettes; squares and joints are interpolated."""
    joints = None
    if clip.joints is not None:
        joints = _between(clip.joints, timing.poses)
        before, after, _ = neighbours(timing.poses)
        joints[..., 2] = np.minimum(clip.joints[before, :, 2], clip.joints[after, :, 2])
    squares = _between(clip.squares, timing.places)
    return replace(clip, masks=clip.masks[timing.sources], squares=squares, joints=joints)


def _between(values: np.ndarray, moments: np.ndarray) -> np.ndarray:
    before, after, share = neighbours(moments)
    weight = share.reshape(-1, *[1] * (values.ndim - 1))
    return (1 - weight) * values[before] + weight * values[after]
