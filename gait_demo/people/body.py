"""What landmarks say of a body: where it would be if all of it were seen, its head, its posture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import uniform_filter1d

from gait_demo.people.overlap import head_reach
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

_BORDER_PX = 1.5  # nearer to the frame's border, a body is cut by it
_CROWN = 0.09  # heights from the nose to the top of the head
_HEAD = 0.085  # heights: radius of a head with its hair
_FACE = 0.5  # of the distance from the nose to the shoulders: the same of larger heads
_LARGEST_HEAD = 2.0  # times that radius, where landmarks miss what the matte shows of a head
_NECK = 0.6  # of that distance, from the nose down to where a head ends
_LEANING = 40.0  # degrees of the trunk from the vertical; a walker leans less
_STEP_S = 1.2  # over which knees and ankles pass each other in a walk, ...
_SWING = 0.03  # ... heights: their deviation; limping walkers have 0.03 to 0.08, the standing 0.01
_SPEED = 0.12  # heights a second: who goes as fast walks, whatever is seen of the legs
_FLEXED = 78.0  # degrees of a knee in the picture; in 10 % of frames walkers have over 55 to 65,
# runners over 105
_SEATED = 0.95  # trunks from hips to ankles, downwards; whoever stands has more, 1.3 in the mean
_ROWS = 40  # the upper one of so many equal parts of a body is looked at, ...
_AS_WIDE = 0.55  # ... and is no head if it has so much of the largest width
_CUT = 0.62  # of the body's height within the picture; a walker needs more
_ALONG = np.linspace(0.1, 0.95, 8)[:, None, None]  # of a bone: where it is looked for in a matte
_LEGS_SEEN = 0.6  # of these places; something hides the legs of whom a matte shows fewer


def body_boxes(
    seen: Mapping[int, Detection], frames: np.ndarray, shape: tuple[int, int], fps: float
) -> np.ndarray:
    """Steady boxes from head to feet, also of whom the border or something else cuts.

    Args:
        seen: detections by frame; at least one.
        frames: (T,) consecutive frames.
        shape: (H, W) of a frame.

    Returns:
        (T, 4) float32; may reach over the frame's border.
    """
    at = np.array(sorted(seen))
    extents = np.array([_extent(seen[n], shape) for n in at])
    return steady_boxes(frames, at, extents, fps)


def head_of(one: Detection) -> np.ndarray:
    """(3,) float32: centre and radius of a head, in pixels; without landmarks nan."""
    if one.landmarks is None:
        return np.full(3, np.nan, np.float32)
    x, y, radius = head_in(one.landmarks, one.height)
    seen = head_reach(one, np.float32([x, y]), _LARGEST_HEAD * radius)
    return np.float32([x, y, max(radius, seen)])


def head_in(landmarks: np.ndarray, height: float) -> np.ndarray:
    """(3,) float32: centre and radius of a head, in pixels.

    Args:
        landmarks: (33, 4), as of `Detection`.
        height: of the body, in pixels.
    """
    points = landmarks[:, :2]
    centre = points[[NOSE, LEFT_EAR, RIGHT_EAR]].mean(axis=0)
    to_shoulders = np.linalg.norm(points[list(SHOULDERS)].mean(axis=0) - centre)
    up = points[list(SHOULDERS)].mean(axis=0) - points[list(HIPS)].mean(axis=0)
    up = up / max(np.linalg.norm(up), 1e-6)
    radius = max(_HEAD * height, _FACE * to_shoulders)
    return np.float32([*(centre + 0.3 * radius * up), radius])


def neck_of(one: Detection) -> float:
    """y in pixels down to which the head of somebody upright reaches; without landmarks nan."""
    if one.landmarks is None:
        return np.nan
    nose, shoulders = one.landmarks[NOSE, 1], one.landmarks[list(SHOULDERS), 1].mean()
    return float(nose + max(_NECK * (shoulders - nose), 0.04 * one.height))


def could_walk(one: Detection, shape: tuple[int, int]) -> bool:
    """Whether somebody is on their feet, upright, with lowered arms, in the picture from head to
    knees, and on legs that show."""
    if one.landmarks is None:
        width, height = one.box[2:] - one.box[:2]
        return bool(height > width)
    points = one.landmarks[:, :2]
    shoulders, hips = (points[list(pair)].mean(axis=0) for pair in (SHOULDERS, HIPS))
    trunk = hips - shoulders
    length = max(float(np.linalg.norm(trunk)), 1e-6)
    lean = np.degrees(np.arccos(np.clip(trunk[1] / length, -1, 1)))
    legs = points[list(ANKLES), 1].max() - hips[1]
    top, bottom, _, _ = _extent(one, shape)
    inside = min(bottom, shape[0]) - max(top, 0)
    hands = points[list(WRISTS), 1].min()
    is_upright = lean < _LEANING and legs > _SEATED * length and hands > shoulders[1]
    is_whole = inside > _CUT * (bottom - top) and points[NOSE, 1] >= 0
    return bool(is_upright and is_whole and _shows_legs(one, shape) and not _is_headless(one))


def takes_steps(landmarks: np.ndarray, heights: np.ndarray, fps: float) -> np.ndarray:
    """(T,) bool: whether somebody walks, also on the spot, and does not just stand there.

    Args:
        landmarks: (T, 33, 4), as of `Detection`.
        heights: (T,) of the body, in pixels.
    """
    tall = float(np.median(heights))
    window = max(3, round(_STEP_S * fps))
    points = landmarks[..., :2] / tall
    hips = uniform_filter1d(points[:, list(HIPS)].mean(axis=1), window, axis=0, mode="nearest")
    speed = np.linalg.norm(np.gradient(hips, axis=0), axis=1) * fps if len(hips) > 1 else 0.0
    apart = np.concatenate([points[:, a] - points[:, b] for a, b in (KNEES, ANKLES)], axis=1)
    mean, square = (
        uniform_filter1d(each, window, axis=0, mode="nearest") for each in (apart, apart**2)
    )
    swing = np.sqrt((square - mean**2).clip(0).sum(axis=1) / 2)
    return (swing > _SWING) | (speed > _SPEED)


def flexes_knee(one: Detection) -> bool:
    """Whether a knee is bent farther than in a walker's swing: somebody runs, climbs or dances."""
    if one.landmarks is None:
        return False
    hips, knees, ankles = (one.landmarks[list(pair), :2] for pair in (HIPS, KNEES, ANKLES))
    thighs, shanks = knees - hips, ankles - knees
    lengths = np.linalg.norm(thighs, axis=1) * np.linalg.norm(shanks, axis=1)
    cosines = (thighs * shanks).sum(axis=1) / np.maximum(lengths, 1e-6)
    return bool(cosines.min() < np.cos(np.radians(_FLEXED)))


def _shows_legs(one: Detection, shape: tuple[int, int]) -> bool:
    """Whether most of what the picture holds of both legs is seen, and not hidden by furniture or
    by other people. Landmarks do not tell, they guess what is hidden."""
    hips, knees, ankles = (one.landmarks[list(pair), :2] for pair in (HIPS, KNEES, ANKLES))
    bones = [upper + _ALONG * (lower - upper) for upper, lower in ((hips, knees), (knees, ankles))]
    points = np.concatenate(bones).reshape(-1, 2)
    inside = ((points >= 0) & (points < shape[::-1])).all(axis=1)
    if not inside.any():
        return False
    return bool((one.matte.at(points[inside]) > 0.5).mean() >= _LEGS_SEEN)


def _is_headless(one: Detection) -> bool:
    """Whether the frame's upper border cuts a body below the neck: it is then about as wide there
    as anywhere. Landmarks do not tell, they put a whole body into a pair of legs."""
    x0, y0, x1, y1 = (int(v) for v in one.box)
    if y0 > _BORDER_PX or x1 <= x0 or y1 <= y0:
        return False
    widths = (one.matte.drawn(x0, y0, x1 - x0, y1 - y0) > 0.5).sum(axis=1)
    upper = widths[: max(1, len(widths) // _ROWS)]
    return bool(np.median(upper) > _AS_WIDE * widths.max())


def _extent(one: Detection, shape: tuple[int, int]) -> tuple[float, float, float, float]:
    """Top, bottom, the column that halves it, and half the width of the whole body."""
    x0, top, x1, bottom = (float(v) for v in one.box)
    centre = one.centre
    if one.landmarks is not None:
        points = one.landmarks[:, :2]
        bottom = max(bottom, float(points[[*HEELS, *TOES, *ANKLES], 1].max()))
        crown = float(points[NOSE, 1]) - _CROWN * one.height
        if top < _BORDER_PX:
            top = min(top, crown)
        elif points[list(WRISTS), 1].min() < points[NOSE, 1]:  # arms above the head
            top = max(top, crown)
        if x0 < _BORDER_PX or x1 > shape[1] - _BORDER_PX:
            centre = float(points[[*SHOULDERS, *HIPS], 0].mean())
    return top, bottom, centre, max(centre - x0, x1 - centre)
