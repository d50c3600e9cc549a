"""Who gets a new gait, and which one: the step from an analysis and a seed to new silhouettes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gait_demo.anonymization.noise import noise_vector
from gait_demo.anonymization.track import anonymize
from gait_demo.errors import NoPersonError
from gait_demo.joints import with_sides_of
from gait_demo.options import Options
from gait_demo.people.person import Person, prominent
from gait_demo.pipeline.analysis import Analysis
from gait_demo.pipeline.models import Models
from gait_demo.rendering.depth import Depths, depths_of
from gait_demo.rendering.ground import planted
from gait_demo.types import SilhouetteClip

_AT_ONCE_S = 0.2  # two tracks that are seen together for at least this long are two people


@dataclass(frozen=True)
class Gait:
    """The new gait of one person.

    Attributes:
        person: who gets it.
        noise: (noise_dim,) float32, the noise it was made from.
        clip: the new silhouettes, one for each frame of the person's track, with joints where they
            are known.
        depths: for each of these frames, which limbs are nearer to the camera; None if the joints
            of the old or the new walker are not known.
    """

    person: Person
    noise: np.ndarray
    clip: SilhouetteClip
    depths: list[Depths] | None


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
    chosen = [one for one in analysis.people if one.track.track_id == wanted]
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
    for person in chosen_people(analysis, options):
        number, seen = person.track.track_id, person.silhouettes
        noise = noise_vector(
            options.anonymize.secret, analysis.digest, number, seed, anonymizer.noise_dim
        )
        strength = options.anonymize.strength * person.changes(fps)
        made, depths = anonymize(seen, anonymizer, noise, fps=fps, strength=strength), None
        if seen.joints is not None and made.joints is not None:
            depths = depths_of(np.stack([one.landmarks for one in person.detections]), fps)
            made = replace(made, joints=with_sides_of(made.joints, seen.joints))
            made = planted(made, seen, depths, fps)
        yield Gait(person, noise.numpy(), made, depths)


def _may_be(person: Person, other: Person, fps: float) -> bool:
    """Whether `other` may be the same person, lost and found again under another track id."""
    first = min(person.track.first_frame, other.track.first_frame)
    found = [np.pad(one.seen, (one.track.first_frame - first, 0)) for one in (person, other)]
    together = sum(map(np.logical_and, *found))
    return person is not other and together < _AT_ONCE_S * fps
