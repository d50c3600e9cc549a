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
    both = _before_and_after(gait, person.seen & ~person.keeps_pose)
    here = np.any([_padded(shown, len(gait)) for shown, _ in both.values()], axis=0)
    at = times[gait.frames[here]]
    told: dict[str, Any] = {"person": person.track.track_id, "times": _rounded(at, 3)}
    known = all(clip.joints is not None for _, clip in both.values())
    for name, (shown, clip) in both.items():
        energy = gait_energy_image((clip.masks[shown] > _HALF).astype(np.uint8))
        told[name] = {"gei": None if energy is None else _png((255 * energy).astype(np.uint8))}
        if not known:
            continue
        moves = Kinematics.of(_padded(_pixels(clip, shown), len(gait))[here], person.height, at)
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
    told: dict[str, Any] = {
        "person": gait.person.track.track_id,
        "times": _rounded(times[gait.frames], 3),
    }
    for name, (shown, clip) in _before_and_after(gait, gait.person.seen).items():
        told[name] = [
            joints.round().astype(int).tolist() if np.isfinite(joints).all() else None
            for joints in _padded(_pixels(clip, shown), len(gait))
        ]
    return told


def _before_and_after(gait: Gait, seen: np.ndarray) -> dict[str, tuple[np.ndarray, SilhouetteClip]]:
    """The old walk and the new one, from the same frame on, and which of their frames count:
    (T,) bool `seen` of the old, and of the new those that show it."""
    return {"before": (seen, gait.person.silhouettes), "after": (gait.changed, gait.clip)}


def _padded(values: np.ndarray, count: int) -> np.ndarray:
    """(count, ...): values of the first frames, and nan or False of the others."""
    nothing = False if values.dtype == bool else np.nan
    result = np.full((count, *values.shape[1:]), nothing, values.dtype)
    result[: len(values)] = values
    return result


def _pixels(clip: SilhouetteClip, shown: np.ndarray) -> np.ndarray:
    """(T, 19, 2) joints in the frame; nan where not known, and in frames that are not `shown`."""
    if clip.joints is None:
        return np.full((len(clip), 1, 2), np.nan)
    corners, sides = clip.squares[:, None, :2], (clip.squares[:, 2:] - clip.squares[:, :2])[:, None]
    points = corners + clip.joints[..., :2] * sides - 0.5
    return np.where((clip.joints[..., 2:] > 0) & shown[:, None, None], points, np.nan)


def _rounded(values: np.ndarray, digits: int) -> list[float | None]:
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]


def _number(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None


def _png(picture: np.ndarray) -> str:
    data = cv2.imencode(".png", picture)[1].tobytes()
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"
