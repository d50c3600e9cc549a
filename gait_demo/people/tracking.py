"""Following people through a shot: forwards while it is decoded, then backwards.

ByteTrack (Zhang et al. 2022), in the implementation of ultralytics, assigns the detections of a
frame to tracks. Everything that may be a person is followed; `Tracklet.is_person` decides at the
end, by the whole track.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import combinations, islice, pairwise, product

import cv2
import numpy as np

from gait_demo.imaging.boxes import area, intersection_area
from gait_demo.options import PeopleOptions
from gait_demo.people.disjoint_mattes import make_disjoint, restored
from gait_demo.people.segmenter import Detection, PersonSegmenter, are_entangled
from gait_demo.people.sides import untangled

# "heights" are heights of the upright body
_READ_FPS = 24.0  # minimum rate at which frames are read; of faster videos some are skipped
_LOST_S = 1.0  # longest gap that ByteTrack bridges, by predicted motion
_HIDDEN_S = 2.0  # longest gap between two tracks that are joined by place, height and colours
_LINE_S = 0.4  # length of the end of a track from which its velocity is taken
# heights by which the extrapolated ends of two tracks may miss each other, and more per second of
# the gap between them
_NEAR, _DRIFT = 0.5, 0.3
_COLOURS = 40.0  # levels: maximum mean difference of the clothes' colours of two joined tracks
_LIVING_S = 1.5  # within this time almost every living person moves a little
_STAYS = 0.6  # heights; a track that covers more is not tested for being motionless
_ADVANCES = 0.3  # heights that a track must advance which the landmark network refuses
_STEADY = 0.2  # of the mean advance from look to look, that each has; boxes of no person jump
_STILL_LEVELS = 4.0  # standard deviation of grey levels over time due to noise; people: over 10
_SAMPLES = 8  # frames from which that is computed
_CAMERA_PX, _TILES = 320, 3  # width of the frames that tell the camera's motion; tiles per side
_TRUNK = (0.2, 0.35)  # heights: half width and half height of the boxes given to ByteTrack


@dataclass
class Tracklet:
    """A track of detections that may be of a person, with gaps.

    Attributes:
        seen: detections by frame index.
        is_motionless: whether hardly any of its pixels changes during the whole track.
        is_refused: whether the landmark network refuses all of the detections.
    """

    seen: dict[int, Detection] = field(default_factory=dict)
    is_motionless: bool = False
    is_refused: bool = False

    @property
    def first(self) -> int:
        return min(self.seen)

    @property
    def last(self) -> int:
        return max(self.seen)

    def is_likely(self, options: PeopleOptions, frames: int = 1) -> bool:
        """Whether it may be a person, judged by `likely_presence` and `likely_score`, in at least
        this many of its frames."""
        likely = (
            detection.presence >= options.likely_presence or detection.score >= options.likely_score
            for detection in self.seen.values()
        )
        return any(islice(filter(None, likely), frames - 1, None))

    def is_person(self, options: PeopleOptions) -> bool:
        """Whether the track is accepted as a person; `PeopleOptions` gives the rule."""
        if self.is_refused:
            return True
        seen = [detection for detection in self.seen.values() if not detection.is_moved]
        presence = [detection.presence for detection in seen if detection.landmarks is not None]
        if self.is_motionless:
            still = sum(value >= options.sure_presence for value in presence)
            if still < options.still_share * len(seen):
                return False
        scores = [detection.score for detection in seen]
        usual = np.median(presence) if presence else 1.0
        if sum(score >= options.sure_yolo for score in scores) >= options.sure_frames:
            return bool(usual >= options.stay_presence)
        sure = sum(
            detection.presence >= options.sure_presence or detection.score >= options.sure_yolo
            for detection in seen
        )
        return bool(
            usual >= options.usual_presence
            and sure >= options.sure_frames
            and max(scores) >= options.sure_score
        )


class Tracker:
    """Follows the people of one shot, whose frames come in order. At high frame rates only some
    frames are read, and detections are interpolated between them."""

    def __init__(self, segmenter: PersonSegmenter, fps: float, options: PeopleOptions):
        self._stride = max(1, int(fps / _READ_FPS))
        self._reader = _Reader(segmenter.fresh(), fps / self._stride, options)
        self._options = options
        self._began: int | None = None
        self._count = 0

    def update(self, index: int, rgb: np.ndarray) -> None:
        """Processes the next frame, (H, W, 3) uint8; `index` is its index in the clip."""
        if self._began is None:
            self._began = index
        number, rest = divmod(self._count, self._stride)
        self._count += 1
        if rest == 0:
            self._reader.update(number, rgb)

    def finish(self, read: Callable[[int], np.ndarray], scale: float) -> list[Tracklet]:
        """All tracks, each also followed backwards from its first frame and from the ends of gaps.

        Args:
            read: returns a frame of the clip by its index, scaled by `scale`.
            scale: size of these frames relative to those of `update`.
        """
        began, stride = self._began or 0, self._stride
        found = self._reader.finish(lambda number: read(began + stride * number), scale)
        found = _disjoint_people(found, self._options)
        fps = self._reader.fps
        return [
            replace(tracklet, seen=self._spread(_untangled(tracklet.seen, fps)))
            for tracklet in found
        ]

    def _spread(self, seen: dict[int, Detection]) -> dict[int, Detection]:
        """From detections by number of the frame read to detections by frame index of the clip.
        Frames in between are interpolated; those after the last frame read repeat its detection."""
        spread, last = {}, (self._count - 1) // self._stride
        for number, detection in seen.items():
            following = detection if number == last else seen.get(number + 1)
            for step in range(1 if following is None else self._stride):
                index = self._stride * number + step
                if index < self._count:
                    between = (
                        detection
                        if step == 0
                        else detection.towards(following, step / self._stride)
                    )
                    spread[self._began + index] = between
        return spread


class _Reader:
    """Follows people through the frames that are read, numbered from 0."""

    def __init__(self, segmenter: PersonSegmenter, fps: float, options: PeopleOptions):
        self._segmenter, self.fps, self._options = segmenter, fps, options
        self._step = max(1, round(options.look_every_s * fps))
        self._bytetrack = _byte_tracker(round(_LOST_S * fps))
        self._tracklets: dict[int, Tracklet] = {}
        self._before: list[Detection] = []
        self._refused: list[Tracklet] = []  # each a single detection at a regular look

    def update(self, index: int, rgb: np.ndarray) -> None:
        in_turn = index % self._step == 0
        detect = in_turn or any(are_entangled(*pair) for pair in combinations(self._before, 2))
        found = self._segmenter(rgb, self._before, detect)
        if in_turn:
            self._refused += [Tracklet({index: one}) for one in found if one.is_refused]
        self._before = [detection for detection in found if not detection.is_refused]
        rows = [[*_trunk(person), _certainty(person), 0] for person in self._before]
        followed = []
        for number, track_id in _assigned(self._bytetrack, rows, rgb.shape[:2]):
            tracklet = self._tracklets.setdefault(track_id, Tracklet())
            seen = self._before[number]
            # scores in neighbouring frames are not independent: only those at regular looks count
            tracklet.seen[index] = seen if in_turn else replace(seen, score=0.0)
            if tracklet.is_likely(self._options):
                followed.append(self._before[number])
        self._before = followed  # unlikely ones are found again when the frame is next searched

    def finish(self, read: Callable[[int], np.ndarray], scale: float) -> list[Tracklet]:
        tracklets = _linked(list(self._tracklets.values()), self.fps)
        self._follow_back(tracklets, read, scale)
        tracklets = _linked(tracklets, self.fps)
        for tracklet in tracklets:
            if len(tracklet.seen) >= _LIVING_S * self.fps and _stays(tracklet):
                tracklet.is_motionless = _is_motionless(tracklet, read, scale)
        people = [tracklet for tracklet in tracklets if tracklet.is_person(self._options)]
        apart = [one for one in self._refused if not _shows_part(one, people)]
        refused = (
            replace(tracklet, is_refused=True)
            for tracklet in _linked(apart, self.fps)
            if self._may_be_person(tracklet)
        )
        return tracklets + [one for one in refused if _moves_by_itself(one, read, scale)]

    def _may_be_person(self, tracklet: Tracklet) -> bool:
        """Whether detectors are sure enough of a track that the landmark network refuses."""
        scores = [detection.score for detection in tracklet.seen.values()]
        options = self._options
        return len(scores) >= options.sure_frames and max(scores) >= options.likely_score

    def _follow_back(
        self, tracklets: list[Tracklet], read: Callable[[int], np.ndarray], scale: float
    ) -> None:
        """Follows likely people backwards from the first frames of their tracklets, and from the
        frames after gaps, and adds the new detections to the tracklets."""
        starts: dict[int, list[Tracklet]] = {}
        for tracklet in tracklets:
            for frame in tracklet.seen if tracklet.is_likely(self._options) else ():
                if frame - 1 not in tracklet.seen and frame > 0:
                    starts.setdefault(frame, []).append(tracklet)
        following: list[Tracklet] = []
        for frame in range(max(starts, default=0), 0, -1):
            following += starts.get(frame, [])
            if not following:
                continue
            rgb, target = read(frame - 1), frame - 1
            there = [tracklet.seen[target] for tracklet in tracklets if target in tracklet.seen]
            still = []
            for tracklet in following:
                if target in tracklet.seen:
                    continue
                known = tracklet.seen[frame].resized(scale)
                others = [detection.resized(scale) for detection in there]
                seen = self._segmenter(rgb, [known], detect=False, others=others)
                if not seen:
                    continue
                tracklet.seen[target] = seen[0].resized(1 / scale)
                there.append(tracklet.seen[target])
                still.append(tracklet)
            following = still


def _disjoint_people(tracklets: list[Tracklet], options: PeopleOptions) -> list[Tracklet]:
    """The tracklets, in which people give pixels of their mattes to other people only: what they
    gave to a track that is not accepted as a person would stay in clear."""
    people = [tracklet for tracklet in tracklets if tracklet.is_person(options)]
    rest = [tracklet for tracklet in tracklets if not tracklet.is_person(options)]
    seen = [dict(person.seen) for person in people]
    for frame in {frame for tracklet in rest for frame in tracklet.seen}:
        here = [detections for detections in seen if frame in detections]
        whole = make_disjoint([restored(detections[frame]) for detections in here])
        for detections, detection in zip(here, whole, strict=True):
            detections[frame] = detection
    people = [replace(person, seen=own) for person, own in zip(people, seen, strict=True)]
    return people + rest


def _untangled(seen: dict[int, Detection], fps: float) -> dict[int, Detection]:
    """The detections with limbs on their sides, see `untangled`."""
    frames = [frame for frame in sorted(seen) if seen[frame].landmarks is not None]
    if not frames:
        return seen
    known = [seen[frame] for frame in frames]
    landmarks = untangled(
        np.stack([detection.landmarks for detection in known]),
        np.array(frames),
        np.array([detection.height for detection in known]),
        fps,
        np.array([not detection.is_moved for detection in known]),
    )
    return seen | {
        frame: replace(detection, landmarks=points)
        for frame, detection, points in zip(frames, known, landmarks, strict=True)
    }


def _certainty(detection: Detection) -> float:
    return float(np.fmax(detection.presence, detection.score))


def _shows_part(refused: Tracklet, people: list[Tracklet]) -> bool:
    """Whether most of the only box of a track shows one of the people."""
    ((frame, detection),) = refused.seen.items()
    boxes = (person.seen[frame].box for person in people if frame in person.seen)
    half = 0.5 * area(detection.box)
    return any(intersection_area(detection.box, box) > half for box in boxes)


def _stays(tracklet: Tracklet) -> bool:
    middles = np.stack([detection.middle for detection in tracklet.seen.values()])
    heights = [detection.height for detection in tracklet.seen.values()]
    return bool(np.ptp(middles, axis=0).max() < _STAYS * np.median(heights))


def _is_motionless(tracklet: Tracklet, read: Callable[[int], np.ndarray], scale: float) -> bool:
    frames = sorted(tracklet.seen)
    chosen = [frames[n] for n in np.linspace(0, len(frames) - 1, _SAMPLES).astype(int)]
    detection = tracklet.seen[chosen[_SAMPLES // 2]].resized(scale)
    h, w = read(chosen[0]).shape[:2]
    low, high = np.floor(detection.box[:2]), np.ceil(detection.box[2:])
    x0, y0, x1, y1 = np.concatenate([low, high]).clip(0, [w, h, w, h]).astype(int)
    if x1 <= x0 or y1 <= y0:
        return False
    greys = []
    for frame in chosen:
        grey = cv2.cvtColor(read(frame), cv2.COLOR_RGB2GRAY)
        part = cv2.GaussianBlur(grey[y0:y1, x0:x1], (0, 0), 1)
        greys.append(part.astype(np.float32) - grey.mean())
    h, w = greys[0].shape
    changes = np.std(greys, axis=0)[detection.matte.drawn(x0, y0, w, h) > 0.5]
    return bool(len(changes) and np.quantile(changes, 0.75) < _STILL_LEVELS)


def _moves_by_itself(tracklet: Tracklet, read: Callable[[int], np.ndarray], scale: float) -> bool:
    """Whether a track advances at every look, against the background."""
    frames = sorted(tracklet.seen)
    steps = np.diff([tracklet.seen[frame].middle for frame in frames], axis=0)
    pictures = (read(frame) for frame in frames)
    steps -= np.stack([_camera_shift(*pair) for pair in pairwise(pictures)]) / scale
    moved = steps.sum(axis=0)
    advances = steps @ moved
    height = np.median([detection.height for detection in tracklet.seen.values()])
    is_far = np.linalg.norm(moved) >= _ADVANCES * height
    return bool(is_far and advances.min() >= _STEADY * advances.mean())


def _camera_shift(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(2,) pixels by which the background moves from one frame (H, W, 3) to another: the median
    over tiles of what phase correlation says of each. Between two looks a camera may pan by 9 % of
    the width; the tracked corners of `background.registration` lose what exceeds 5 %."""
    h, w = before.shape[:2]
    size = _CAMERA_PX, max(_TILES, round(_CAMERA_PX * h / w))
    small = (cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) for rgb in (before, after))
    greys = [np.float32(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)) for rgb in small]
    high, wide = size[1] // _TILES, size[0] // _TILES
    window = cv2.createHanningWindow((wide, high), cv2.CV_32F)
    shifts = []
    for y, x in product(range(_TILES), range(_TILES)):
        tiles = [grey[y * high : (y + 1) * high, x * wide : (x + 1) * wide] for grey in greys]
        shifts.append(cv2.phaseCorrelate(*map(np.ascontiguousarray, tiles), window)[0])
    return np.median(shifts, axis=0) * w / _CAMERA_PX


def _trunk(detection: Detection) -> list[float]:
    """A box of fixed proportions around the hips: ByteTrack's motion model would extrapolate the
    swing of the legs."""
    half = np.array(_TRUNK) * detection.height
    return [*(detection.middle - half), *(detection.middle + half)]


def _byte_tracker(gap: int):
    """A ByteTrack tracker that keeps lost tracks for `gap` frames."""
    from ultralytics.trackers.byte_tracker import BYTETracker
    from ultralytics.utils import IterableSimpleNamespace

    return BYTETracker(
        IterableSimpleNamespace(
            track_high_thresh=0.3, track_low_thresh=0.1, new_track_thresh=0.3,
            track_buffer=gap, match_thresh=0.9, fuse_score=False,
        )
    )  # fmt: skip


def _assigned(tracker, rows: list[list[float]], shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Updates the tracker. Returns the row and the track id of every detection that belongs to a
    track, also of a track's first detection, which ByteTrack does not report itself."""
    from ultralytics.engine.results import Boxes

    tracker.update(Boxes(np.array(rows, np.float32).reshape(-1, 6), shape))
    return [
        (int(track.idx), track.track_id)
        for track in tracker.tracked_stracks
        if track.frame_id == tracker.frame_id
    ]


def _linked(tracklets: list[Tracklet], fps: float) -> list[Tracklet]:
    """Joins tracklets that are of one person who was hidden for a while."""
    people: list[Tracklet] = []
    for later in sorted(tracklets, key=lambda tracklet: tracklet.first):
        misses = {
            n: miss
            for n, earlier in enumerate(people)
            if 0 < later.first - earlier.last <= _HIDDEN_S * fps
            and (miss := _miss(earlier, later, fps)) < 0
        }
        if misses:
            people[min(misses, key=misses.get)].seen.update(later.seen)
        else:
            people.append(Tracklet(dict(later.seen)))
    return people


def _miss(earlier: Tracklet, later: Tracklet, fps: float) -> float:
    """By how much, in body heights, the start of the later tracklet misses the extrapolated end of
    the earlier one, beyond what is allowed; below 0 if both may be one person."""
    gap = (later.first - earlier.last) / fps
    start, end = later.seen[later.first], earlier.seen[earlier.last]
    if start.colours is not None and end.colours is not None:
        if np.abs(start.colours - end.colours).mean() > _COLOURS:
            return np.inf
    reach = round(_LINE_S * fps)
    going = _velocity(earlier, earlier.last - reach, earlier.last)
    coming = _velocity(later, later.first, later.first + reach)
    frames = (later.first - earlier.last) / 2
    apart = np.linalg.norm(end.middle + frames * going - (start.middle - frames * coming))
    height = max(start.height, end.height)
    grown = abs(np.log(start.height / end.height))
    return float(apart / height + grown - _NEAR - _DRIFT * gap)


def _velocity(tracklet: Tracklet, first: int, last: int) -> np.ndarray:
    """(2,) mean velocity between two frames, in pixels per frame; 0 with fewer than three
    detections."""
    frames = [frame for frame in sorted(tracklet.seen) if first <= frame <= last]
    if len(frames) < 3:
        return np.zeros(2)
    middles = np.stack([tracklet.seen[frame].middle for frame in frames])
    return np.polyfit(frames, middles, 1)[0]
