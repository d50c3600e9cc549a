"""Who walks where: people followed from frame to frame, as a detector saw them or by motion."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from gait_demo.background.foreground import ForegroundClip

from .boxes import area, iou, overlap
from .bridging import Images, bridge
from .config import TrackOptions
from .doubts import spread
from .errors import NoPersonError
from .following import SURELY, Way, follow, joined, moves, others
from .paths import Blob, Follower, Path, find_blobs, is_inside, smooth_boxes
from .sightings import Sighting, Sightings
from .structures import Track

_SHORTEST_S = 0.4  # shorter tracks are no people
_SEEN_SHARE = 0.7  # of its frames in which a person is seen; leaves come and go
_UPRIGHT = 1.15  # a person's height over width, at least, in the median
_FILLED = 0.22  # share of its box a silhouette fills, at least, in the median
_STANDING_S = 1.0  # who does not move stands filling an upright box for this long
_FEWEST, _OFTEN = 3, 0.25  # looks that see a person, and share of those while they are there
_SEEN_S = 0.2  # shorter tracks of a detector, unless it is sure, are mistakes of its
_SURE, _STILL_SURE = 0.35, 0.6  # median score of people who move, and of those who do not
_SUSPECTED = 0.2  # share of the looks at which somebody who moves must have been seen at all
_SAME_PLACE = 0.3  # share of boxes, from which on they may be one person's
_ALMOST_ALL, _SAME_BOX = 0.8, 0.6  # share of the frames, and IoU, of two tracks of one person
_INSIDE = 0.6  # of a person's box, and of the other's height: from there on the one is in the other
# Of a track's height, and of its looks: who is less tall, seen less often, and always in its box is
# a part of it
_PART, _SELDOM = 0.7, 0.5
_HALF, _SAME_FEET = (0.35, 0.65), 0.06  # of a giant's height: a person's, and between their feet
_TOGETHER = 0.2  # share of the looks in which the detector sees another in the box of a track


def find_people(
    foreground: ForegroundClip, fps: float, options: TrackOptions | None = None
) -> list[Track]:
    """Follows everything that moves like a person.

    Returns:
        Tracks in full-resolution pixels, the most prominent (height x duration) first; ids are
        their rank from 1. A box spans head to feet and is centred on the column that halves the
        silhouette. It is smooth in time, bridged over short gaps (found is False there), and
        reaches over the frame's border where the person does.

    Raises:
        NoPersonError: nobody moves, or only people that are too small.
    """
    return _ranked(_moving(foreground, fps), options or TrackOptions())


def follow_people(
    sightings: Sightings,
    foreground: ForegroundClip,
    fps: float,
    options: TrackOptions | None = None,
    images: Images | None = None,
) -> list[Track]:
    """Follows the people whom a detector saw, and what moves like a person where the detector is
    not sure; if it saw nobody, all that moves like a person. Whom the detector sees is followed by
    prediction from the beginning of the clip and to its end, unless that has them come and go.

    Args:
        sightings: gets, as `bridged`, where whoever is not followed may be as well.
        images: of the clip; with them, people are also followed through looks in which the
            detector loses them, and `sightings` gets what was found there.

    Returns:
        As find_people.

    Raises:
        NoPersonError: nobody is seen for long enough, or only people that are too small.
    """
    people = _people(sightings, fps)
    seen = [_track_of(sightings, way, fps) for way in people]
    wholes = [_whole_of(sightings, way, seen) for way in people]
    moving = _moving(foreground, fps)
    alone = [m for m in moving if not _is_of_two(m, sightings)]
    same = [
        next((m for m in alone if _spans(m, way) and _agree(track, m)), None)
        for track, way in zip(seen, people, strict=True)
    ]
    if images is not None:
        apart = [way for way, whole in zip(people, wholes, strict=True) if whole is None]
        moved = [way for way, by_motion in zip(people, same, strict=True) if by_motion]
        lost = [way for way in apart if all(way is not other for other in moved)]
        bridge(sightings, lost, apart, foreground, fps, images)
        seen = [_track_of(sightings, way, fps) for way in people]
    moving = [
        track
        for track in moving
        if not _is_among(track, seen) and (not seen or _is_suspected(track, sightings))
    ]
    # of whom both know the same, subtraction is the more exact
    exact = {id(by_motion): _to_the_ends(by_motion, track)
             for by_motion, track in zip(same, seen, strict=True) if by_motion}  # fmt: skip
    kept = [
        replace(track, is_part=True)
        if _is_double(sightings, way)
        else track
        if whole is None
        else _as_part(track, seen[whole])
        for track, way, by_motion, whole in zip(seen, people, same, wholes, strict=True)
        if by_motion is None
    ]
    others = [track for track in moving if id(track) not in exact]
    tracks = _ranked([*exact.values(), *kept, *others], options or TrackOptions())
    spread(sightings, tracks, fps)
    return tracks


def _moving(foreground: ForegroundClip, fps: float) -> list[Track]:
    """Whatever moves like a person."""
    follower = Follower(fps)
    for index in range(len(foreground)):
        follower.follow(find_blobs(foreground[index]), foreground.shape[1])
    # what the border cuts all the time is erased, not followed
    people = [path for path in follower.paths if _is_person(path, fps) and any(path.sure)]
    return [_track(path, foreground.shape, foreground.scale, fps) for path in people]


def _people(sightings: Sightings, fps: float) -> list[Way]:
    """The ways of people whom the detector surely saw, in looks running or now and then: the
    latter make nobody more sure who was followed."""
    followed = follow(sightings, fps)
    once = others(sightings, followed, SURELY)
    believed = [way for way in followed if _is_believed(sightings, way, fps)]
    ways = joined(sightings, [*believed, *once], fps)
    return [way for way in ways if _is_believed(sightings, way, fps)]


def _is_believed(sightings: Sightings, way: Way, fps: float) -> bool:
    """Whether a way is a person's: seen often enough, and surely or, of who moves, for a while."""
    seen = [sightings.frames[frame][number] for frame, number in sorted(way.items())]
    if len(seen) < max(_FEWEST, _OFTEN * sightings.looked * (max(way) - min(way))):
        return False
    score = float(np.median([one.score for one in seen]))
    if score > _STILL_SURE:
        return True
    if len(seen) < _SEEN_S * fps * sightings.looked or score <= _SURE:
        return False
    return moves(np.stack([one.xyxy for one in seen]))


def _is_double(sightings: Sightings, way: Way) -> bool:
    """Whether a way is that of somebody, who is seen more surely alone, and of what is behind them:
    as an unsure giant, twice as tall, on the same feet."""
    giant, alone = [], []
    for frame, number in way.items():
        seen = sightings.frames[frame]
        box = seen[number].xyxy
        tall = box[3] - box[1]
        giant.append(seen[number].score)
        alone.append(max((
            one.score
            for one in seen
            if not one.bridged
            and abs(one.xyxy[3] - box[3]) < _SAME_FEET * tall
            and _HALF[0] < (one.xyxy[3] - one.xyxy[1]) / tall < _HALF[1]
            and overlap(one.xyxy, box) > _ALMOST_ALL * area(one.xyxy)
        ), default=0.0))  # fmt: skip
    return bool(np.median(giant) < min(_STILL_SURE, np.median(alone)))


def _agree(track: Track, other: Track) -> bool:
    """Whether the other track shows the same person, in almost all of the frames."""
    low = max(track.first_frame, other.first_frame)
    high = min(track.first_frame + len(track), other.first_frame + len(other))
    mine, theirs = (
        slice(low - t.first_frame, max(low, high) - t.first_frame) for t in (track, other)
    )
    seen = track.found[mine]
    if seen.sum() < _ALMOST_ALL * track.found.sum():
        return False
    return bool(np.median(iou(track.xyxy[mine], other.xyxy[theirs])[seen]) > _SAME_BOX)


def _is_of_two(track: Track, sightings: Sightings) -> bool:
    """Whether the detector sees more than one person in the boxes of a track, such as two who walk
    side by side."""
    looks = sightings.frames[track.first_frame :][: len(track)]
    counts = [
        sum(_is_in(one.xyxy, box) for one in look)
        for box, look in zip(track.xyxy, looks, strict=True)
        if look is not None
    ]
    return bool(counts) and np.mean(np.array(counts) > 1) > _TOGETHER


def _to_the_ends(track: Track, other: Track) -> Track:
    """A track, and beyond it the prediction of another one of the same person."""
    before = max(0, track.first_frame - other.first_frame)
    after = max(0, other.first_frame + len(other) - track.first_frame - len(track))
    boxes = [other.xyxy[:before], track.xyxy, other.xyxy[len(other) - after :]]
    found = np.pad(track.found, (before, after))
    return replace(
        track, first_frame=track.first_frame - before, xyxy=np.concatenate(boxes), found=found
    )


def _whole_of(sightings: Sightings, way: Way, tracks: list[Track]) -> int | None:
    """Which of the tracks is that of the person, seen more often, whose head or trunk a way is."""
    for n, track in enumerate(tracks):
        inside = [
            _is_part_at(sightings.frames[frame][number].xyxy, track, frame)
            for frame, number in way.items()
        ]
        is_seldom = len(way) < _SELDOM * (track.sightings >= 0).sum()
        if is_seldom and np.mean(inside) > _ALMOST_ALL:
            return n
    return None


def _as_part(track: Track, whole: Track) -> Track:
    """The track of a part, which goes along with the person before its first sighting and after
    its last."""
    first, last = track.first_frame + np.flatnonzero(track.found)[[0, -1]]
    begin = min(first, whole.first_frame)
    end = max(last + 1, whole.first_frame + len(whole))
    nearest = np.clip(np.arange(begin, end) - whole.first_frame, 0, len(whole) - 1)
    corners = whole.xyxy[nearest].reshape(-1, 2, 2)
    low, size = corners[:, :1], np.diff(corners, axis=1)
    mine = slice(first - track.first_frame, last + 1 - track.first_frame)
    there = slice(first - begin, last + 1 - begin)
    place = (track.xyxy[mine].reshape(-1, 2, 2) - low[there]) / size[there]
    xyxy = (low + np.median(place, axis=0) * size).reshape(-1, 4)
    xyxy[there] = track.xyxy[mine]
    around = (first - begin, end - last - 1)
    return replace(
        track,
        first_frame=int(begin),
        xyxy=xyxy,
        found=np.pad(track.found[mine], around),
        sightings=np.pad(track.sightings[mine], around, constant_values=-1),
        is_part=True,
    )


def _is_part_at(person: np.ndarray, track: Track, frame: int) -> bool:
    position = frame - track.first_frame
    if position < 0 or not (track.found[: position + 1].any() and track.found[position:].any()):
        return False  # before or after all looks at them
    box = track.xyxy[position]
    is_small = person[3] - person[1] < _PART * (box[3] - box[1])
    return bool(is_small and overlap(person, box) > _INSIDE * area(person))


def _is_in(person: np.ndarray, box: np.ndarray) -> bool:
    """Whether most of a person's box lies in another one, and is nearly as tall."""
    as_tall = person[3] - person[1] > _INSIDE * (box[3] - box[1])
    return bool(as_tall and overlap(person, box) > _INSIDE * area(person))


def _spans(track: Track, way: Way) -> bool:
    """Whether a track lasts from the first sighting of a way to the last, so that it loses none."""
    return track.first_frame <= min(way) and max(way) < track.first_frame + len(track)


def _is_among(track: Track, others: list[Track]) -> bool:
    """Whether a track shows, most of the time, what another one shows."""
    same = np.zeros(len(track), bool)
    for other in others:
        low = max(track.first_frame, other.first_frame)
        high = min(track.first_frame + len(track), other.first_frame + len(other))
        for frame in range(low, high):
            if not other.found[frame - other.first_frame]:
                continue
            mine, theirs = (t.xyxy[frame - t.first_frame] for t in (track, other))
            share = overlap(mine, theirs) / min(area(mine), area(theirs))
            same[frame - track.first_frame] |= share > _SAME_PLACE
    return same.mean() > 0.5


def _is_suspected(track: Track, sightings: Sightings) -> bool:
    """Whether the detector has seen somebody there, if not surely."""
    looks = sightings.frames[track.first_frame :][: len(track)]
    seen = [
        any(iou(box, one.xyxy) > _SAME_PLACE for one in look)
        for box, look in zip(track.xyxy, looks, strict=True)
        if look is not None
    ]
    return bool(seen) and np.mean(seen) > _SUSPECTED


def _track_of(sightings: Sightings, seen: Way, fps: float) -> Track:
    """The track of a way, and on by prediction: whoever comes or goes in the middle of the picture,
    or is cut by the border and stays there, is taken to be there longer than seen."""
    blobs = {n: _blob(sightings, sightings.frames[n][number]) for n, number in seen.items()}
    sure = {
        n: blob.columns is not None and is_inside(blob, sightings.shape[1])
        for n, blob in blobs.items()
    }
    every = range(len(sightings))
    path = Path(
        0,
        seen=[blobs.get(frame) for frame in every],
        sure=[sure.get(frame, False) for frame in every],
    )
    track = _track(path, sightings.shape, sightings.scale, fps)
    frames = range(track.first_frame, track.first_frame + len(track))
    looked = np.flatnonzero([sightings.frames[frame] is not None for frame in frames])
    # between two looks that found the person, they are there
    beside = np.interp(range(len(frames)), looked, track.found[looked], left=0, right=0)
    numbers = np.array([seen.get(frame, -1) for frame in frames], np.int32)
    return replace(track, found=beside == 1, sightings=numbers)


def _blob(sightings: Sightings, sighting: Sighting) -> Blob:
    """Where the mask of a sighting is, or else where it was detected, in working pixels; of one
    that was bridged, the box of the mask alone."""
    mask = sightings.mask(sighting)
    x, y, w, h = cv2.boundingRect(mask)
    if w * h == 0:
        return Blob(sighting.xyxy.astype(np.float64) * sightings.scale)
    box = np.array([x, y, x + w, y + h], np.float64)
    if sighting.bridged:
        return Blob(box)
    return Blob(box, np.count_nonzero(mask[y : y + h, x : x + w], axis=0))


def _track(path: Path, shape: tuple[int, int], scale: float, fps: float) -> Track:
    """A path at working resolution, smoothed, at full resolution; its id is still to be given."""
    xyxy, found, there = smooth_boxes(path, shape, fps)
    return Track(0, path.first_frame + there.start, (xyxy / scale).astype(np.float32), found)


def _ranked(tracks: list[Track], options: TrackOptions) -> list[Track]:
    """Those who are large enough, by prominence, with their ids."""
    boxes = [track.xyxy[track.found] for track in tracks]
    heights = [float(np.median(each[:, 3] - each[:, 1])) for each in boxes]
    if not tracks:
        raise NoPersonError(
            "No walking person was found in the video. "
            "Use a clip in which somebody walks, seen from head to feet."
        )
    if max(heights) < options.min_height_px:
        raise NoPersonError(
            f"The person in the video is too small: {max(heights):.0f} pixels tall, at least "
            f"{options.min_height_px} are needed. Use a clip in which the person is larger."
        )
    by_prominence = sorted(
        range(len(tracks)), key=lambda n: (-heights[n] * len(boxes[n]), tracks[n].first_frame)
    )
    large = [tracks[n] for n in by_prominence if heights[n] >= options.min_height_px]
    return [replace(track, track_id=n) for n, track in enumerate(large, start=1)]


def _is_person(path: Path, fps: float) -> bool:
    seen = [blob for blob in path.seen if blob is not None]
    steady = len(seen) >= _SEEN_SHARE * (len(path.seen) - path.lost_for)
    if len(seen) < _SHORTEST_S * fps or not steady:
        return False
    boxes = np.stack([blob.xyxy for blob in seen])
    w, h = (boxes[:, 2:] - boxes[:, :2]).T
    filled = np.median([blob.area for blob in seen] / (w * h))
    upright = np.median(h / w)
    if upright < _UPRIGHT or filled < _FILLED:
        return False
    walks = moves(boxes)
    return walks or len(seen) > max(_STANDING_S * fps, 0.6 * len(path.seen)) and upright > 1.5
