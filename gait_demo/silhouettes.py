"""Silhouettes of a track as the paper crops them: 64x64 squares of the person's height."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.background.foreground import ForegroundClip

from .boxes import bounds, iou
from .morphology import moved
from .sightings import Sighting, Sightings, join
from .structures import SILHOUETTE_SIZE, SilhouetteClip, Track

_ONE_COMPONENT = 0.95  # QAGait: share of the foreground that its largest component must hold
# "spread" of `evaluate quality` on `synthesize casia --people 24 --conditions nm-01,bg-01,cl-01`
_SPREADS = (-0.58, -0.21)
_NEAR = 0.01  # QAGait: how far from a template's the spread may be
EMPTY = 0.03  # of the square: less is no silhouette
_FOOT = 0.025  # heights: flatter foreground on the floor is shadow
_FEET_ZONE = 0.12  # heights above the feet line in which that is looked for
_SHINS = 0.12  # heights above the lowest part of a mask from which feet are looked for, ...
_FOOT_REACH = (0.12, 0.06)  # ... sideways and downwards, where a detector may miss them
_HEAD_MISSING, _LEGS_MISSING = 0.04, 0.1  # heights by which a mask ends before its box
_SHOULDERS, _HEAD_REACH = 0.1, 0.12  # heights below its top, and sideways of their middle
_RIVAL = 0.5  # heights of a person that another must have to be told apart by distance
_SURE, _SAME_PERSON = 0.35, 0.45  # score of a neighbour, and share of boxes that are one person's
_SIDE_MARGIN = 0.06  # heights around the box from which a track's foreground is taken


def squares_from_boxes(xyxy: np.ndarray) -> np.ndarray:
    """The squares around people: as high as the box, on its feet line, centred on its middle.

    Args:
        xyxy: (T, 4) boxes from the top of the head to the feet, centred on the column that
            halves the silhouette.

    Returns:
        (T, 4) float32.
    """
    xyxy = np.asarray(xyxy, np.float32)
    middle, half = (xyxy[:, 0] + xyxy[:, 2]) / 2, (xyxy[:, 3] - xyxy[:, 1]) / 2
    return np.stack([middle - half, xyxy[:, 1], middle + half, xyxy[:, 3]], axis=1)


def box_around(mask: np.ndarray) -> np.ndarray:
    """The box of a whole silhouette, centred on the column that halves it.

    Args:
        mask: (H, W) bool or uint8, not empty.

    Returns:
        (4,) float32, as `squares_from_boxes` takes it.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    mass = mask.sum(axis=0).cumsum()
    middle = np.searchsorted(mass, mass[-1] / 2) + 0.5
    half = max(middle - columns[0], columns[-1] + 1 - middle)
    return np.array([middle - half, rows[0], middle + half, rows[-1] + 1], np.float32)


def boxes_around(clip: SilhouetteClip) -> np.ndarray:
    """(T, 4) float32: the tightest box around each silhouette, in pixels of the video."""
    corners, cells = clip.squares[:, :2], np.diff(clip.squares[:, [0, 2]]) / SILHOUETTE_SIZE
    inside = np.stack([bounds(mask > 0.5) for mask in clip.masks])
    return np.tile(corners, 2) + cells * inside


def normalise(mask: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A mask's square, resampled by area.

    Args:
        mask: (H, W), or (H, W, C), 0 to 1; what the square holds beyond it is empty.
        square: (x0, y0, x1, y1) in pixels of the mask.

    Returns:
        (64, 64), or (64, 64, C), float32 in [0, 1].
    """
    return _resample(mask.astype(np.float32), square, cv2.BORDER_CONSTANT)


def crop_square(rgb: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A frame's square as the input of C-NET, the border repeated beyond the frame.

    Args:
        rgb: (H, W, 3) uint8.
        square: (x0, y0, x1, y1) in pixels.

    Returns:
        (64, 64, 3) float32 in [0, 1].
    """
    x0, y0, x1, y1 = square
    h, w = rgb.shape[:2]
    left, top = max(0, int(x0) - 2), max(0, int(y0) - 2)
    part = rgb[top : min(h, int(y1) + 3), left : min(w, int(x1) + 3)]
    if part.size == 0:
        return np.zeros((SILHOUETTE_SIZE, SILHOUETTE_SIZE, 3), np.float32)
    square = np.array([x0 - left, y0 - top, x1 - left, y1 - top])
    return _resample(part, square, cv2.BORDER_REPLICATE).astype(np.float32) / 255


def extract(
    foreground: ForegroundClip,
    track: Track,
    others: list[Track],
    sightings: Sightings | None = None,
) -> SilhouetteClip:
    """The silhouettes of one person: as seen, or else from the foreground in the track's box.

    Args:
        foreground: of the whole clip.
        track: whose silhouettes.
        others: every track of the clip; the track itself may be among them.
        sightings: of the whole clip, if a detector found the track.
    """
    squares = squares_from_boxes(track.xyxy)
    masks = np.zeros((len(track), SILHOUETTE_SIZE, SILHOUETTE_SIZE), np.float32)
    for n in range(len(track)):
        own = own_mask(foreground, track, others, track.first_frame + n, sightings)
        masks[n] = normalise(own, squares[n] * foreground.scale)
    return SilhouetteClip(track.track_id, track.first_frame, masks, squares)


def own_mask(
    foreground: ForegroundClip,
    track: Track,
    others: list[Track],
    frame: int,
    sightings: Sightings | None = None,
) -> np.ndarray:
    """Where one person is in one frame of the track, (h, w) uint8, 0 or 1, working resolution.

    As seen; between two looks as in the last, moved along with the box, and sharpened by the
    foreground; of a lost person, foreground counts if it lies in the track's box and, where
    the box of another who was found overlaps, is nearer to this person's middle.
    """
    n = frame - track.first_frame
    if sightings is not None and track.sightings is not None and track.found[n]:
        look, seen, shift = _last_look(track, frame, sightings)
        if look == frame:
            return sightings.mask(seen)
        masks = [
            moved(sightings.mask(one), foreground.scale * shift)
            for one in (seen, *_neighbours(seen, sightings.frames[look]))
        ]
        return join(np.stack(masks), foreground[frame])[0]
    rivals = [
        other.xyxy[frame - other.first_frame]
        for other in others
        if other.track_id != track.track_id and not other.is_part and other.is_found(frame)
    ]
    return own_foreground(foreground[frame], track.xyxy[n], rivals, foreground.scale)


def own_place(
    foreground: ForegroundClip,
    track: Track,
    others: list[Track],
    frame: int,
    sightings: Sightings,
) -> np.ndarray:
    """As own_mask, and where the head and the feet may be: a detector often misses these."""
    mask = own_mask(foreground, track, others, frame, sightings)
    if not mask.any():
        return mask
    box = track.xyxy[frame - track.first_frame]
    if track.sightings is None or not track.is_found(frame):
        return mask | _head_place(mask, foreground.scale * box)
    _, sighting, shift = _last_look(track, frame, sightings)
    detected = sighting.xyxy + np.tile(shift, 2)
    box = np.concatenate([np.minimum(box[:2], detected[:2]), np.maximum(box[2:], detected[2:])])
    mask = mask | _head_place(mask, foreground.scale * box)
    return mask | _legs_place(mask, foreground.scale * detected) | _feet_place(mask)


def _last_look(track: Track, frame: int, sightings: Sightings) -> tuple[int, Sighting, np.ndarray]:
    """When and how somebody was last seen, and the full pixels, (2,), by which they have moved
    since."""
    n = frame - track.first_frame
    looked = n - int(np.argmax(track.sightings[n::-1] >= 0))
    look = track.first_frame + looked
    shift = (track.xyxy[n] - track.xyxy[looked]).reshape(2, 2).mean(axis=0)
    return look, sightings.frames[look][track.sightings[looked]], shift


def _neighbours(person: Sighting, seen: list[Sighting]) -> list[Sighting]:
    """Who else is surely seen, and at another place."""
    return [
        one
        for one in seen
        if one is not person
        and not one.bridged
        and one.score >= _SURE
        and iou(one.xyxy, person.xyxy) < _SAME_PERSON
    ]


def _legs_place(mask: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Between the bottom of a mask, (h, w) uint8, and that of a box in its pixels."""
    place = np.zeros_like(mask)
    bottom, soles = int(np.flatnonzero(mask.any(axis=1))[-1]), int(np.ceil(box[3]))
    if soles - bottom > _LEGS_MISSING * (box[3] - box[1]):
        left, right = max(0, int(np.floor(box[0]))), max(0, int(np.ceil(box[2])))
        place[bottom:soles, left:right] = 1
    return place


def _head_place(mask: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Between the top of a mask, (h, w) uint8, and that of a box in its pixels."""
    place = np.zeros_like(mask)
    top, head = int(np.flatnonzero(mask.any(axis=1))[0]), max(0, int(np.floor(box[1])))
    height = box[3] - box[1]
    if top - head > _HEAD_MISSING * height:
        shoulders = mask[top : top + max(1, round(_SHOULDERS * height))]
        middle = np.flatnonzero(shoulders.any(axis=0)).mean()
        left, right = (round(middle + side * _HEAD_REACH * height) for side in (-1, 1))
        place[head : top + 1, max(0, left) : max(0, right + 1)] = 1
    return place


def _feet_place(mask: np.ndarray) -> np.ndarray:
    """Around the lowest part of a mask, (h, w) uint8, not empty."""
    height = cv2.boundingRect(mask)[3]
    lowest = int(np.flatnonzero(mask.any(axis=1))[-1])
    knees = max(0, lowest - round(_SHINS * height))
    aside, down = (round(share * height) for share in _FOOT_REACH)
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * aside + 1, 2 * down + 1))
    feet = mask.copy()
    feet[:knees] = 0
    legs = feet[max(0, knees - down) :]
    legs[:] = cv2.dilate(legs, reach)
    return feet


def own_foreground(
    mask: np.ndarray, box: np.ndarray, rivals: list[np.ndarray], scale: float
) -> np.ndarray:
    """The foreground of one person in one frame.

    Args:
        mask: (h, w) uint8, 0 or 1, at working resolution.
        box: (x0, y0, x1, y1) of the person in full-resolution pixels.
        rivals: boxes of the other people in the frame.
        scale: working pixels per full pixel.

    Returns:
        (h, w) uint8, 0 or 1.
    """
    x0, y0, x1, y1 = _around(box, scale, mask.shape)
    own = np.zeros_like(mask)
    if x1 == x0 or y1 == y0:  # beyond the border
        return own
    own[y0:y1, x0:x1] = mask[y0:y1, x0:x1]
    columns = np.arange(x0, x1)
    for rival in rivals:
        near = min(box[2], rival[2]) > max(box[0], rival[0])
        if near and rival[3] - rival[1] > _RIVAL * (box[3] - box[1]):
            mine = np.abs(columns - scale * (box[0] + box[2]) / 2) / (box[2] - box[0])
            theirs = np.abs(columns - scale * (rival[0] + rival[2]) / 2) / (rival[2] - rival[0])
            _, r0, _, r1 = _around(rival, scale, mask.shape)
            own[max(y0, r0) : min(y1, r1), columns[theirs < mine]] = 0
    height = scale * (box[3] - box[1])
    own[y0:y1, x0:x1] = _person_parts(_without_streaks(own[y0:y1, x0:x1], height))
    return own


def _without_streaks(mask: np.ndarray, height: float) -> np.ndarray:
    """Takes away flat remains of shadow at the feet: what is lower than a foot is high."""
    foot = max(1, round(_FOOT * height))
    lowest = max(0, mask.shape[0] - round((_SIDE_MARGIN + _FEET_ZONE) * height))
    if lowest < mask.shape[0]:
        line = np.ones((foot, 1), np.uint8)
        mask[lowest:] = cv2.morphologyEx(mask[lowest:], cv2.MORPH_OPEN, line)
    return mask


def _person_parts(mask: np.ndarray) -> np.ndarray:
    """The largest component and those above, below or within it; not those beside it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 2:  # nothing, or one piece
        return mask
    body = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, width = stats[body, cv2.CC_STAT_LEFT], stats[body, cv2.CC_STAT_WIDTH]
    starts = stats[:, cv2.CC_STAT_LEFT]
    ends = starts + stats[:, cv2.CC_STAT_WIDTH]
    shared = np.minimum(ends, left + width) - np.maximum(starts, left)
    keep = shared > 0.5 * (ends - starts)
    keep[0] = False
    return keep.astype(np.uint8)[labels]


def is_good(mask: np.ndarray) -> bool:
    """Whether a silhouette is one piece and spread as a walker's is: QAGait's two rules.

    The second asks 10^4 * cv2.matchShapes(silhouette, template, CONTOURS_MATCH_I2, 0) < 100 of
    some template. Of pictures of 0 and 255 all but the first Hu moment are too small for OpenCV
    to compare, and what is left is the difference of two spreads: less than 0.01. Templates of
    all views and phases fill an interval, here that of our own walkers.

    Args:
        mask: (64, 64) float32 in [0, 1].
    """
    if np.count_nonzero(mask > 0.5) < EMPTY * mask.size or not is_one_piece(mask):
        return False
    return _SPREADS[0] - _NEAR < spread(mask) < _SPREADS[1] + _NEAR


def is_one_piece(mask: np.ndarray) -> bool:
    """Whether the largest component holds over 95 % of the foreground.

    Args:
        mask: (64, 64) float32 in [0, 1].
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    return len(areas) > 0 and bool(areas.max() > _ONE_COMPONENT * areas.sum())


def spread(mask: np.ndarray) -> float:
    """The logarithm to base 10 of the first Hu moment: inertia about the middle over squared area.

    Args:
        mask: (64, 64) float32 in [0, 1], not empty.
    """
    moments = cv2.moments((mask > 0.5).astype(np.uint8), binaryImage=True)
    return float(np.log10(moments["nu20"] + moments["nu02"]))


def _around(box: np.ndarray, scale: float, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box with its margin, in whole working pixels within the mask."""
    margin = _SIDE_MARGIN * (box[3] - box[1])
    low = np.floor((np.asarray(box[:2]) - margin) * scale)
    high = np.ceil((np.asarray(box[2:]) + margin) * scale)
    h, w = shape
    x0, y0 = int(np.clip(low[0], 0, w)), int(np.clip(low[1], 0, h))
    return x0, y0, int(np.clip(high[0], x0, w)), int(np.clip(high[1], y0, h))


def _resample(image: np.ndarray, square: np.ndarray, border: int) -> np.ndarray:
    """A square of an image at 64x64: each output pixel is the mean over its share of the square.

    Sub-pixel squares are taken by a bilinear warp to a whole number of samples per pixel.
    """
    x0, y0, x1, y1 = (float(v) for v in square)
    fold = max(1, int(np.ceil((y1 - y0) / SILHOUETTE_SIZE)))
    size = SILHOUETTE_SIZE * fold
    sx, sy = (x1 - x0) / size, (y1 - y0) / size
    to_image = np.array([[sx, 0, x0 + sx / 2 - 0.5], [0, sy, y0 + sy / 2 - 0.5]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    samples = cv2.warpAffine(image, to_image, (size, size), None, how, border)
    if fold == 1:
        return samples
    return cv2.resize(samples, (SILHOUETTE_SIZE, SILHOUETTE_SIZE), interpolation=cv2.INTER_AREA)
