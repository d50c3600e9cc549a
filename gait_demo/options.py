"""Options of all stages: frozen dataclasses, verified when they are made, passed down whole.

A value of a wrong type or out of range, or an unknown option, is a pydantic.ValidationError, which
is a ValueError.
"""

from __future__ import annotations

import secrets
from dataclasses import field
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, Strict
from pydantic.dataclasses import dataclass

_CHECKED = ConfigDict(
    extra="forbid",
    strict=True,
    allow_inf_nan=False,
    hide_input_in_errors=True,  # an input may be the secret
)

LONGEST_S = 1e6  # longer than any video
OUTPUTS = ("original", "binary", "colorized", "comparison")  # the videos that a run can write


def _plain(value: object) -> object:
    """NumPy's numbers as Python's, which alone are strictly int and float."""
    return value.item() if hasattr(value, "item") else value


Int = Annotated[int, BeforeValidator(_plain)]
Float = Annotated[float, BeforeValidator(_plain)]
Seconds = Annotated[Float, Field(ge=0, le=LONGEST_S)]


@dataclass(frozen=True, config=_CHECKED)
class VideoOptions:
    max_duration_s: Annotated[Float, Field(ge=0.1)] | None = None  # None: no limit
    max_frames: Annotated[Int, Field(ge=2)] | None = None  # None: no limit
    keep_audio: bool = False
    start_s: Seconds = 0.0  # start of the part to process, since the first frame
    end_s: Seconds | None = None  # its end; None: the end of the video
    # videos to write, as a tuple or a list
    only: Annotated[tuple[Literal[OUTPUTS], ...], Strict(False), Field(min_length=1)] = OUTPUTS

    def __post_init__(self) -> None:
        if self.end_s is not None and self.end_s < self.start_s:
            raise ValueError(f"end_s: expected at least {self.start_s}, got {self.end_s}")


@dataclass(frozen=True, config=_CHECKED)
class PeopleOptions:
    """Thresholds for finding people, calibrated by `evaluate people` on labelled frames.

    "Presence" is the landmark network's confidence that a square shows a person, "score" a
    detector's confidence; both are in [0, 1]. All but the first four are minimum values.

    A track is accepted as a person in one of two ways: its median presence reaches
    `usual_presence`, `sure_frames` of its frames reach `sure_presence` or `sure_yolo`, and one
    score reaches `sure_score`; or `sure_frames` scores reach `sure_yolo` and its median presence
    reaches `stay_presence` (without the landmark network the scores alone decide). A track in which
    nothing moves must also reach `sure_presence` in the share `still_share` of its frames.

    Attributes:
        min_height_px: people smaller than this get no new gait; they are removed.
        max_people: how many people get a new gait, the most prominent first; the others are
            removed.
        look_every_s: seconds between two frames that are searched for new people.
        detector_px: longest side in pixels of the image that YOLO sees.
        yolo_score, pose_score: score of a proposal by YOLO, and by BlazePose's detector.
        read_presence: presence of a proposal, for it to be read a second time.
        follow_presence: presence of a person in a frame.
        stay_presence: presence of a person who does not reach `follow_presence` and is read again
            in a smaller square.
        usual_presence, sure_presence, sure_score, sure_yolo, still_share, sure_frames: see above.
        face_px: longest side in pixels of the image in which faces are looked for.
        face_score: score of a face that is read again, enlarged.
        likely_face: score of the second reading, for it to be a face.
        sure_face: the same in one frame of a face that belongs to nobody who was found, for it to
            be hidden.
        likely_presence, likely_score: presence or score, in one frame, of a track that may be a
            person and is followed. A track that reaches one of them in `sure_frames` frames, but is
            not accepted as a person, is kept out of the background plate.
    """

    min_height_px: Annotated[Int, Field(ge=16)] = 40
    max_people: Annotated[Int, Field(ge=1)] = 20
    look_every_s: Float = 0.5
    detector_px: Annotated[Int, Field(ge=64)] = 640
    yolo_score: Float = 0.1
    pose_score: Float = 0.3
    read_presence: Float = 0.1
    follow_presence: Float = 0.3
    stay_presence: Float = 0.6
    usual_presence: Float = 0.86
    sure_presence: Float = 0.99
    sure_score: Float = 0.15
    sure_yolo: Float = 0.5
    still_share: Float = 0.9
    face_px: Annotated[Int, Field(ge=64)] = 768
    face_score: Float = 0.2
    likely_face: Float = 0.3
    sure_face: Float = 0.4
    likely_presence: Float = 0.9
    likely_score: Float = 0.3
    sure_frames: Int = 3


ANONYMIZERS = {"anet": "A-NET", "stgan": "ST-GAN"}  # module in anonymization/: name that is shown
LEAST_SECRET_BYTES = 16


def fresh_secret() -> bytes:
    """A random secret for `AnonymizeOptions`."""
    return secrets.token_bytes(2 * LEAST_SECRET_BYTES)


@dataclass(frozen=True, config=_CHECKED)
class AnonymizeOptions:
    """Whom to anonymize, and with which noise.

    Attributes:
        seed: every number gives another gait. Without the secret the number alone does not give
            the same gait again.
        person: track id of the only person to anonymize; None: everyone.
        strength: over 0 and at most 1: how far the gait moves from the old one to the new one.
        anonymizer: one of ANONYMIZERS.
        secret: at least 16 random bytes; None: a fresh secret. The noise is drawn from it, the
            clip, the person and the seed, so the same secret gives the same gaits again. Whoever
            has the secret and the clip's file can make these gaits too, and so tell whose they are
            and which videos belong together: keep it as safe as the original, or not at all.
    """

    seed: Annotated[Int, Field(ge=0, lt=2**63)] = 0
    person: Annotated[Int, Field(ge=1)] | None = None
    strength: Annotated[Float, Field(gt=0, le=1)] = 1.0
    anonymizer: Literal[tuple(ANONYMIZERS)] = "anet"
    secret: Annotated[bytes, Field(min_length=LEAST_SECRET_BYTES)] | None = field(
        default=None, repr=False
    )


# the strengths that the app offers and the evaluation measures
STRENGTHS = {"subtle": 1 / 3, "half way": 2 / 3, "someone else": 1.0}
# the original's own pixels; C-NET's colours at 64x64; one grey for everyone, which hides clothes
COLOURS = ("sharp", "paper", "plain")


@dataclass(frozen=True, config=_CHECKED)
class ColorizeOptions:
    colour: Literal[COLOURS] = "sharp"
    hide_face: bool = True  # remove the detail of the head


@dataclass(frozen=True, config=_CHECKED)
class Options:
    """The options of all stages.

    Attributes:
        threads: number of threads per stage; None: OpenCV and x264 choose by the number of cores,
            the other stages use two. The number does not change the frames.
    """

    video: VideoOptions = field(default_factory=VideoOptions)
    people: PeopleOptions = field(default_factory=PeopleOptions)
    anonymize: AnonymizeOptions = field(default_factory=AnonymizeOptions)
    colorize: ColorizeOptions = field(default_factory=ColorizeOptions)
    threads: Int | None = None
