"""What a new gait has changed in a walk, as data for the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from gait_demo.evaluation.gei import gait_energy_image
from gait_demo.evaluation.kinematics import Kinematics
from gait_demo.joints import BONES
from gait_demo.pipeline import Analysis
from gait_demo.pipeline.gaits import Gait
from gait_demo.types import Rank, SilhouetteClip

_MOST_PEOPLE = 4  # maximum number of people whose joints are shown
_STRIP_FRAMES, _STRIP_HZ = 24, 12  # number of frames in a strip, and frames per second
_INK = (110, 118, 15)  # BGR of a walker in a strip
_HALF = 0.5  # threshold of silhouettes


def change(
    analysis: Analysis, gaits: Sequence[Gait], ranks: list[Rank] | None, strangers: int
) -> dict[str, Any]:
    """
    Args:
        gaits: of all people who are drawn, the most prominent first.
        ranks: of the most prominent person with a new gait; see `Crowd.ranks`.
        strangers: number of synthetic people among whom they are ranked.

    Returns:
        A value for JSON:
        `people`: for each person with a new gait, up to four, the number (`person`), the `times` of
        the track in seconds, and the joints `before` and `after`: (19, 2) in pixels per frame, null
        where not known or not changed;
        `bones`: pairs of joints;
        `walk`: of the first of these people, over the frames with a new gait: `person`, `times`
        and, `before` and `after`, `gei` (a PNG as a data URL) and, with joints, `curves` by name,
        and `cadence`, `stride` and `asymmetry` of `Kinematics`; null if nobody has a new gait;
        `ranks` and `strangers`.
    """
    times = np.array(analysis.times, float)
    changed = [gait for gait in gaits if gait.changed.any()]
    return {
        "people": [_joints(gait, times) for gait in changed[:_MOST_PEOPLE]],
        "bones": [list(bone) for bone in BONES],
        "walk": _walk(changed[0], times) if changed else None,
        "ranks": [vars(rank) for rank in ranks or ()],
        "strangers": strangers,
    }


def strip(gait: Gait, fps: float) -> str:
    """A walk as one picture, frame beside frame of 64x64 pixels: PNG as a data address."""
    changed = np.flatnonzero(gait.changed)
    wanted = changed[0] + np.arange(_STRIP_FRAMES) * fps / _STRIP_HZ
    alpha = np.hstack(gait.clip.masks[np.minimum(wanted, changed[-1]).astype(int)])
    picture = np.dstack(
        [np.full((*alpha.shape, 3), _INK, np.uint8), (255 * alpha).astype(np.uint8)]
    )
    return _png(picture)


def _walk(gait: Gait, times: np.ndarray) -> dict[str, Any]:
    person = gait.person
    frames, both = _frames(gait), _before_and_after(gait, ~person.keeps_pose)
    there = {name: _filled(frames, *walk[:2]) for name, walk in both.items()}
    here = np.any(list(there.values()), axis=0)
    told: dict[str, Any] = {
        "person": person.track.track_id,
        "times": _rounded(times[frames[here]], 3),
    }
    known = all(clip.joints is not None for _, _, clip in both.values())
    for name, (start, shown, clip) in both.items():
        energy = gait_energy_image((clip.masks[shown] > _HALF).astype(np.uint8))
        told[name] = {"gei": None if energy is None else _png((255 * energy).astype(np.uint8))}
        if not known:
            continue
        points = _filled(frames, start, _where(shown, _pixels(clip)))[here]
        moves = Kinematics.of(points, person.height, times[frames[here]])
        told[name] |= {
            "curves": {
                "knee": _rounded(moves.knee[0], 1),
                "hip": _rounded(moves.hip[0], 1),
                "trunk": _rounded(moves.trunk, 1),
                "feet": _rounded(100 * moves.feet, 1),
            },
            "cadence": _number(moves.cadence),
            "stride": _number(moves.stride),
            "asymmetry": _number(moves.asymmetry),
        }
    return told


def _joints(gait: Gait, times: np.ndarray) -> dict[str, Any]:
    frames = _frames(gait)
    told: dict[str, Any] = {
        "person": gait.person.track.track_id,
        "times": _rounded(times[frames], 3),
    }
    anywhere = np.ones(len(gait.person.track), bool)
    for name, (start, shown, clip) in _before_and_after(gait, anywhere).items():
        if clip.joints is None:
            told[name] = [None] * len(frames)
            continue
        points = _filled(frames, start, _where(shown, _pixels(clip)))
        told[name] = [
            joints.round().astype(int).tolist() if np.isfinite(joints).all() else None
            for joints in points
        ]
    return told


def _before_and_after(
    gait: Gait, wanted: np.ndarray
) -> dict[str, tuple[int, np.ndarray, SilhouetteClip]]:
    """Of the old walk and of the new one: the index of the first frame, whether each frame shows
    the walker, and the walk. Of the old one only `wanted` frames, (T,) bool, count."""
    person = gait.person
    return {
        "before": (person.track.first_frame, person.seen & wanted, person.silhouettes),
        "after": (gait.clip.first_frame, gait.changed, gait.clip),
    }


def _frames(gait: Gait) -> np.ndarray:
    """(F,) int: indices of all frames in which the person has an old or a new place."""
    ends = (gait.person.track.first_frame + len(gait.person.track), gait.frames[-1] + 1)
    return np.arange(min(gait.person.track.first_frame, gait.clip.first_frame), max(ends))


def _filled(frames: np.ndarray, start: int, values: np.ndarray) -> np.ndarray:
    """(F, ...): values of the frames from index `start` on, at the place of each in `frames`;
    elsewhere nan, or False."""
    nothing = False if values.dtype == bool else np.nan
    result = np.full((len(frames), *values.shape[1:]), nothing, values.dtype)
    begin = start - frames[0]
    result[begin : begin + len(values)] = values
    return result


def _where(shown: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(T, 19, 2): the points of the frames that show somebody, nan in others."""
    return np.where(shown[:, None, None], points, np.nan)


def _pixels(clip: SilhouetteClip) -> np.ndarray:
    """(T, 19, 2) joints in the frame; nan where not known."""
    corners, sides = clip.squares[:, None, :2], (clip.squares[:, 2:] - clip.squares[:, :2])[:, None]
    points = corners + clip.joints[..., :2] * sides - 0.5
    return np.where(clip.joints[..., 2:] > 0, points, np.nan)


def _rounded(values: np.ndarray, digits: int) -> list[float | None]:
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]


def _number(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None


def _png(picture: np.ndarray) -> str:
    data = cv2.imencode(".png", picture)[1].tobytes()
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"
