"""Options of all stages: frozen dataclasses, verified when they are made, passed down whole."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, fields
from functools import wraps
from inspect import signature
from numbers import Integral, Real
from reprlib import repr as shortened
from types import UnionType
from typing import get_args, get_origin, get_type_hints


def _at_least(name: str, value: float, low: float) -> None:
    if value < low:
        raise ValueError(f"{name}: expected at least {low}, got {value}")


_STAGES: list[type] = []


def _fits(value: object, kind: type) -> bool:
    """Whether a value has the type of an option. Integers count as floats; NaN and bool do not
    count as numbers."""
    if get_origin(kind) is UnionType:
        return any(_fits(value, choice) for choice in get_args(kind))
    if get_origin(kind) is tuple:
        item, _ = get_args(kind)
        return isinstance(value, list | tuple) and all(_fits(element, item) for element in value)
    if kind in (int, float):
        number = isinstance(value, Integral if kind is int else Real)
        return number and not isinstance(value, bool) and value == value
    return isinstance(value, kind)


def _stage(cls: type) -> type:
    """Class decorator for options: an unknown option names the class that has it, and a value of
    the wrong type is refused."""
    made, kinds = cls.__init__, get_type_hints(cls)

    @wraps(made)
    def init(self, *args, **options) -> None:
        for name in sorted(options.keys() - {known.name for known in fields(cls)}):
            having = [stage.__name__ for stage in _STAGES if name in stage.__dataclass_fields__]
            where = f"{' and '.join(having)} has it" if having else "no stage has it"
            raise TypeError(f"{cls.__name__} has no option {name}; {where}.")
        for name, value in signature(made).bind(self, *args, **options).arguments.items():
            if name in kinds and not _fits(value, kinds[name]):
                field = cls.__dataclass_fields__[name]
                got = shortened(value) if field.repr else f"a {type(value).__name__}"  # no secret
                raise ValueError(f"{cls.__name__}: {name}: expected {field.type}, got {got}.")
        made(self, *args, **options)

    cls.__init__ = init
    _STAGES.append(cls)
    return cls


OUTPUTS = ("original", "binary", "colorized", "comparison")  # the videos that a run can write


@_stage
@dataclass(frozen=True)
class VideoOptions:
    max_duration_s: float | None = None  # None: no limit
    max_frames: int | None = None  # None: no limit
    keep_audio: bool = False
    start_s: float = 0  # start of the part to process, in seconds since the first frame
    end_s: float | None = None  # its end; None: the end of the video
    only: tuple[str, ...] = OUTPUTS  # the videos to write

    def __post_init__(self) -> None:
        _at_least("start_s", self.start_s, 0)
        if not self.only or set(self.only) - set(OUTPUTS):
            raise ValueError(f"only: expected some of {OUTPUTS}, got {self.only}")
        if self.end_s is not None:
            _at_least("end_s", self.end_s, self.start_s)
        if self.max_duration_s is not None:
            _at_least("max_duration_s", self.max_duration_s, 0.1)
        if self.max_frames is not None:
            _at_least("max_frames", self.max_frames, 2)


@_stage
@dataclass(frozen=True)
class PeopleOptions:
    """Thresholds for finding people, calibrated by `evaluate people` on labelled frames.

    "Presence" is the landmark network's confidence that a square shows a person, "score" a
    detector's confidence; both are in [0, 1]. All but the first four are minimum values.

    A track is accepted as a person in one of two ways: its median presence reaches
    `usual_presence`, `sure_frames` of its frames reach `sure_presence`, and one score reaches
    `sure_score`; or `sure_frames` scores reach `sure_yolo` and its median presence reaches
    `stay_presence` (without the landmark network the scores alone decide). A track in which nothing
    moves must also reach `sure_presence` in the share `still_share` of its frames.

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
        likely_presence, likely_score: presence or score, in one frame, of a track that may be a
            person and is followed. A track that reaches one of them in `sure_frames` frames, but is
            not accepted as a person, is kept out of the background plate.
    """

    min_height_px: int = 40
    max_people: int = 20
    look_every_s: float = 0.5
    detector_px: int = 640
    yolo_score: float = 0.1
    pose_score: float = 0.3
    read_presence: float = 0.1
    follow_presence: float = 0.3
    stay_presence: float = 0.6
    usual_presence: float = 0.86
    sure_presence: float = 0.99
    sure_score: float = 0.15
    sure_yolo: float = 0.5
    still_share: float = 0.9
    likely_presence: float = 0.9
    likely_score: float = 0.3
    sure_frames: int = 3

    def __post_init__(self) -> None:
        _at_least("min_height_px", self.min_height_px, 16)
        _at_least("max_people", self.max_people, 1)
        _at_least("detector_px", self.detector_px, 64)


ANONYMIZERS = {"anet": "A-NET", "stgan": "ST-GAN"}  # module in anonymization/: name that is shown


LEAST_SECRET_BYTES = 16


def fresh_secret() -> bytes:
    """A random secret for `AnonymizeOptions`."""
    return secrets.token_bytes(2 * LEAST_SECRET_BYTES)


@_stage
@dataclass(frozen=True)
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

    seed: int = 0
    person: int | None = None
    strength: float = 1.0
    anonymizer: str = "anet"
    secret: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _at_least("seed", self.seed, 0)
        if self.anonymizer not in ANONYMIZERS:
            raise ValueError(
                f"anonymizer: expected one of {tuple(ANONYMIZERS)}, got {self.anonymizer!r}"
            )
        if self.secret is not None:
            _at_least("bytes of the secret", len(self.secret), LEAST_SECRET_BYTES)
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength: expected over 0 and at most 1, got {self.strength}")


# the strengths that the app offers and the evaluation measures
STRENGTHS = {"subtle": 1 / 3, "half way": 2 / 3, "someone else": 1.0}
# the original's own pixels; C-NET's colours at 64x64; one grey for everyone, which hides clothes
COLOURS = ("sharp", "paper", "plain")


@_stage
@dataclass(frozen=True)
class ColorizeOptions:
    colour: str = "sharp"
    hide_face: bool = True  # remove the detail of the head

    def __post_init__(self) -> None:
        if self.colour not in COLOURS:
            raise ValueError(f"colour: expected one of {COLOURS}, got {self.colour!r}")


@_stage
@dataclass(frozen=True)
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
    threads: int | None = None
