"""Who gets a new gait, and which one: the step from an analysis and a seed to new silhouettes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from torch import Tensor

from gait_demo.anonymization.noise import noise_vector
from gait_demo.anonymization.pace import delays, nearest, retimed, timing
from gait_demo.anonymization.track import anonymize
from gait_demo.background.plate import NoPlate, Plate
from gait_demo.errors import NoPersonError
from gait_demo.joints import with_sides_of
from gait_demo.options import Options
from gait_demo.people.person import Person, prominent
from gait_demo.pipeline.analysis import Analysis
from gait_demo.pipeline.models import Models
from gait_demo.rendering.depth import Depths, depths_of
from gait_demo.rendering.ground import planted
from gait_demo.types import SilhouetteClip

_EVERYONE = 0  # in place of a track id, for noise that all people of a video share
_AT_ONCE_S = 0.2  # two tracks that are seen together for at least this long are two people


@dataclass(frozen=True)
class Gait:
    """The new gait of one person.

    Attributes:
        person: who gets it.
        noise: (noise_dim,) float32, the noise it was made from.
        clip: the new silhouettes in T' frames of the video, with joints where they are known.
        timing: (T',) float64, positions in the person's track: the moment of the old walk to which
            each of these frames corresponds, see `pace.timing`.
        depths: for each frame of the track, which limbs are nearer to the camera; None if the
            joints of the old or the new walker are not known.
    """

    person: Person
    noise: np.ndarray
    clip: SilhouetteClip
    timing: np.ndarray
    depths: list[Depths] | None

    def __len__(self) -> int:
        return len(self.clip)

    @cached_property
    def sources(self) -> np.ndarray:
        """(T',) int: the positions in the track that are nearest to `timing`."""
        return nearest(self.timing)

    @property
    def changed(self) -> np.ndarray:
        """(T',) bool: frames that show somebody who is seen walking, with the new gait."""
        return (self.person.seen & ~self.person.keeps_pose)[self.sources]

    @property
    def in_step(self) -> SilhouetteClip:
        """The new walk in the T frames of the track: for each, the nearest moment."""
        at = np.abs(self.timing[:, None] - np.arange(len(self.person.track))).argmin(axis=0)
        return replace(retimed(self.clip, at), first_frame=self.person.track.first_frame)

    @property
    def frames(self) -> np.ndarray:
        """(T',) int: indices in the video."""
        return self.clip.first_frame + np.arange(len(self))


def chosen_people(analysis: Analysis, options: Options) -> list[Person]:
    """The people who get a new gait: the most prominent of those who are large enough; or, if the
    options name a person, that person and all who may be the same, because the two are hardly ever
    seen together.

    Raises:
        NoPersonError: the named person is not in the video.
    """
    wanted = options.anonymize.person
    if wanted is None:
        return prominent(analysis.people, options.people)
    chosen = [person for person in analysis.people if person.track.track_id == wanted]
    if not chosen:
        count = len(analysis.people)
        shown = "one person, number 1" if count == 1 else f"{count} people, numbers 1 to {count}"
        raise NoPersonError(f"There is no person {wanted} in the video, which shows {shown}.")
    fps = float(analysis.info.fps)
    return chosen + [other for other in analysis.people if _may_be(chosen[0], other, fps)]


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

    # one delay for all, so that people who walk together stay together
    late = options.anonymize.strength * delays(noise_of(_EVERYONE), times)
    for person in chosen_people(analysis, options):
        noise, depths = noise_of(person.track.track_id), None
        strength = options.anonymize.strength * person.changes(fps)
        first, moments = _timing(person, analysis, late, times)
        made = anonymize(
            person.silhouettes, anonymizer, noise, fps=fps, strength=strength, timing=moments
        )
        old = retimed(person.silhouettes, moments)
        shift = _camera_shift(analysis.background.at(first), old.squares, first, person, moments)
        made, old = (
            replace(clip, first_frame=first, squares=clip.squares + shift) for clip in (made, old)
        )
        if old.joints is not None and made.joints is not None:
            depths = depths_of(
                np.stack([detection.landmarks for detection in person.detections]), fps
            )
            made = replace(made, joints=with_sides_of(made.joints, old.joints))
            made = planted(made, old, [depths[n] for n in nearest(moments)], fps)
        yield Gait(person, noise.numpy(), made, moments, depths)


def _timing(
    person: Person, analysis: Analysis, late: np.ndarray, times: np.ndarray
) -> tuple[int, np.ndarray]:
    """The index of the first frame that shows the person's new walk, and its timing. There is no
    delay where the person keeps the pose, nor in shots without a plate: the background around the
    person must be known.

    Args:
        late, times: (N,) seconds, delays and times of all frames of the video.
    """
    first, fixed = person.track.first_frame, person.keeps_pose
    start, end = analysis.background.span(first, len(times))
    if not isinstance(analysis.background.at(first), Plate):
        fixed = np.ones_like(fixed)
    shot = slice(start, end)
    shown_from, moments = timing(late[shot], times[shot], first - start, fixed)
    return start + shown_from, moments


def _camera_shift(
    plate: Plate | NoPlate, squares: np.ndarray, first: int, person: Person, moments: np.ndarray
) -> np.ndarray:
    """(T', 4) pixels by which squares (T', 4) are moved so that they lie in the frames from `first`
    on where they lay in the frames of the moments shown, although the camera shakes."""
    if not isinstance(plate, Plate):
        return np.zeros_like(squares)
    middles = (squares[:, :2] + squares[:, 2:]) / 2
    old = person.track.first_frame + nearest(moments)
    moved = plate.followed(middles, old, first + np.arange(len(moments)))
    return np.tile(moved - middles, 2).astype(np.float32)


def _may_be(person: Person, other: Person, fps: float) -> bool:
    """Whether `other` may be the same person, lost and found again under another track id."""
    first = min(person.track.first_frame, other.track.first_frame)
    found = [
        np.pad(either.seen, (either.track.first_frame - first, 0)) for either in (person, other)
    ]
    together = sum(map(np.logical_and, *found))
    return person is not other and together < _AT_ONCE_S * fps
