"""Who gets a new gait, and which one: the step from an analysis and a seed to new silhouettes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from torch import Tensor

from gait_demo.anonymization.noise import noise_vector
from gait_demo.anonymization.pace import (
    Timing,
    neighbours,
    place_delays,
    pose_delays,
    retimed,
    timing,
)
from gait_demo.anonymization.track import anonymize
from gait_demo.background.plate import Background, NoPlate, Plate
from gait_demo.errors import NoPersonError
from gait_demo.imaging.boxes import intersection_area
from gait_demo.joints import with_sides_of
from gait_demo.options import Options
from gait_demo.people.faces import UnknownFace
from gait_demo.people.person import Person, prominent
from gait_demo.people.visibility import CONSEQUENCES, Visibility
from gait_demo.pipeline.analysis import Analysis
from gait_demo.pipeline.models import Models
from gait_demo.rendering.depth import Depths, depths_of
from gait_demo.rendering.ground import crosses_view, planted
from gait_demo.types import SilhouetteClip

_EVERYONE = 0  # in place of a track id, for noise that all people of a video share
_WIDEST = 3.0  # maximum change of sizes between frames by which feet are kept in place
_AT_ONCE_S = 0.2  # two tracks that are seen together for at least this long are two people


@dataclass(frozen=True)
class Gait:
    """The new gait of one person.

    Attributes:
        person: who gets it.
        noise: (noise_dim,) float32, the noise it was made from.
        clip: the new silhouettes in T' frames of the video, from the first one of the track on and
            at least to its last one, with joints where they are known.
        timing: moments of the old walk that these frames show.
        depths: for each frame of the track, which limbs are nearer to the camera; None if the
            joints of the old or the new walker are not known.
    """

    person: Person
    noise: np.ndarray
    clip: SilhouetteClip
    timing: Timing
    depths: list[Depths] | None

    def __len__(self) -> int:
        return len(self.clip)

    @cached_property
    def sources(self) -> np.ndarray:
        """(T',) int: for each frame, the position in the track whose pose and pixels are shown."""
        return self.timing.sources

    @cached_property
    def drawn(self) -> np.ndarray:
        """(T',) bool: frames in which the person is drawn: well enough seen, both at the moment of
        the place and at that of the pose."""
        drawn = np.array([CONSEQUENCES[Visibility(v)].drawn for v in self.person.visibility])
        return drawn[self.sources] & drawn[np.rint(self.timing.places).astype(int)]

    @property
    def changed(self) -> np.ndarray:
        """(T',) bool: frames that show somebody who is seen walking, with the new gait."""
        return (self.person.seen & ~self.person.keeps_pose)[self.sources] & self.drawn

    @property
    def in_step(self) -> SilhouetteClip:
        """The new walk in the T frames of the track: for each, the nearest moment."""
        at = np.abs(self.timing.poses[:, None] - np.arange(len(self.person.track))).argmin(axis=0)
        walk = retimed(self.clip, Timing.same(at))
        return replace(walk, first_frame=self.person.track.first_frame)

    @property
    def frames(self) -> np.ndarray:
        """(T',) int: indices in the video."""
        return self.clip.first_frame + np.arange(len(self))


def chosen_people(analysis: Analysis, options: Options) -> list[Person]:
    """The people who get a new gait: the most prominent of those who are large enough; or, if the
    options name a person, that person and all who may be the same, because the two are hardly ever
    seen together.

    Raises:
        NoPersonError: the named person is not in the video, or only a box is known of them.
    """
    wanted = options.anonymize.person
    if wanted is None:
        return prominent(analysis.people, options.people)
    chosen = [person for person in analysis.people if person.track.track_id == wanted]
    if not chosen:
        count = len(analysis.people)
        shown = "one person, number 1" if count == 1 else f"{count} people, numbers 1 to {count}"
        raise NoPersonError(f"There is no person {wanted} in the video, which shows {shown}.")
    if chosen[0].is_refused:
        raise NoPersonError(
            f"Person {wanted} is seen by one detector only and can get no other gait; anonymize "
            "everyone, and they are replaced by background."
        )
    fps = float(analysis.info.fps)
    others = [other for other in analysis.people if not other.is_refused]
    return chosen + [other for other in others if _may_be(chosen[0], other, fps)]


def hidden_faces(analysis: Analysis, options: Options) -> tuple[UnknownFace, ...]:
    """The faces of nobody who was found that are hidden: all, unless faces are to stay or only one
    person is to be anonymized."""
    stay = options.anonymize.person is not None or not options.colorize.hide_face
    return () if stay else analysis.unknown_faces


def new_gaits(analysis: Analysis, models: Models, options: Options, seed: int) -> Iterator[Gait]:
    """The gaits of all chosen people, in the order of `chosen_people`.

    Raises:
        NoPersonError: as for `chosen_people`.
    """
    fps = float(analysis.info.fps)
    anonymizer = models.anonymizer(options.anonymize.anonymizer)
    secret, times = options.anonymize.secret, np.array(analysis.times, float)

    def noise_of(number: int) -> Tensor:
        return noise_vector(secret, analysis.digest, number, seed, anonymizer.noise_dim)

    # places are late by the same for all, so that people who walk together stay together
    late = options.anonymize.strength * place_delays(noise_of(_EVERYONE), times)
    chosen = chosen_people(analysis, options)
    staying = _staying(analysis, chosen, options)
    for person in chosen:
        noise, depths = noise_of(person.track.track_id), None
        strength = options.anonymize.strength * person.changes(fps)
        delays = late, options.anonymize.strength * pose_delays(noise, times)
        moments = _timing(person, analysis, staying, delays, times)
        made = anonymize(
            person.silhouettes, anonymizer, noise, fps=fps, strength=strength, timing=moments
        )
        old = retimed(person.silhouettes, Timing.same(moments.poses))
        made, old = (
            replace(clip, squares=clip.squares + _square_shifts(person, analysis.background, shown))
            for clip, shown in ((made, moments.places), (old, moments.poses))
        )
        if old.joints is not None and made.joints is not None:
            depths = depths_of(
                np.stack([detection.landmarks for detection in person.detections]), fps
            )
            made = replace(made, joints=with_sides_of(made.joints, old.joints))
            there = camera_compensated(analysis.background, made, old)
            stands = planted(*there, [depths[n] for n in moments.sources], fps)
            made = replace(made, masks=stands.masks, joints=stands.joints)
        yield Gait(person, noise.numpy(), made, moments, depths)


def _staying(
    analysis: Analysis, chosen: Sequence[Person], options: Options
) -> list[tuple[Person, np.ndarray]]:
    """The people who are shown where and when they were, in at least one frame: each with (T,)
    bool, True in these frames."""
    numbers = {person.track.track_id for person in chosen}
    in_clear = options.anonymize.person is not None
    flags = [
        person.keeps_pose
        if person.track.track_id in numbers
        else np.full(len(person.track), in_clear)
        for person in analysis.people
    ]
    return [pair for pair in zip(analysis.people, flags, strict=True) if pair[1].any()]


def _timing(
    person: Person,
    analysis: Analysis,
    staying: Sequence[tuple[Person, np.ndarray]],
    delays: tuple[np.ndarray, np.ndarray],
    times: np.ndarray,
) -> Timing:
    """The timing of a person's new walk. There is no delay until they are seen and where they keep
    the pose. Places are not late either in shots without a plate and where the person hides
    somebody who stays, as what was behind them would be laid bare; and poses are not if the
    camera's motion is not known, by which standing feet are kept in place. Both are of the same
    moment where the person is lost for a while, begins to cross the view, or ceases to.

    Args:
        staying: see `_staying`.
        delays: (N,) seconds each, of places and poses, for all frames of the video.
        times: (N,) seconds, of these frames.
    """
    first, background = person.track.first_frame, analysis.background
    kept = person.keeps_pose | (np.arange(len(person.track)) <= np.argmax(person.track.found))
    fixed = kept | _hides(person, analysis, staying)
    end = background.span(first, len(times))[1]
    places, poses = (late[first:end] for late in delays)
    if not isinstance(background.at(first), Plate):
        follows = background.at(first).follows(first, first + len(person.track))
        places, poses = np.zeros_like(places), poses * follows
    steady = camera_compensated(background, person.silhouettes)
    crosses = crosses_view(*steady, float(analysis.info.fps)) > 0.5
    together = person.lost_between | (np.diff(crosses, prepend=crosses[0]) != 0)
    last = np.flatnonzero(person.seen | person.carried)[-1]
    return timing(places, poses, times[first:end], fixed, kept, together, last)


def _hides(
    person: Person, analysis: Analysis, staying: Sequence[tuple[Person, np.ndarray]]
) -> np.ndarray:
    """(T,) bool: frames in which the region where the person is removed meets somebody who
    stays."""
    first, scale = person.track.first_frame, analysis.background.at(person.track.first_frame).scale
    number = next(n for n, one in enumerate(analysis.people) if one is person)
    regions = np.zeros((len(person.track), 4), np.float32)
    for box, removals in zip(regions, analysis.removals[first:], strict=False):
        removal = removals[number]
        if removal is not None:
            (h, w), x, y = removal.shape, removal.x, removal.y
            box[:] = np.float32([x, y, x + w, y + h]) / scale
    meets = np.zeros(len(person.track), bool)
    for other, stays in staying:
        begin = max(first, other.track.first_frame)
        end = min(first + len(person.track), other.track.first_frame + len(other.track))
        if other is person or end <= begin:
            continue
        mine, theirs = (
            slice(begin - track.first_frame, end - track.first_frame)
            for track in (person.track, other.track)
        )
        boxes = np.stack([detection.box for detection in other.detections[theirs]])
        meets[mine] |= stays[theirs] & (intersection_area(regions[mine], boxes) > 0)
    return meets


def _followed_squares(
    squares: np.ndarray, shot: Plate | NoPlate, before: np.ndarray, after: np.ndarray
) -> np.ndarray:
    """(N, 4) pixels: where the same places of the scene, as large as it is there, lie in frames
    `after` (N,) if squares (N, 4) are those of frames `before` (N,)."""
    x, (y0, y1) = squares[:, ::2].mean(axis=1), squares[:, 1::2].T
    top, feet = (shot.followed(np.column_stack([x, y]), before, after) for y in (y0, y1))
    half = np.linalg.norm(feet - top, axis=1, keepdims=True) / 2
    middle = (top + feet) / 2
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def _square_shifts(person: Person, background: Background, moments: np.ndarray) -> np.ndarray:
    """(T', 4) pixels by which the squares of a retimed walk are moved, so that they lie at the same
    places of the scene although the camera moves."""
    first, squares = person.track.first_frame, person.silhouettes.squares
    shot, now = background.at(first), first + np.arange(len(moments))
    before, after, share = neighbours(moments)
    before, after = (
        _followed_squares(squares[frames], shot, first + frames, now) - squares[frames]
        for frames in (before, after)
    )
    return before + share[:, None] * (after - before)


def camera_compensated(background: Background, *walks: SilhouetteClip) -> list[SilhouetteClip]:
    """Walks from one frame on, with squares in pixels of that frame, as if the camera had stood
    still since; the same squares where the camera's motion is not known, or where it scales one
    of them by more than `_WIDEST`, as the motion is unreliable so far outside of that frame."""
    shot, steady = background.at(walks[0].first_frame), []
    for walk in walks:
        first = np.full(len(walk), walk.first_frame)
        squares = _followed_squares(walk.squares, shot, first + np.arange(len(walk)), first)
        change = np.ptp(squares[:, 1::2], axis=1) / np.ptp(walk.squares[:, 1::2], axis=1)
        if not (1 / _WIDEST < change.min() and change.max() < _WIDEST):
            return list(walks)
        steady.append(replace(walk, squares=squares))
    return steady


def _may_be(person: Person, other: Person, fps: float) -> bool:
    """Whether `other` may be the same person, lost and found again under another track id."""
    first = min(person.track.first_frame, other.track.first_frame)
    found = [
        np.pad(either.seen, (either.track.first_frame - first, 0)) for either in (person, other)
    ]
    together = sum(map(np.logical_and, *found))
    return person is not other and together < _AT_ONCE_S * fps
