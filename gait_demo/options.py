"""Options of the stages: frozen, verified once, passed down whole."""

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
    """Whether a value is of the type of an option; every number is a float, but for NaN."""
    if get_origin(kind) is UnionType:
        return any(_fits(value, one) for one in get_args(kind))
    if get_origin(kind) is tuple:
        one, _ = get_args(kind)
        return isinstance(value, list | tuple) and all(_fits(each, one) for each in value)
    if kind in (int, float):
        number = isinstance(value, Integral if kind is int else Real)
        return number and not isinstance(value, bool) and value == value
    return isinstance(value, kind)


def _stage(cls: type) -> type:
    """Lets a dataclass of options say which one has the option that it lacks, and which value is
    of a wrong type."""
    made, kinds = cls.__init__, get_type_hints(cls)

    @wraps(made)
    def init(self, *args, **options) -> None:
        for name in sorted(options.keys() - {one.name for one in fields(cls)}):
            having = [one.__name__ for one in _STAGES if name in one.__dataclass_fields__]
            where = f"{' and '.join(having)} has it" if having else "no stage has it"
            raise TypeError(f"{cls.__name__} has no option {name}; {where}.")
        for name, value in signature(made).bind(self, *args, **options).arguments.items():
            if name in kinds and not _fits(value, kinds[name]):
                one = cls.__dataclass_fields__[name]
                got = shortened(value) if one.repr else f"a {type(value).__name__}"  # no secret
                raise ValueError(f"{cls.__name__}: {name}: expected {one.type}, got {got}.")
        made(self, *args, **options)

    cls.__init__ = init
    _STAGES.append(cls)
    return cls


OUTPUTS = ("original", "binary", "colorized", "comparison")  # videos of a run


@_stage
@dataclass(frozen=True)
class VideoOptions:
    max_duration_s: float | None = None  # None: no limit
    max_frames: int | None = None  # None: no limit
    keep_audio: bool = False
    start_s: float = 0  # of the part that is worked on, since the first frame
    end_s: float | None = None  # None: the end
    only: tuple[str, ...] = OUTPUTS  # which of them are written

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
    """Who is a person. Calibrated by `evaluate people` on labelled frames.

    Attributes:
        min_height_px: people smaller than this get no gait of their own, but are hidden.
        max_people: who get another gait, the most prominent; the others are removed.
        look_every_s: seconds between two frames in which new people are looked for.
        detector_px: longest side in pixels of the image that the YOLO sees.
        yolo_score, pose_score: of proposals, at least.
        read_presence: of a proposal that is read a second time, at least.
        follow_presence: of a person in a frame, at least.
        stay_presence: of a person who is followed on, in one frame of 0.4 s at least.
        usual_presence: of a person, in the median of the frames of a track, at least, ...
        sure_presence: ... in `sure_frames` frames, at least, and ...
        sure_score: ... of a detector in one of them.
        sure_yolo: or of a detector in `sure_frames`, at a `stay_presence` in the median; without
            the landmark network, this alone.
        still_share: of the frames of what does not move, that must be as sure.
        likely_presence, likely_score: one of them in a frame, at least, of what may be a person and
            is followed; in `sure_frames`, of what is kept out of the background as well.
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


ANONYMIZERS = {"anet": "A-NET", "stgan": "ST-GAN"}  # files in anonymization/, and their names


LEAST_SECRET_BYTES = 16


def fresh_secret() -> bytes:
    """Random bytes that noise can be drawn from."""
    return secrets.token_bytes(2 * LEAST_SECRET_BYTES)


@_stage
@dataclass(frozen=True)
class AnonymizeOptions:
    """Whom to anonymize, and with which noise.

    Attributes:
        seed: every number is another gait; the number alone repeats nothing.
        person: track id; None: everyone.
        strength: of the new gait; below 1, as much less of the way from the old one.
        anonymizer: one of ANONYMIZERS.
        secret: what the noise is drawn from beside the clip, the person and the seed, at least 16
            random bytes; None: a fresh one. With the same secret the same run gives the same
            gaits. Whoever has it and the clip's file can make them too, and so tell whose they
            are and which videos belong together: keep it as you keep the original, or not at all.
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


STRENGTHS = {"subtle": 1 / 3, "half way": 2 / 3, "someone else": 1.0}  # that are measured
# the original's own pixels; C-NET's at 64x64; one for all, so that clothes do not show either
COLOURS = ("sharp", "paper", "plain")


@_stage
@dataclass(frozen=True)
class ColorizeOptions:
    colour: str = "sharp"
    hide_face: bool = True  # leave of the head only what 64x64 pixels hold

    def __post_init__(self) -> None:
        if self.colour not in COLOURS:
            raise ValueError(f"colour: expected one of {COLOURS}, got {self.colour!r}")


@_stage
@dataclass(frozen=True)
class Options:
    """Of all stages.

    Attributes:
        threads: in which one stage works; None: OpenCV and x264 take what suits the cores, the
            others two. The frames are the same.
    """

    video: VideoOptions = field(default_factory=VideoOptions)
    people: PeopleOptions = field(default_factory=PeopleOptions)
    anonymize: AnonymizeOptions = field(default_factory=AnonymizeOptions)
    colorize: ColorizeOptions = field(default_factory=ColorizeOptions)
    threads: int | None = None
