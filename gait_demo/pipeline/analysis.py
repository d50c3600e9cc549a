"""The half of a run that does not depend on the noise: where the people are, and what is behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from gait_demo.background import Plate, build_plate
from gait_demo.clock import Clock
from gait_demo.config import PipelineOptions
from gait_demo.errors import NoPersonError
from gait_demo.foreground import ForegroundClip
from gait_demo.outputs import Write, open_writer
from gait_demo.pipeline.standing import refuse_standing
from gait_demo.silhouettes import extract
from gait_demo.structures import Frame, SilhouetteClip, Track, VideoInfo
from gait_demo.tracks import detect_people, find_people
from gait_demo.video import probe, read_frames

_EMPTY = 0.03  # of its square: a silhouette that fills less shows no walker

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Person:
    """One person of a clip.

    Attributes:
        track: where the person is.
        silhouettes: one for each frame of the track; where the person was lost, that of the
            nearest frame in which they were not.
        held: (T,) bool, where the person was lost.
    """

    track: Track
    silhouettes: SilhouetteClip
    held: np.ndarray

    @classmethod
    def of(cls, track: Track, seen: SilhouetteClip) -> Person:
        held = ~track.found | (seen.masks.mean(axis=(1, 2)) < _EMPTY)
        good = np.flatnonzero(~held)
        if len(good):
            nearest = np.abs(np.arange(len(track))[:, None] - good).argmin(axis=1)
            seen = replace(seen, masks=seen.masks[good[nearest]])
        return cls(track, seen, held)

    @property
    def walks(self) -> bool:
        """Whether there is any silhouette to work on."""
        return not self.held.all()

    def position(self, index: int) -> int | None:
        """Where in the track the clip's frame `index` is; None if the track is not there."""
        position = index - self.track.first_frame
        return position if 0 <= position < len(self.track) else None

    def box(self, index: int) -> np.ndarray | None:
        """(x0, y0, x1, y1) in the clip's frame `index`; None if the track is not there."""
        position = self.position(index)
        return None if position is None else self.track.xyxy[position]


@dataclass(frozen=True)
class Analysis:
    """What all results of one video share.

    Attributes:
        source: the user's video.
        original: the video as it is shown beside the results, without metadata.
        info: of the source.
        times: (T,) seconds since the first frame, exact.
        plate: the background.
        foreground: of every frame.
        people: everyone who was followed.
        timings: seconds by stage.
    """

    source: Path
    original: Path
    info: VideoInfo
    times: tuple[Fraction, ...]
    plate: Plate
    foreground: ForegroundClip
    people: tuple[Person, ...]
    timings: dict[str, float]


class Analyser:
    """Two passes over a video: one for the background, one for the people in front of it."""

    def __init__(self, source: Path, options: PipelineOptions, on_progress: Progress):
        self._source = source
        self._options = options
        self._report = on_progress
        self._clock = Clock()
        self._info = probe(source)
        self._times: list[Fraction] = []

    def run(self, folder: Path, yolo: Path | None) -> Analysis:
        """
        Args:
            folder: gets original.mp4; made if need be.
            yolo: weights of the person detector; None: people are found by their motion.

        Raises:
            GaitDemoError: the video cannot be used, or shows nobody who can be anonymized.
        """
        folder.mkdir(parents=True, exist_ok=True)
        original = folder / "original.mp4"
        plate = self._learn_background(original)
        foreground, tracks = self._find_people(plate, yolo)
        refuse_standing(foreground, tracks, float(self._info.fps), self._info.width)
        people = []
        with self._clock.time("silhouettes"):
            for done, track in enumerate(tracks):
                self._report("silhouettes", done, len(tracks))
                people.append(Person.of(track, extract(foreground, track, tracks)))
        if not any(person.walks for person in people):
            raise NoPersonError(
                "A person was found who does not move: only a walk can be anonymized. "
                "Use a clip in which a person walks in front of a camera that stands still."
            )
        return Analysis(
            self._source,
            original,
            self._info,
            tuple(self._times),
            plate,
            foreground,
            tuple(people),
            self._clock.seconds,
        )

    def _learn_background(self, original: Path) -> Plate:
        """The plate; the frames that it is learnt from also go into original.mp4."""
        info, video = self._info, self._options.video
        sound = self._source if video.keep_audio else None
        expected = info.frames or round((info.duration_s or 0) * info.fps)

        def frames(write: Write) -> Iterator[Frame]:
            for frame in self._clock.decoding(
                read_frames(self._source, max_duration_s=video.max_duration_s)
            ):
                self._report("background", frame.index, max(expected, frame.index))
                self._times.append(frame.time)
                with self._clock.time("encode"):
                    write(frame.time, frame.rgb)
                yield frame

        writer = open_writer(original, (info.width, info.height), info.fps, sound)
        with self._clock.time("background"), writer as write:
            return build_plate(frames(write))

    def _find_people(self, plate: Plate, yolo: Path | None) -> tuple[ForegroundClip, list[Track]]:
        height, width = (round(side * plate.scale) for side in plate.frame_shape)
        foreground = ForegroundClip((height, width), plate.scale)

        def frames() -> Iterator[Frame]:
            for frame in self._clock.decoding(read_frames(self._source)):
                self._report("tracks", frame.index, len(self._times))
                with self._clock.time("foreground"):
                    foreground.append(plate.foreground(frame))
                yield frame

        fps, options = float(self._info.fps), self._options.tracks
        with self._clock.time("tracks"):
            if yolo is not None:
                return foreground, detect_people(frames(), yolo, fps, options)
            for _ in frames():
                pass
            return foreground, find_people(foreground, fps, options)
