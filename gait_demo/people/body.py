"""What landmarks tell about a body: its full extent (also where it is hidden), head and posture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import uniform_filter1d

from gait_demo.people.disjoint_mattes import head_reach
from gait_demo.people.segmenter import (
    ANKLES,
    HEELS,
    HIPS,
    KNEES,
    LEFT_EAR,
    NOSE,
    RIGHT_EAR,
    SHOULDERS,
    TOES,
    WRISTS,
    Detection,
)
from gait_demo.silhouettes.crops import steady_boxes

# "heights" are heights of the upright body
_BORDER_PX = 1.5  # a body whose box comes this near to the frame's border is cut off by it
_CROWN = 0.09  # heights from the nose to the top of the head
_HEAD = 0.085  # heights: minimum radius of a head with its hair
_FACE = 0.5  # the same, as a share of the distance from the face to the shoulders
_LARGEST_HEAD = 2.0  # radii: what the matte shows of a head may enlarge it up to this
_NECK = 0.6  # share of the distance from nose to shoulders at which the head ends
_LEANING = 40.0  # degrees between trunk and vertical; a walker leans less
_STEP_S = 1.2  # about one stride: window for the swing of the legs
# heights: standard deviation of the vector between both knees, and both ankles, within that window;
# limping walkers have 0.03 to 0.08, people who stand 0.01
_SWING = 0.03
_SPEED = 0.12  # heights per second: whoever moves faster walks, even if the legs do not show it
# degrees of knee flexion in the image; walkers exceed 55 to 65 in 10 % of their frames, runners 105
_FLEXED = 78.0
_SEATED = 0.95  # trunk lengths from the hips down to the ankles; people who stand average 1.3
_ROWS = 40  # the top 1/40 of a body's rows tells whether the frame cuts off the head:
_AS_WIDE = 0.55  # a head is narrower than this share of the body's largest width
_CUT = 0.62  # share of the body's height within the frame that a walker needs
_ALONG = np.linspace(0.1, 0.95, 8)[:, None, None]  # positions along a bone, to sample the matte
_LEGS_SEEN = 0.6  # share of these positions inside the matte; with fewer, the legs are hidden


def body_boxes(
    seen: Mapping[int, Detection], frames: np.ndarray, shape: tuple[int, int], fps: float
) -> np.ndarray:
    """Steady boxes from head to feet, also for people whom the frame's border or an object hides in
    part.

    Args:
        seen: detections by frame index; at least one.
        frames: (T,) consecutive frames.
        shape: (H, W) of a frame.

    Returns:
        (T, 4) float32; may reach over the frame's border.
    """
    at = np.array(sorted(seen))
    extents = np.array([_extent(seen[n], shape) for n in at])
    return steady_boxes(frames, at, extents, fps)


def head_of(person: Detection) -> np.ndarray:
    """(3,) float32: x, y and radius of the head, in pixels; nan without landmarks."""
    if person.landmarks is None:
        return np.full(3, np.nan, np.float32)
    x, y, radius = head_in(person.landmarks, person.height)
    seen = head_reach(person, np.float32([x, y]), _LARGEST_HEAD * radius)
    return np.float32([x, y, max(radius, seen)])


def head_in(landmarks: np.ndarray, height: float) -> np.ndarray:
    """(3,) float32: x, y and radius of the head, in pixels, from landmarks alone.

    Args:
        landmarks: (33, 4), as in `Detection`.
        height: of the body, in pixels.
    """
    points = landmarks[:, :2]
    centre = points[[NOSE, LEFT_EAR, RIGHT_EAR]].mean(axis=0)
    to_shoulders = np.linalg.norm(points[list(SHOULDERS)].mean(axis=0) - centre)
    up = points[list(SHOULDERS)].mean(axis=0) - points[list(HIPS)].mean(axis=0)
    up = up / max(np.linalg.norm(up), 1e-6)
    radius = max(_HEAD * height, _FACE * to_shoulders)
    return np.float32([*(centre + 0.3 * radius * up), radius])


def neck_of(person: Detection) -> float:
    """y in pixels of the lower end of an upright person's head; nan without landmarks."""
    if person.landmarks is None:
        return np.nan
    nose, shoulders = person.landmarks[NOSE, 1], person.landmarks[list(SHOULDERS), 1].mean()
    return float(nose + max(_NECK * (shoulders - nose), 0.04 * person.height))


def could_walk(person: Detection, shape: tuple[int, int]) -> bool:
    """Whether a person stands upright with lowered arms, is in the frame from head to knees, and
    has visible legs."""
    if person.landmarks is None:
        width, height = person.box[2:] - person.box[:2]
        return bool(height > width)
    points = person.landmarks[:, :2]
    shoulders, hips = (points[list(pair)].mean(axis=0) for pair in (SHOULDERS, HIPS))
    trunk = hips - shoulders
    length = max(float(np.linalg.norm(trunk)), 1e-6)
    lean = np.degrees(np.arccos(np.clip(trunk[1] / length, -1, 1)))
    legs = points[list(ANKLES), 1].max() - hips[1]
    top, bottom, _, _ = _extent(person, shape)
    inside = min(bottom, shape[0]) - max(top, 0)
    hands = points[list(WRISTS), 1].min()
    is_upright = lean < _LEANING and legs > _SEATED * length and hands > shoulders[1]
    is_whole = inside > _CUT * (bottom - top) and points[NOSE, 1] >= 0
    return bool(is_upright and is_whole and _shows_legs(person, shape) and not _is_headless(person))


def takes_steps(landmarks: np.ndarray, heights: np.ndarray, fps: float) -> np.ndarray:
    """(T,) bool: whether a person walks (also on the spot, as on a treadmill) and does not stand.

    Args:
        landmarks: (T, 33, 4), as in `Detection`.
        heights: (T,) of the body, in pixels.
    """
    tall = float(np.median(heights))
    window = max(3, round(_STEP_S * fps))
    points = landmarks[..., :2] / tall
    hips = uniform_filter1d(points[:, list(HIPS)].mean(axis=1), window, axis=0, mode="nearest")
    speed = np.linalg.norm(np.gradient(hips, axis=0), axis=1) * fps if len(hips) > 1 else 0.0
    apart = np.concatenate([points[:, a] - points[:, b] for a, b in (KNEES, ANKLES)], axis=1)
    mean, square = (
        uniform_filter1d(signal, window, axis=0, mode="nearest") for signal in (apart, apart**2)
    )
    swing = np.sqrt((square - mean**2).clip(0).sum(axis=1) / 2)
    return (swing > _SWING) | (speed > _SPEED)


def flexes_knee(person: Detection) -> bool:
    """Whether a knee is bent farther than walkers bend theirs, as in running or climbing."""
    if person.landmarks is None:
        return False
    hips, knees, ankles = (person.landmarks[list(pair), :2] for pair in (HIPS, KNEES, ANKLES))
    thighs, shanks = knees - hips, ankles - knees
    lengths = np.linalg.norm(thighs, axis=1) * np.linalg.norm(shanks, axis=1)
    cosines = (thighs * shanks).sum(axis=1) / np.maximum(lengths, 1e-6)
    return bool(cosines.min() < np.cos(np.radians(_FLEXED)))


def _shows_legs(person: Detection, shape: tuple[int, int]) -> bool:
    """Whether most of the legs' part within the frame is visible, and not hidden by furniture or
    other people. Told by the matte: the network also gives landmarks of hidden legs."""
    hips, knees, ankles = (person.landmarks[list(pair), :2] for pair in (HIPS, KNEES, ANKLES))
    bones = [upper + _ALONG * (lower - upper) for upper, lower in ((hips, knees), (knees, ankles))]
    points = np.concatenate(bones).reshape(-1, 2)
    inside = ((points >= 0) & (points < shape[::-1])).all(axis=1)
    if not inside.any():
        return False
    return bool((person.matte.at(points[inside]) > 0.5).mean() >= _LEGS_SEEN)


def _is_headless(person: Detection) -> bool:
    """Whether the frame's upper border cuts a body below the neck: its matte is then about as wide
    there as anywhere. The landmarks do not tell: the network fits a whole body to what it sees."""
    x0, y0, x1, y1 = (int(v) for v in person.box)
    if y0 > _BORDER_PX or x1 <= x0 or y1 <= y0:
        return False
    widths = (person.matte.drawn(x0, y0, x1 - x0, y1 - y0) > 0.5).sum(axis=1)
    upper = widths[: max(1, len(widths) // _ROWS)]
    return bool(np.median(upper) > _AS_WIDE * widths.max())


def _extent(person: Detection, shape: tuple[int, int]) -> tuple[float, float, float, float]:
    """Top, bottom, x of the middle column, and half the width of the whole body, in pixels."""
    x0, top, x1, bottom = (float(v) for v in person.box)
    centre = person.centre
    if person.landmarks is not None:
        points = person.landmarks[:, :2]
        bottom = max(bottom, float(points[[*HEELS, *TOES, *ANKLES], 1].max()))
        crown = float(points[NOSE, 1]) - _CROWN * person.height
        if top < _BORDER_PX:
            top = min(top, crown)
        elif points[list(WRISTS), 1].min() < points[NOSE, 1]:  # arms above the head
            top = max(top, crown)
        if x0 < _BORDER_PX or x1 > shape[1] - _BORDER_PX:
            centre = float(points[[*SHOULDERS, *HIPS], 0].mean())
    return top, bottom, centre, max(centre - x0, x1 - centre)
