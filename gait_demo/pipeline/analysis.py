"""The half of a run that does not depend on the noise: where the people are, and what is behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from gait_demo.background.foreground import ForegroundClip
from gait_demo.background.learning import build_plate
from gait_demo.background.plate import NoPlate, Plate, working_scale, working_shape
from gait_demo.background.registration import is_still
from gait_demo.clock import Clock
from gait_demo.config import PipelineOptions
from gait_demo.detector import Detections, Detector
from gait_demo.doubts import LEAST
from gait_demo.errors import NoPersonError
from gait_demo.leaning import leans
from gait_demo.outputs import Write, open_writer
from gait_demo.pipeline.images import WorkingImages
from gait_demo.pipeline.standing import refuse_standing, without_ghosts
from gait_demo.shrink import shrink_by
from gait_demo.sightings import Sightings
from gait_demo.silhouettes import EMPTY, extract, is_good
from gait_demo.structures import Frame, SilhouetteClip, Track, VideoInfo
from gait_demo.tracks import follow_people
from gait_demo.video import probe, read_frames

_WHOLE = 0.85  # of its square's height: a silhouette that spans less lacks its head or its legs
_HALF = 0.6  # of the usual: a silhouette that fills less lacks another part
_STEADY_S, _UNSTEADY = 2.0, 0.2  # of the usual size before and after, a whole walker's differs
_FALLEN = 0.5  # of their height: nobody who is on their feet leans farther
_AS_LARGE = 0.3  # of the usual: foreground that differs less is the person
_LOOKS_A_SECOND = 12.5  # at least, of the detector; tracks and foreground carry what is between
_WAITING_FRAMES = 8  # for the detector, at most
_HIDES = 0.6  # score of people who are kept out of the background

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Person:
    """One person of a clip.

    Attributes:
        track: where the person is.
        silhouettes: one for each frame of the track; where the person was not seen,
            that of the nearest frame in which they were.
        seen: (T,) bool, where the track was found and something is there, or between two looks
            that found it what stands out from the background has the person's size.
        lost: (T,) bool, where the person was not seen, but more than half of them should be.
        bridged: (T,) bool, where the silhouette comes from another look, moved with the picture.
        partial: (T,) bool, where the silhouette lacks the head, the legs, or another large part of
            what should be in the picture.
        poor: (T,) bool, where the silhouette is not one piece, or not spread as a walker's is.
        well: (T,) bool, where the person was seen in that very frame, whole and not poor, and with
            nothing beside them: the silhouette is about as large as such ones before and after.
        fallen: (T,) bool, where they lean too far, for a second, to be on their feet.
    """

    track: Track
    silhouettes: SilhouetteClip
    seen: np.ndarray
    lost: np.ndarray
    bridged: np.ndarray
    partial: np.ndarray
    poor: np.ndarray
    well: np.ndarray
    fallen: np.ndarray

    @classmethod
    def of(cls, track: Track, clip: SilhouetteClip, sightings: Sightings, fps: float) -> Person:
        """clip: the silhouettes in all frames of the track, as `extract` has them."""
        tops, bottoms = clip.squares[:, 1], clip.squares[:, 3]
        shown = (sightings.shape[0] / sightings.scale - tops) / (bottoms - tops)
        shown = shown.clip(EMPTY, 1)  # of the square's height, above the lower border
        filled = clip.masks.mean(axis=(1, 2)) / shown
        usual = np.median(filled[track.found]) if track.found.any() else 0
        ever = np.logical_or.accumulate
        between = ever(track.found) & ever(track.found[::-1])[::-1]  # two looks, not beyond them
        found = track.found | between & (np.abs(filled - usual) < _AS_LARGE * usual)
        seen = found & (filled >= EMPTY)
        middles = sightings.scale * track.xyxy[:, [0, 2]].mean(axis=1)
        lost = ~seen & (middles > 0) & (middles < sightings.shape[1])
        rows = (clip.masks > 0.5).any(axis=2)
        tall = rows.shape[1] - rows.argmax(axis=1) - rows[:, ::-1].argmax(axis=1)
        lacks = tall < _WHOLE * shown * rows.shape[1]
        partial = seen & (lacks | (filled < _HALF * usual))
        poor = seen & ~np.array([is_good(mask) for mask in clip.masks])
        bridged = _bridged(track, sightings)
        well = seen & ~(poor | lacks | bridged)
        well[well] = _is_steady(np.flatnonzero(well), filled[well], round(_STEADY_S * fps))
        good = np.flatnonzero(seen)
        if len(good):
            nearest = np.abs(np.arange(len(track))[:, None] - good).argmin(axis=1)
            clip = replace(clip, masks=clip.masks[good[nearest]])
        fallen = np.abs(leans(clip.masks, fps)) > _FALLEN
        return cls(track, clip, seen, lost, bridged, partial, poor, well, fallen)

    @property
    def walks(self) -> bool:
        """Whether there is any silhouette to work on."""
        return bool(self.seen.any())

    def position(self, index: int) -> int | None:
        """Where in the track the clip's frame `index` is; None if the track is not there."""
        position = index - self.track.first_frame
        return position if 0 <= position < len(self.track) else None

    def box(self, index: int) -> np.ndarray | None:
        """(x0, y0, x1, y1) in the clip's frame `index`; None if the track is not there."""
        position = self.position(index)
        return None if position is None else self.track.xyxy[position]


def everybody(sightings: Sightings, tracks: list[Track]) -> list[np.ndarray]:
    """For each frame, (N, 4) boxes of all who may be there, seen or not, in full pixels."""
    boxes = [[one.xyxy for one in seen or [] if one.score >= LEAST] for seen in sightings.frames]
    for track in tracks:
        for frame, box in enumerate(track.xyxy, start=track.first_frame):
            boxes[frame].append(box)
    return [np.array(here, np.float32).reshape(-1, 4) for here in boxes]


def _is_steady(frames: np.ndarray, sizes: np.ndarray, reach: int) -> np.ndarray:
    """(N,) bool, which of N sizes, in ascending frames, are about the median of those at most
    `reach` frames away."""
    first, last = (np.searchsorted(frames, frames + d) for d in (-reach, reach + 1))
    usual = np.array([np.median(sizes[a:b]) for a, b in zip(first, last, strict=True)])
    return np.abs(sizes - usual) <= _UNSTEADY * usual


def _bridged(track: Track, sightings: Sightings) -> np.ndarray:
    """(T,) bool, where the sighting that a frame of the track goes by was bridged."""
    if track.sightings is None:
        return np.zeros(len(track), bool)
    latest = np.maximum.accumulate(np.where(track.sightings >= 0, np.arange(len(track)), -1))
    looks = sightings.frames[track.first_frame :][: len(track)]
    bridged = [n >= 0 and looks[n][track.sightings[n]].bridged for n in latest]
    return track.found & bridged


@dataclass(frozen=True)
class Analysis:
    """What all results of one video share.

    Attributes:
        source: the user's video.
        part: (start, end) in seconds of what is worked on of it; an end of None is its own.
        original: the video as it is shown beside the results, without metadata.
        info: of the source.
        times: (T,) seconds since the first frame, exact.
        plate: the background.
        foreground: of every frame.
        sightings: the people of every frame, as the detector saw them.
        people: everyone who was followed.
        timings: seconds by stage.
    """

    source: Path
    part: tuple[float, float | None]
    original: Path
    info: VideoInfo
    times: tuple[Fraction, ...]
    plate: Plate | NoPlate
    foreground: ForegroundClip
    sightings: Sightings
    people: tuple[Person, ...]
    timings: dict[str, float]

    def frames(self) -> Iterator[Frame]:
        """Those of the part that is worked on, in full."""
        return read_frames(self.source, start_s=self.part[0], end_s=self.part[1])

    @property
    def camera(self) -> str:
        """ "still", "shaking", or "moving" too much to know what is behind the people."""
        if isinstance(self.plate, NoPlate):
            return "moving"
        return "still" if all(map(is_still, self.plate.transforms)) else "shaking"


class Analyser:
    """Two passes over a video: one for the background, one for the people in front of it.

    The second, and whatever looks at frames after it, needs them at working resolution only.
    """

    def __init__(
        self, source: Path, detector: Detector, options: PipelineOptions, on_progress: Progress
    ):
        self._source = source
        self._detector = detector
        self._options = options
        self._part = options.video.start_s, options.video.end_s
        self._report = on_progress
        self._clock = Clock()
        self._info = probe(source)
        self._times: list[Fraction] = []
        self._seen: dict[int, Detections] = {}  # by frame, for the background

    def run(self, folder: Path) -> Analysis:
        """
        Args:
            folder: gets original.mp4; made if need be.

        Raises:
            GaitDemoError: the video cannot be used, or shows nobody who can be anonymized.
        """
        folder.mkdir(parents=True, exist_ok=True)
        original = folder / "original.mp4"
        with WorkingImages(folder, working_shape((self._info.height, self._info.width))) as images:
            plate = self._learn_background(original, images)
            foreground, sightings = self._look(plate, images)
            with self._clock.time("tracks"):
                fps, options = float(self._info.fps), self._options.tracks
                tracks = follow_people(sightings, foreground, fps, options, images.read)
        if isinstance(plate, Plate):
            seen = self._detect(plate.work).masks
            plate = without_ghosts(plate, seen, foreground, sightings, tracks)
        else:
            plate = plate.without(everybody(sightings, tracks), float(self._info.fps))
        refuse_standing(foreground, tracks, float(self._info.fps), self._info.width)
        people = []
        with self._clock.time("silhouettes"):
            for done, track in enumerate(tracks):
                self._report("silhouettes", done, len(tracks))
                clip = extract(foreground, track, tracks, sightings)
                people.append(Person.of(track, clip, sightings, float(self._info.fps)))
        if not any(person.walks for person in people):
            raise NoPersonError(
                "A person was found, but never a whole silhouette. "
                "Use a clip in which somebody walks, seen from head to feet."
            )
        return Analysis(
            self._source,
            self._part,
            original,
            self._info,
            tuple(self._times),
            plate,
            foreground,
            sightings,
            tuple(people),
            self._clock.seconds,
        )

    def _learn_background(self, original: Path, images: WorkingImages) -> Plate | NoPlate:
        """The plate; the frames that it is learnt from also go into original.mp4, and into images
        at working resolution."""
        info, video = self._info, self._options.video
        sound = (self._source, video.start_s) if video.keep_audio else None
        start_s, end_s = self._part
        scale = working_scale((info.height, info.width))
        whole_s = info.duration_s or (info.frames or 0) / info.fps
        expected = round((min(whole_s, end_s or whole_s) - start_s) * info.fps)

        def frames(write: Write) -> Iterator[Frame]:
            read = read_frames(
                self._source, start_s=start_s, end_s=end_s, max_duration_s=video.max_duration_s
            )
            for frame in self._clock.decoding(read):
                self._report("background", frame.index, max(expected, frame.index))
                self._times.append(frame.time)
                images.append(shrink_by(frame.rgb, scale))
                with self._clock.time("encode"):
                    write(frame.time, frame.rgb)
                yield frame

        def people(index: int) -> np.ndarray:
            """(h, w) uint8, 255 where a frame shows people who must not become background."""
            seen = self._seen[index] = self._detect(images[index])
            return np.uint8(255) * seen.masks[seen.scores > _HIDES].max(axis=0, initial=0)

        writer = open_writer(original, (info.width, info.height), info.fps, sound)
        with self._clock.time("background"), writer as write:
            return build_plate(frames(write), people)

    def _look(
        self, plate: Plate | NoPlate, images: WorkingImages
    ) -> tuple[ForegroundClip, Sightings]:
        """What stands out from the background, and the people whom the detector sees, side by
        side."""
        shape, is_known = working_shape(plate.frame_shape), isinstance(plate, Plate)
        foreground = ForegroundClip(shape, plate.scale, is_known)
        sightings = Sightings(shape, plate.scale)
        step = max(1, int(self._info.fps / _LOOKS_A_SECOND)) if is_known else 1
        waiting: deque[tuple[Future | None, np.ndarray]] = deque()

        def take(most: int) -> None:
            with self._clock.time("detector"):
                while len(waiting) > most:
                    seen, moving = waiting.popleft()
                    sightings.append(seen and seen.result(), moving)

        with ThreadPoolExecutor(max_workers=1) as thread:
            for index, image in enumerate(images.read()):
                self._report("tracks", index, len(images))
                with self._clock.time("foreground"):
                    moving, shadow = plate.differences(image, index)
                    foreground.append(moving, shadow)
                seen = None
                # the last as well, so that nothing at the end goes by prediction alone
                if index % step == 0 or index == len(images) - 1:
                    seen = thread.submit(self._look_at, index, image)
                waiting.append((seen, moving))
                take(_WAITING_FRAMES)
            take(0)
        return foreground, sightings

    def _look_at(self, index: int, image: np.ndarray) -> Detections:
        """The people of a frame; the background may have asked for them already."""
        return self._seen.pop(index) if index in self._seen else self._detect(image)

    def _detect(self, image: np.ndarray) -> Detections:
        return self._detector(image, self._options.tracks.detector_px)
