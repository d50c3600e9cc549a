"""Who gets another gait, and which: what one seed makes of the people of an analysis."""

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

_AT_ONCE_S = 0.2  # seen in the picture together for longer, two are not one person


@dataclass(frozen=True)
class Gait:
    """The new walk of one person.

    Attributes:
        person: who gets it.
        noise: (noise_dim,) float32, what it was made from.
        clip: the new silhouettes, one a frame of the person's track, with joints where they are
            known.
        depths: which limbs are nearer, in each of these frames; None: the joints of the old or the
            new walker are not known.
    """

    person: Person
    noise: np.ndarray
    clip: SilhouetteClip
    depths: list[Depths] | None


def chosen_people(analysis: Analysis, options: Options) -> list[Person]:
    """Who is drawn anew: the most prominent who are large enough; or the one person of the
    options, and who may be the same, because the two are never seen together.

    Raises:
        NoPersonError: that person is not in the video.
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
    """Those of everybody chosen, the most prominent first.

    Raises:
        NoPersonError: as of `chosen_people`.
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
    """Whether another one may be the person, lost and found again under another number."""
    first = min(person.track.first_frame, other.track.first_frame)
    found = [np.pad(one.seen, (one.track.first_frame - first, 0)) for one in (person, other)]
    together = sum(map(np.logical_and, *found))
    return person is not other and together < _AT_ONCE_S * fps
