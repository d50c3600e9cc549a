"""One person of a clip: their place, visibility, pose and silhouettes in every frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt, median_filter

from gait_demo.joints import LEGS, joints_in, legs_seen
from gait_demo.options import PeopleOptions
from gait_demo.people.body import (
    body_boxes,
    could_walk,
    flexes_knee,
    head_of,
    neck_of,
    takes_steps,
)
from gait_demo.people.segmenter import Detection
from gait_demo.people.sides import legs_pass
from gait_demo.people.tracking import Tracklet
from gait_demo.people.visibility import Visibility
from gait_demo.silhouettes.crops import is_good, squares_from_boxes
from gait_demo.types import SILHOUETTE_SIZE, SilhouetteClip, Track

_CARRIED_S = 0.6  # longest gap between two frames that show the person, bridged by their mattes
_AROUND_S = 1.0  # before the first and after the last detection, the person may be there unseen
_STEP = 0.25  # body heights by which a foot may enter the frame before the body's box does
_WHOLE = 0.8  # share of the body's height within the frame that a visible person's matte spans
_FILLED = 0.6  # share of the usual silhouette area that a visible person's silhouette has ...
_CUT_FILLED = 0.9  # ... and the same at the left or right border, which may cut the person
_POSE_S = 1.5  # window for judging whether the person walks
_POSE_SHARE = 0.5  # with a larger share of frames without walking, the pose is kept in all frames
_FLEXED_SHARE = 0.1  # the same, for the share of frames with a knee bent farther than in walking
_EASE_S = 0.8  # transition between a kept pose and the new gait
_HEAD_S = 0.6  # before and after: frames whose median is the head's usual place in the body
_HEAD_AWAY = 0.5  # head radii from the usual place, above which both places are hidden
# heights: mean distance of the joints of two legs, below which they pass each other, unless for
# longer than this
_LEGS_NEAR, _PASS_S = 0.1, 0.3
_LEG_SEEN = 0.5  # visibility of a leg, below which something hides it, not only the body


@dataclass(frozen=True)
class Person:
    """One person of a clip, in the T frames of their track.

    Attributes:
        track: boxes from head to feet; `found` where the person is seen.
        visibility: (T,) uint8, values of `Visibility`.
        detections: T detections; where there is none, that of the nearest frame, moved.
        silhouettes: one for each frame, with joints if landmarks are known.
        keeps_pose: (T,) bool, True where the person cannot be given a new gait, because they
            stand, run, sit, bend, or are seen only in part.
        heads: (T, 3) float32, x, y and radius in pixels; nan where not known.
        necks: (T,) y in pixels of the lower end of the head; nan where not known.
        poor: (T,) bool, True where the silhouette fails the quality rule (`is_good`).
        is_refused: whether only a box is known, because the landmark network refuses the person.
    """

    track: Track
    visibility: np.ndarray
    detections: tuple[Detection, ...]
    silhouettes: SilhouetteClip
    keeps_pose: np.ndarray
    heads: np.ndarray
    necks: np.ndarray
    poor: np.ndarray
    is_refused: bool = False

    @classmethod
    def of(
        cls, tracklet: Tracklet, shape: tuple[int, int], shot: tuple[int, int], fps: float
    ) -> Person:
        """
        Args:
            tracklet: the detections of the person.
            shape: (H, W) of a frame.
            shot: first frame of the person's shot, and the one after its last.
            fps: frames per second.
        """
        around = round(_AROUND_S * fps)
        first = max(shot[0], tracklet.first - around)
        frames = np.arange(first, min(shot[1], tracklet.last + around + 1))
        boxes = body_boxes(tracklet.seen, frames, shape, fps)
        step = _STEP * (boxes[:, 3] - boxes[:, 1])
        inside = (boxes[:, 2] > -step) & (boxes[:, 0] < shape[1] + step) & (boxes[:, 1] < shape[0])
        found = np.array([n in tracklet.seen for n in frames])
        kept = np.flatnonzero(inside | found)
        part = slice(kept[0], kept[-1] + 1)
        frames, boxes, found = frames[part], boxes[part], found[part]
        detections = _carried(tracklet.seen, frames, boxes)
        track = Track(1, int(frames[0]), boxes, found)
        silhouettes = _silhouettes(detections, track, fps)
        poses = ~(
            np.array([could_walk(detection, shape) for detection in detections])
            & _steps(detections, fps)
        )
        flexed = np.array([flexes_knee(detection) for detection in detections])
        return cls(
            track,
            _visibility(track, detections, silhouettes, shape, fps),
            detections,
            silhouettes,
            _poses(poses, flexed, found, round(_POSE_S * fps)),
            _steady_heads(
                np.stack([head_of(detection) for detection in detections]), boxes, found, fps
            ),
            np.array([neck_of(detection) for detection in detections]),
            found & ~np.array([is_good(mask) for mask in silhouettes.masks]),
            tracklet.is_refused,
        )

    def numbered(self, track_id: int) -> Person:
        """The same person with another track id."""
        return replace(
            self,
            track=replace(self.track, track_id=track_id),
            silhouettes=replace(self.silhouettes, track_id=track_id),
        )

    @property
    def height(self) -> float:
        """Median height in pixels, from head to feet."""
        boxes = self.track.xyxy[self.seen]
        return float(np.median(boxes[:, 3] - boxes[:, 1]))

    @property
    def seen(self) -> np.ndarray:
        """(T,) bool, True where the person is seen in the frame itself."""
        return np.isin(self.visibility, (Visibility.VISIBLE, Visibility.PARTIAL))

    @property
    def lost(self) -> np.ndarray:
        """(T,) bool, True where the person is not seen and the gap is too long to be bridged."""
        return self.visibility == Visibility.LOST

    @property
    def lost_between(self) -> np.ndarray:
        """(T,) bool, True where the person is lost between two frames that show them."""
        seen = np.flatnonzero(self.seen)
        between = np.zeros(len(self.track), bool)
        if len(seen):
            between[seen[0] : seen[-1]] = True
        return self.lost & between

    def stale(self, fps: float) -> np.ndarray:
        """(T,) bool, True where the person is lost and more than 0.6 s away from every frame that
        shows them, so that they may be elsewhere."""
        return self.lost & (distance_transform_edt(~self.track.found) > _CARRIED_S * fps)

    @property
    def extrapolated(self) -> np.ndarray:
        """(T,) bool, True before the first and after the last frame that shows the person, where
        the track is extrapolated."""
        seen = np.flatnonzero(self.track.found)
        frames = np.arange(len(self.track))
        return (frames < seen[0]) | (frames > seen[-1])

    @property
    def carried(self) -> np.ndarray:
        """(T,) bool, True in short gaps, where the silhouette comes from another frame."""
        return self.visibility == Visibility.CARRIED

    @property
    def well_seen(self) -> np.ndarray:
        """(T,) bool, True where the person is visible, the silhouette is good, and both legs are
        seen, if any frame shows both."""
        good = (self.visibility == Visibility.VISIBLE) & ~self.poor
        joints = self.silhouettes.joints
        if joints is None:
            return good
        whole = good & (legs_seen(joints) > _LEG_SEEN).all(axis=1)
        return whole if whole.any() else good

    def shows_limbs(self, fps: float) -> np.ndarray:
        """(T,) bool, True where the person is well seen and no leg passes the other one, of which
        it would hide a part; if there is such a frame."""
        joints = self.silhouettes.joints
        if joints is None:
            return self.well_seen
        left, right = (joints[:, leg[1:], :2] for leg in LEGS)
        shows = self.well_seen & ~legs_pass(left, right, _LEGS_NEAR, round(_PASS_S * fps))
        return shows if shows.any() else self.well_seen

    @property
    def walks(self) -> bool:
        """Whether the person can be given a new gait in at least one frame."""
        return bool((self.seen & ~self.keeps_pose).any())

    def changes(self, fps: float) -> np.ndarray:
        """(T,) float32 in [0, 1]: strength of the new gait in each frame: 0 where the pose is kept,
        rising to 1 at 0.8 s before and after."""
        if not self.keeps_pose.any():
            return np.ones(len(self.track), np.float32)
        away = distance_transform_edt(~self.keeps_pose)
        return np.float32((away / (_EASE_S * fps)).clip(0, 1))

    def position(self, index: int) -> int | None:
        """Position in the track of the clip's frame `index`; None outside the track."""
        position = index - self.track.first_frame
        return position if 0 <= position < len(self.track) else None

    def box(self, index: int) -> np.ndarray | None:
        """(x0, y0, x1, y1) in the clip's frame `index`; None outside the track."""
        position = self.position(index)
        return None if position is None else self.track.xyxy[position]


def prominent(people: Sequence[Person], options: PeopleOptions) -> list[Person]:
    """The people who get a new gait if everyone is anonymized: the first `max_people` of those who
    are at least `min_height_px` tall and of whom more than a box is known.

    Args:
        people: sorted, the most prominent first.
    """
    large = [
        person
        for person in people
        if person.height >= options.min_height_px and not person.is_refused
    ]
    return large[: options.max_people]


def _carried(
    seen: dict[int, Detection], frames: np.ndarray, boxes: np.ndarray
) -> tuple[Detection, ...]:
    """One detection for each frame; where there is none, that of the nearest frame that has one,
    moved and scaled with the body's box."""
    known = np.flatnonzero([int(frame) in seen for frame in frames])
    result = []
    for n in range(len(frames)):
        nearest = known[np.abs(known - n).argmin()]
        detection = seen[int(frames[nearest])]
        result.append(detection if nearest == n else _moved(detection, boxes[nearest], boxes[n]))
    return tuple(result)


def _steady_heads(
    heads: np.ndarray, boxes: np.ndarray, found: np.ndarray, fps: float
) -> np.ndarray:
    """(T, 3) heads. One that is far from its usual place in the body is enlarged until it covers
    both places: for people who are half hidden, the network may take the chest for the head for a
    moment. The usual place is the median over the neighbouring frames that show the person."""
    if not np.isfinite(heads).all():
        return heads
    tall = boxes[:, 3:] - boxes[:, 1:2]
    corners = np.hstack([boxes[:, :1], boxes[:, 1:2], np.zeros_like(tall)])
    window = 2 * round(_HEAD_S * fps) + 1
    seen = np.flatnonzero(found)
    nearest = np.abs(np.arange(len(found))[:, None] - seen).argmin(axis=1)
    places = ((heads - corners) / tall)[seen]
    usual = corners + tall * median_filter(places, (window, 1), mode="mirror")[nearest]
    apart = np.linalg.norm(heads[:, :2] - usual[:, :2], axis=1)
    larger = np.maximum(heads[:, 2], usual[:, 2])
    both = np.column_stack([(heads[:, :2] + usual[:, :2]) / 2, larger + apart / 2])
    return np.where((apart > _HEAD_AWAY * usual[:, 2])[:, None], both, heads).astype(np.float32)


def _moved(detection: Detection, old: np.ndarray, new: np.ndarray) -> Detection:
    """A detection moved and scaled as the body's box from `old` to `new`."""
    scale = float((new[3] - new[1]) / (old[3] - old[1]))
    corner = (scale - 1) / 2
    across = (new[0] + new[2]) / 2 - scale * (old[0] + old[2]) / 2
    return detection.resized(scale).moved([across - corner, new[1] - scale * old[1] - corner])


def _silhouettes(detections: tuple[Detection, ...], track: Track, fps: float) -> SilhouetteClip:
    squares = squares_from_boxes(track.xyxy)
    masks = [
        detection.matte.silhouette(square, SILHOUETTE_SIZE)
        for detection, square in zip(detections, squares, strict=True)
    ]
    landmarks = [detection.landmarks for detection in detections]
    known = any(points is not None for points in landmarks)
    joints = joints_in(landmarks, squares, fps) if known else None
    return SilhouetteClip(track.track_id, track.first_frame, np.stack(masks), squares, joints)


def _visibility(
    track: Track,
    detections: tuple[Detection, ...],
    silhouettes: SilhouetteClip,
    shape: tuple[int, int],
    fps: float,
) -> np.ndarray:
    """(T,) uint8 of `Visibility`."""
    found, seen = track.found, np.flatnonzero(track.found)
    filled = silhouettes.masks.mean(axis=(1, 2))
    usual = np.median(filled[found])
    boxes = track.xyxy
    inside = (boxes[:, 2] > 0) & (boxes[:, 0] < shape[1]) & (boxes[:, 1] < shape[0])
    states = np.where(inside, Visibility.LOST, Visibility.ABSENT).astype(np.uint8)
    for before, after in pairwise(seen):
        if after - before <= _CARRIED_S * fps + 1:
            states[before + 1 : after] = Visibility.CARRIED
    for n in seen:
        top, bottom = track.xyxy[n, [1, 3]].clip(0, shape[0])
        whole = detections[n].box[3] - detections[n].box[1] >= _WHOLE * (bottom - top)
        left, right = detections[n].box[[0, 2]]
        is_cut = left < 1 or right > shape[1] - 1
        well = whole and filled[n] >= (_CUT_FILLED if is_cut else _FILLED) * usual
        states[n] = Visibility.VISIBLE if well else Visibility.PARTIAL
        if detections[n].is_moved:
            states[n] = Visibility.CARRIED
    return states


def _steps(detections: tuple[Detection, ...], fps: float) -> np.ndarray:
    """(T,) bool: whether the person takes steps; True everywhere without landmarks."""
    if any(detection.landmarks is None for detection in detections):
        return np.ones(len(detections), bool)
    landmarks = np.stack([detection.landmarks for detection in detections])
    return takes_steps(landmarks, np.array([detection.height for detection in detections]), fps)


def _poses(kept: np.ndarray, flexed: np.ndarray, known: np.ndarray, window: int) -> np.ndarray:
    """(T,) bool: frames in which the pose is kept. All frames, if most of the known ones do not
    show walking, or if too many of the others show a knee bent as in running.

    Args:
        kept: (T,) bool, frames that do not show walking.
        flexed: (T,) bool, frames with a knee bent farther than in walking.
        known: (T,) bool, frames in which the person is seen.
        window: frames over which the majority decides.
    """
    upright = flexed[known & ~kept]
    if kept[known].mean() > _POSE_SHARE or upright.mean() > _FLEXED_SHARE:
        return np.ones(len(kept), bool)
    mostly = _mostly(kept, known, window).astype(np.uint8)
    # no change of the gait for a moment only
    return cv2.morphologyEx(mostly[None], cv2.MORPH_CLOSE, np.ones((1, window), np.uint8))[0] > 0


def _mostly(flags: np.ndarray, known: np.ndarray, window: int) -> np.ndarray:
    """(T,) bool: whether most of the known flags within a window of frames are set."""
    half = window // 2
    kernel = np.ones(2 * half + 1)
    said = np.convolve((flags & known).astype(float), kernel)[half : half + len(flags)]
    of = np.convolve(known.astype(float), kernel)[half : half + len(flags)]
    at = np.flatnonzero(of > 0)
    nearest = at[np.abs(np.arange(len(flags))[:, None] - at).argmin(axis=1)]
    return (said > 0.5 * of)[nearest]
