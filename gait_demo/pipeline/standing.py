"""People who stop walking: they become part of the background plate and would pass in clear."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.background.foreground import ForegroundClip
from gait_demo.background.plate import Plate
from gait_demo.background.registration import rescale, steadied
from gait_demo.boxes import area, overlap
from gait_demo.errors import NoPersonError
from gait_demo.sightings import Sightings
from gait_demo.silhouettes import own_foreground, own_place
from gait_demo.structures import Track

_PAUSE_S = 0.5  # without a track, at the clip's beginning or end, that needs an explanation
_STILL = 0.2  # heights a person may sway without walking
_GHOST = 0.5  # share of a silhouette's place that is foreground while nobody is there
_FEWEST = 3  # frames to judge that by
_FRAMES_A_SECOND = 8  # that are looked at
_STAYS = 0.25  # share of the frames in which somebody is in a place, who may be in the plate
_ALWAYS = 0.75  # of the frames: where somebody is so often, even a foot alone is in the plate
_SAMPLES = 24  # frames by which that is judged


def without_ghosts(
    plate: Plate,
    seen: np.ndarray,
    foreground: ForegroundClip,
    sightings: Sightings,
    tracks: list[Track],
) -> Plate:
    """The plate, painted over where it shows people who stood there for much of the clip, and
    where somebody was almost all the time.

    Args:
        seen: masks (N, h, w) uint8, 0 or 1, of what a detector takes for people in plate.work.
        tracks: everyone who was followed.
    """
    suspected = seen.max(axis=0, initial=0)
    stays = np.zeros(suspected.shape, np.int32)
    chosen = np.linspace(0, len(foreground) - 1, _SAMPLES).round().astype(int)
    for frame in chosen:
        transform = rescale(plate.transforms[frame], plate.scale)
        for track in tracks:
            if track.first_frame <= frame < track.first_frame + len(track):
                mask = own_place(foreground, track, tracks, frame, sightings)
                stays += steadied(mask, transform, stays.shape, cv2.BORDER_CONSTANT)
    ghosts = suspected & (stays > _STAYS * len(chosen))
    ghosts |= (stays > _ALWAYS * len(chosen)) & ~plate.unseen
    if not ghosts.any():
        return plate
    return plate.painted_over(cv2.dilate(ghosts.astype(np.uint8), np.ones((9, 9), np.uint8)))


def refuse_standing(
    foreground: ForegroundClip, tracks: list[Track], fps: float, width: int
) -> None:
    """Look for people whom the plate may have taken in.

    Where the plate shows a person, every frame without that person differs from it: a ghost
    stands there, either before somebody stops or after somebody starts.

    Args:
        tracks: everyone who was followed. Of those whom the detector sees none can stand unseen,
            nor anybody where they are.
        width: of the frames, in pixels.

    Raises:
        NoPersonError: somebody walks for a part of the clip and stands for another.
    """
    last = len(foreground) - 1
    seen = [track for track in tracks if track.sightings is not None]
    for track in (_as_found(track) for track in tracks if track.sightings is None):
        ends = track.first_frame + len(track) - 1
        if last - ends > _PAUSE_S * fps and _leaves_ghost(foreground, track, -1, fps, width, seen):
            raise NoPersonError(
                f"From {ends / fps:.1f} s on somebody stands still, and cannot be told from the "
                "background: trim the clip to where people walk."
            )
        begins = track.first_frame
        if begins > _PAUSE_S * fps and _leaves_ghost(foreground, track, 0, fps, width, seen):
            raise NoPersonError(
                f"Until {begins / fps:.1f} s somebody stands still, and cannot be told from the "
                "background: trim the clip to where people walk."
            )


def _as_found(track: Track) -> Track:
    """A track from where the person was first found to where they were last."""
    first, last = np.flatnonzero(track.found)[[0, -1]]
    there = slice(first, last + 1)
    return Track(
        track.track_id, track.first_frame + int(first), track.xyxy[there], track.found[there]
    )


def _leaves_ghost(
    foreground: ForegroundClip, track: Track, end: int, fps: float, width: int, seen: list[Track]
) -> bool:
    """Whether the place where a track ends (-1) or begins (0) was taken before or after it, other
    than by somebody whom the detector has seen."""
    at = int(np.flatnonzero(track.found)[end])
    box = track.xyxy[at]
    margin = 0.04 * width
    if box[0] < margin or box[2] > width - margin:
        return False  # walked out of the picture, or into it
    last = len(foreground) - 1
    spans = track.first_frame == 0 if end == -1 else track.first_frame + len(track) - 1 == last
    middles = (track.xyxy[:, 0] + track.xyxy[:, 2]) / 2
    if spans and np.ptp(middles) < _STILL * (box[3] - box[1]):
        return True  # a ghost itself: it stands from the first frame, or to the last
    index = track.first_frame + at
    place = own_foreground(foreground[index], box, [], foreground.scale) > 0
    step = max(1, round(fps / _FRAMES_A_SECOND))
    others = range(0, index, step) if end == -1 else range(index, last + 1, step)
    others = [n for n in others if not any(_covers(other, n, box) for other in seen)]
    taken = [foreground[n][place].mean() for n in others if _is_away(track, n, box)]
    return len(taken) >= _FEWEST and np.median(taken) > _GHOST


def _covers(track: Track, index: int, box: np.ndarray) -> bool:
    """Whether most of a box lies where the person is in the clip's frame `index`."""
    position = index - track.first_frame
    if not 0 <= position < len(track):
        return False
    return bool(overlap(box, track.xyxy[position]) > 0.5 * area(box))


def _is_away(track: Track, index: int, box: np.ndarray) -> bool:
    """Whether the person is not at the box in the clip's frame `index`."""
    position = index - track.first_frame
    if not 0 <= position < len(track):
        return True
    now = track.xyxy[position]
    return now[2] < box[0] or now[0] > box[2]
