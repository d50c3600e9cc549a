"""Who walks where: people followed from frame to frame, as a detector saw them or by motion."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from .boxes import area, iou, overlap
from .bridging import Images, bridge
from .config import TrackOptions
from .errors import NoPersonError
from .following import Way, follow
from .foreground import ForegroundClip
from .paths import Blob, Follower, Path, find_blobs, is_inside, smooth_boxes
from .sightings import Sighting, Sightings
from .structures import Track

_SHORTEST_S = 0.4  # shorter tracks are no people
_SEEN_SHARE = 0.7  # of its frames in which a person is seen; leaves come and go
_UPRIGHT = 1.15  # a person's height over width, at least, in the median
_FILLED = 0.22  # share of its box a silhouette fills, at least, in the median
_STRIDES_AWAY = 0.2  # heights a person moves, or else ...
_STANDING_S = 1.0  # ... stands filling an upright box for this long
_GROWS = 0.15  # or grows, in logarithms
_SEEN_S = 0.2  # shorter tracks of a detector are mistakes of its
_SURE, _STILL_SURE = 0.35, 0.6  # median score of people who move, and of those who do not
_SUSPECTED = 0.2  # share of the looks at which somebody who moves must have been seen at all
_SAME_PLACE = 0.3  # share of boxes, from which on they may be one person's
# Whoever comes or goes in the middle of the picture was there so much longer than seen; what moves
# there then is erased in any case, but where the camera moves nothing else would be.
_BEYOND_S = 0.5
_ALMOST_ALL, _SAME_BOX = 0.8, 0.6  # share of the frames, and IoU, of two tracks of one person


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
    not sure; if it saw nobody, all that moves like a person. Where the camera moves, people who
    are lost are followed by prediction to the end of the clip.

    Args:
        images: of the clip; with them, people are also followed through looks in which the
            detector loses them, and `sightings` gets what was found there.

    Returns:
        As find_people.

    Raises:
        NoPersonError: nobody is seen for long enough, or only people that are too small.
    """
    ways, rate = follow(sightings, fps), fps * sightings.looked
    people = [way for way in ways if _is_believed(sightings, way, rate)]
    beyond = round(_BEYOND_S * fps) if foreground.is_known else len(sightings)
    seen = [_track_of(sightings, way, fps, beyond) for way in people]
    moving = _moving(foreground, fps)
    same = [
        next((m for m in moving if _spans(m, way) and _agree(track, m)), None)
        for track, way in zip(seen, people, strict=True)
    ]
    if images is not None:
        lost = [way for way, by_motion in zip(people, same, strict=True) if by_motion is None]
        bridge(sightings, lost, people, foreground, fps, images)
        seen = [_track_of(sightings, way, fps, beyond) for way in people]
    moving = [
        track
        for track in moving
        if not _is_among(track, seen) and (not seen or _is_suspected(track, sightings))
    ]
    # of whom both know the same, subtraction is the more exact
    seen = [by_motion or track for track, by_motion in zip(seen, same, strict=True)]
    return _ranked(
        [*{id(track): track for track in seen + moving}.values()], options or TrackOptions()
    )


def _moving(foreground: ForegroundClip, fps: float) -> list[Track]:
    """Whatever moves like a person."""
    follower = Follower(fps)
    for index in range(len(foreground)):
        follower.follow(find_blobs(foreground[index]), foreground.shape[1])
    # what the border cuts all the time is erased, not followed
    people = [path for path in follower.paths if _is_person(path, fps) and any(path.sure)]
    return [_track(path, foreground.shape, foreground.scale, fps) for path in people]


def _is_believed(sightings: Sightings, way: Way, rate: float) -> bool:
    """Whether a way is a person's: long enough and, of whoever never moves, seen surely."""
    seen = [sightings.frames[frame][number] for frame, number in sorted(way.items())]
    if len(seen) < max(2, _SEEN_S * rate):
        return False
    boxes = np.stack([one.xyxy for one in seen])
    moves = _moves(boxes)
    return float(np.median([one.score for one in seen])) > (_SURE if moves else _STILL_SURE)


def _moves(boxes: np.ndarray) -> bool:
    """Whether somebody comes to another place, nearer, or farther away, by boxes (T, 4)."""
    step = max(1, len(boxes) // 6)
    middles, heights = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
    way = np.linalg.norm(np.median(middles[-step:], axis=0) - np.median(middles[:step], axis=0))
    growth = abs(np.log(np.median(heights[-step:]) / np.median(heights[:step])))
    return bool(way > _STRIDES_AWAY * np.median(heights) or growth > _GROWS)


def _agree(track: Track, other: Track) -> bool:
    """Whether the other track shows the same person, in almost all of the frames."""
    low = max(track.first_frame, other.first_frame)
    high = min(track.first_frame + len(track), other.first_frame + len(other))
    if high - low < _ALMOST_ALL * len(track):
        return False
    mine, theirs = (t.xyxy[low - t.first_frame : high - t.first_frame] for t in (track, other))
    return bool(np.median(iou(mine, theirs)) > _SAME_BOX)


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


def _track_of(sightings: Sightings, seen: Way, fps: float, beyond: int) -> Track:
    """The track of a way. Whoever comes or goes in the middle of the picture is taken to have been
    there `beyond` frames longer than seen."""
    blobs = {n: _blob(sightings, sightings.frames[n][number]) for n, number in seen.items()}
    inside = {n: is_inside(blob, sightings.shape[1]) for n, blob in blobs.items()}
    first, last = min(seen), max(seen)
    begin = max(0, first - beyond) if inside[first] else first
    end = min(len(sightings), last + 1 + beyond) if inside[last] else last + 1
    frames = range(begin, end)
    sure = [inside.get(frame, False) for frame in frames]
    path = Path(begin, seen=[blobs.get(frame) for frame in frames], sure=sure)
    track = _track(path, sightings.shape, sightings.scale, fps)
    looked = np.flatnonzero([sightings.frames[frame] is not None for frame in frames])
    # between two looks that found the person, they are there
    beside = np.interp(range(len(frames)), looked, track.found[looked], left=0, right=0)
    numbers = np.array([seen.get(frame, -1) for frame in frames], np.int32)
    return replace(track, found=beside == 1, sightings=numbers)


def _blob(sightings: Sightings, sighting: Sighting) -> Blob:
    """Where the mask of a sighting is, or else where it was detected, in working pixels."""
    mask = sightings.mask(sighting)
    x, y, w, h = cv2.boundingRect(mask)
    if w * h == 0:
        return Blob(sighting.xyxy.astype(np.float64) * sightings.scale)
    columns = np.count_nonzero(mask[y : y + h, x : x + w], axis=0)
    return Blob(np.array([x, y, x + w, y + h], np.float64), columns)


def _track(path: Path, shape: tuple[int, int], scale: float, fps: float) -> Track:
    """A path at working resolution, smoothed, at full resolution; its id is still to be given."""
    xyxy, found = smooth_boxes(path, shape, fps)
    return Track(0, path.first_frame, (xyxy / scale).astype(np.float32), found)


def _ranked(tracks: list[Track], options: TrackOptions) -> list[Track]:
    """Those who are large enough, by prominence, with their ids."""
    heights = [float(np.median(track.xyxy[:, 3] - track.xyxy[:, 1])) for track in tracks]
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
        range(len(tracks)), key=lambda n: (-heights[n] * len(tracks[n]), tracks[n].first_frame)
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
    walks = _moves(boxes)
    return walks or len(seen) > max(_STANDING_S * fps, 0.6 * len(path.seen)) and upright > 1.5
