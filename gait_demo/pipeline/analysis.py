"""The part of a run that does not depend on the noise: who is where, what is behind them, and which
pixels must be replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from gait_demo.background.filling import Filler
from gait_demo.background.learning import BackgroundLearner
from gait_demo.background.overlay import Overlay, find_overlays, overlay_mask
from gait_demo.background.plate import Background, NoPlate, Plate, working_scale, working_shape
from gait_demo.background.registration import is_still
from gait_demo.background.shots import ShotDetector
from gait_demo.errors import NoPersonError
from gait_demo.imaging.resizing import shrink
from gait_demo.options import Options
from gait_demo.people.faces import FaceDetector, FaceFinder, UnknownFace
from gait_demo.people.person import Person, prominent
from gait_demo.people.segmenter import PersonSegmenter
from gait_demo.people.tracking import Tracker, Tracklet
from gait_demo.pipeline.clock import Clock
from gait_demo.pipeline.images import FrameStore
from gait_demo.pipeline.outputs import open_writer, write_nothing
from gait_demo.pipeline.removal import CleanPart, Removal, Remover, matte_mask
from gait_demo.rendering.texture import Sample, sampled
from gait_demo.types import Frame, Progress, VideoInfo
from gait_demo.video import probe, read_frames
from gait_demo.weights import Weights

_WAITING_FRAMES = 8  # decoded frames that may wait for the segmenter
_WIDER = 0.03  # margin around people, in body heights, that is kept out of the background plate
_MASKED = 0.1  # matte level above which a pixel is kept out of the background plate
_INSIDE = 0.5  # matte level above which a pixel belongs to the person


@dataclass(frozen=True)
class Suspect:
    """A track that was not accepted as a person, but may be one.

    Attributes:
        first, last: indices of its first and last frame.
        box: (4,) x0, y0, x1, y1 in pixels, in the frame in which it looked most like a person.
        presence: of a person in that frame, in [0, 1].
    """

    first: int
    last: int
    box: np.ndarray
    presence: float


@dataclass(frozen=True)
class Analysis:
    """What all results of one video share, whatever the seed.

    Attributes:
        source: the user's video.
        digest: SHA-256 of its content, 32 bytes.
        part: (start, end) in seconds of the part that is processed; an end of None is the end of
            the video.
        original: this part as it is shown beside the results, without metadata; None if the
            options do not ask for it.
        info: properties of the source.
        times: T presentation times in seconds since the first frame, exact.
        background: the background of every frame.
        overlays: captions, clocks and bars, which lie in front of everybody.
        people: all people, the most prominent first.
        removals: for each frame and each person, the region that is replaced by background; None
            where there is none.
        clean: by frame index, the background behind the people, for shots without a plate.
        samples: for each person, their appearance in some frames.
        suspects: tracks that were not accepted as people.
        unknown_faces: faces that belong to none of the people.
        timings: seconds by stage.
        people_s: seconds spent on finding and following people, mostly in parallel with the other
            stages.
        weights: files of the networks that found people and faces.
        fallbacks: warnings of networks that were missing.
    """

    source: Path
    digest: bytes
    part: tuple[float, float | None]
    original: Path | None
    info: VideoInfo
    times: tuple[Fraction, ...]
    background: Background
    overlays: tuple[Overlay, ...]
    people: tuple[Person, ...]
    removals: tuple[list[Removal | None], ...]
    clean: dict[int, CleanPart]
    samples: tuple[tuple[Sample, ...], ...]
    suspects: tuple[Suspect, ...]
    unknown_faces: tuple[UnknownFace, ...]
    timings: dict[str, float]
    people_s: float
    weights: tuple[Weights, ...] = ()
    fallbacks: tuple[str, ...] = ()

    def frames(self) -> Iterator[Frame]:
        """The frames of the processed part, in full size."""
        return read_frames(self.source, start_s=self.part[0], end_s=self.part[1])

    @property
    def camera(self) -> str:
        """ "still"; "shaking": moving, but every shot has a plate; or "moving": some shot has none,
        because the camera moves too much."""
        if any(isinstance(shot, NoPlate) for shot in self.background.shots):
            return "moving"
        motions = (motion for shot in self.background.shots for motion in shot.transforms)
        return "still" if all(map(is_still, motions)) else "shaking"


class Analyser:
    """Makes an `Analysis` in two passes: the first decodes the video, follows people and learns the
    background; the second reads the stored frames and finds what must be replaced."""

    def __init__(
        self,
        source: Path,
        segmenter: PersonSegmenter,
        options: Options,
        on_progress: Progress,
        face_detector: FaceDetector | None = None,
    ):
        """Without a face detector, no faces of people are found whom the segmenter misses."""
        self._source = source
        self._segmenter, self._face_detector = segmenter, face_detector
        self._options = options
        self._part = options.video.start_s, options.video.end_s
        self._report = on_progress
        self._clock = Clock()
        self._info = probe(source)
        self._times: list[Fraction] = []

    def run(self, folder: Path) -> Analysis:
        """
        Args:
            folder: where original.mp4 is written if the options ask for it; created if missing.

        Raises:
            GaitDemoError: the video cannot be used, or shows no person.
        """
        folder.mkdir(parents=True, exist_ok=True)
        wanted = "original" in self._options.video.only
        original = folder / "original.mp4" if wanted else None
        shape = self._info.height, self._info.width
        with FrameStore(folder, shape) as store:
            shots = self._shots(original, store)
            people = _ranked([person for shot in shots for person in shot.people])
            if not people:
                raise NoPersonError(
                    "Nobody was seen in the video. Use a clip in which somebody walks and is at "
                    f"least {self._options.people.min_height_px} pixels tall."
                )
            background = Background(tuple(shot.plate for shot in shots))
            overlays = tuple(overlay for shot in shots for overlay in shot.overlays)
            removals, clean, samples = self._removals(store, people, background, overlays, shape)
        return Analysis(
            self._source,
            _digest(self._source),
            self._part,
            original,
            self._info,
            tuple(self._times),
            background,
            overlays,
            people,
            removals,
            clean,
            samples,
            tuple(suspect for shot in shots for suspect in shot.suspects),
            tuple(face for shot in shots for face in shot.unknown_faces),
            self._clock.seconds,
            sum(shot.people_s for shot in shots),
        )

    def _shots(self, original: Path | None, store: FrameStore) -> list[_Shot]:
        """Decodes the video, follows people and learns the background, shot by shot. Also writes
        the frames to `original` and to the store."""
        info, video = self._info, self._options.video
        sound = (self._source, video.start_s) if video.keep_audio else None
        start_s, end_s = self._part
        expected = round((min(info.duration_s, end_s or info.duration_s) - start_s) * info.fps)
        read = read_frames(
            self._source,
            start_s=start_s,
            end_s=end_s,
            max_duration_s=video.max_duration_s,
            max_frames=video.max_frames,
        )
        size, threads = (info.width, info.height), self._options.threads or 0
        writer = (
            nullcontext(write_nothing)
            if original is None
            else open_writer(original, size, info.fps, sound, threads)
        )
        cuts, shots, current = ShotDetector(), [], None
        with ThreadPoolExecutor(max_workers=1) as thread, writer as write:
            for frame in self._clock.decoding(read):
                self._report("people", frame.index, max(expected, frame.index))
                if current is None or cuts.is_cut(frame.rgb):
                    if current is not None:
                        shots.append(self._finished(current, store))
                    fps = float(info.fps)
                    finder = self._face_detector and FaceFinder(
                        self._face_detector, fps, self._options.people
                    )
                    current = _OpenShot(
                        self._segmenter, finder, self._options, fps, thread, self._clock
                    )
                self._times.append(frame.time)
                store.append(frame.rgb)
                with self._clock.time("encode"):
                    write(frame.time, frame.rgb)
                with self._clock.time("background"):
                    current.offer(frame)
            if current is not None:
                shots.append(self._finished(current, store))
        return shots

    def _finished(self, shot: _OpenShot, store: FrameStore) -> _Shot:
        info = self._info
        return shot.finish(store, (info.height, info.width), float(info.fps))

    def _removals(
        self,
        store: FrameStore,
        people: tuple[Person, ...],
        background: Background,
        overlays: tuple[Overlay, ...],
        shape: tuple[int, int],
    ) -> tuple[
        tuple[list[Removal | None], ...], dict[int, CleanPart], tuple[tuple[Sample, ...], ...]
    ]:
        drawn = [person.track.track_id for person in prominent(people, self._options.people)]
        remover, (h, w) = Remover(people, shape, drawn), working_shape(shape)
        fillers = {
            shot.first_frame: Filler(shot, store.scale)
            for shot in background.shots
            if isinstance(shot, NoPlate)
        }
        removals, clean = [], {}
        fps = float(self._info.fps)
        wanted = [set(sampled(person, fps).tolist()) for person in people]
        samples: list[list[Sample]] = [[] for _ in people]
        with self._clock.time("removal"):
            for index in range(len(store)):
                self._report("removal", index, len(store))
                if all(person.position(index) is None for person in people):
                    removals.append([None] * len(people))
                    continue
                image, shot = store[index], background.at(index)
                removals.append(remover.at(index, shrink(image, (w, h)), shot))
                for person, those, kept in zip(people, wanted, samples, strict=True):
                    position = person.position(index)
                    if position in those:
                        kept.append(Sample.of(position, person, image, store.scale))
                filler = fillers.get(shot.first_frame)
                if filler is None or not any(removals[-1]):
                    continue
                hole = _hole(removals[-1], (h, w), image.shape[:2])
                overlay = overlay_mask(overlays, index, image, scale=store.scale)
                filled = filler.fill(index, image, hole, overlay)
                clean[index] = CleanPart.of(filled, hole, store.scale)
        return (
            tuple(removals),
            clean,
            tuple(tuple(filter(None, person_samples)) for person_samples in samples),
        )


def _hole(
    removals: list[Removal | None], working: tuple[int, int], shape: tuple[int, int]
) -> np.ndarray:
    """(H, W) uint8, 255 where any person is replaced; `removals` are at working resolution, and
    `shape` is (H, W)."""
    hole = np.zeros(working, np.uint8)
    for removal in filter(None, removals):
        h, w = removal.shape
        hole[removal.y : removal.y + h, removal.x : removal.x + w] |= 255 * removal.mask
    hole = cv2.resize(hole, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.dilate(cv2.compare(hole, 60, cv2.CMP_GT), np.ones((5, 5), np.uint8))


@dataclass(frozen=True)
class _Shot:
    plate: Plate | NoPlate
    overlays: tuple[Overlay, ...]
    people: list[Person]
    suspects: list[Suspect]
    unknown_faces: list[UnknownFace]
    people_s: float


class _OpenShot:
    """A shot whose frames are still being decoded; people are followed in another thread."""

    def __init__(
        self,
        segmenter: PersonSegmenter,
        face_finder: FaceFinder | None,
        options: Options,
        fps: float,
        thread: ThreadPoolExecutor,
        clock: Clock,
    ):
        self._options, self._thread, self._clock = options.people, thread, clock
        self._people_s = 0.0
        self._tracker, self._face_finder = Tracker(segmenter, fps, options.people), face_finder
        self._learner = BackgroundLearner()
        self._waiting: list[Future] = []
        self._first: int | None = None
        self._count = 0

    def offer(self, frame: Frame) -> None:
        if self._first is None:
            self._first = frame.index
        self._count += 1
        self._waiting.append(self._thread.submit(self._follow, frame.index, frame.rgb))
        self._learner.offer(frame)
        with self._clock.time("people"):
            while len(self._waiting) > _WAITING_FRAMES:
                self._waiting.pop(0).result()

    def finish(self, store: FrameStore, shape: tuple[int, int], fps: float) -> _Shot:
        with self._clock.time("people"):
            while self._waiting:
                self._waiting.pop(0).result()
            began = perf_counter()
            tracklets = self._tracker.finish(store.__getitem__, store.scale)
            span = self._first, self._first + self._count
            seen = [tracklet for tracklet in tracklets if tracklet.is_person(self._options)]
            people = [Person.of(tracklet, shape, span, fps) for tracklet in seen]
            faces = self._face_finder.finish(people) if self._face_finder else []
            self._people_s += perf_counter() - began
            doubtful = [
                tracklet
                for tracklet in tracklets
                if not tracklet.is_person(self._options)
                and tracklet.is_likely(self._options, self._options.sure_frames)
            ]
        with self._clock.time("background"):
            masks = _Masks(people, doubtful, faces, shape)
            overlays = find_overlays(
                store.__getitem__,
                range(*span) if people else range(0),
                store.scale,
                fps,
                masks.people,
                masks,
            )

            def overlay(index: int) -> np.ndarray:
                return masks.overlay(overlays, index, store)

            plate = self._learner.finish(masks, overlay if overlays else None)
            if isinstance(plate, NoPlate):
                plate = plate.without(_boxes(people, doubtful, faces, *span), fps, overlay)
        suspects = [_suspect(tracklet) for tracklet in doubtful]
        return _Shot(plate, overlays, people, suspects, faces, self._people_s)

    def _follow(self, index: int, rgb: np.ndarray) -> None:
        began = perf_counter()
        self._tracker.update(index, rgb)
        if self._face_finder:
            self._face_finder.update(index, rgb)
        self._people_s += perf_counter() - began


class _Masks:
    """Masks of a frame at working resolution, (h, w) uint8. Calling it gives 255 where people are
    or may be: the pixels that must not enter the background plate."""

    def __init__(
        self,
        people: list[Person],
        doubtful: list[Tracklet],
        faces: list[UnknownFace],
        shape: tuple[int, int],
    ):
        self._people, self._doubtful, self._faces = people, doubtful, faces
        self._scale, self._shape = working_scale(shape), working_shape(shape)

    def __call__(self, index: int) -> np.ndarray:
        mask = np.zeros(self._shape, np.uint8)
        for person in self._people:
            position = person.position(index)
            if position is not None:
                mask |= matte_mask(person, position, self._shape, self._scale, _WIDER)
        for tracklet in self._doubtful:
            if index in tracklet.seen:
                h, w = self._shape
                soft = tracklet.seen[index].matte.drawn(0, 0, w, h, self._scale)
                mask |= (soft > _MASKED).view(np.uint8)
        for face in self._faces:
            if (head := face.head(index)) is not None:
                x, y, radius = (round(float(v)) for v in self._scale * head)
                cv2.circle(mask, (x, y), radius, 1, cv2.FILLED)
        return 255 * mask

    def people(self, index: int) -> list[np.ndarray]:
        """A mask, 0 or 1, of each person who is seen in the frame."""
        h, w = self._shape
        here = [
            person.detections[position].matte.drawn(0, 0, w, h, self._scale)
            for person in self._people
            if (position := person.position(index)) is not None and person.seen[position]
        ]
        return [(soft > _INSIDE).view(np.uint8) for soft in here]

    def overlay(self, overlays: tuple[Overlay, ...], index: int, store: FrameStore) -> np.ndarray:
        """255 where an overlay lies."""
        mask = overlay_mask(overlays, index, store[index], scale=store.scale) if overlays else None
        if mask is None:
            return np.zeros(self._shape, np.uint8)
        mask = cv2.resize(mask, self._shape[::-1], interpolation=cv2.INTER_AREA)
        return cv2.compare(mask, 0, cv2.CMP_GT)


def _boxes(
    people: list[Person], doubtful: list[Tracklet], faces: list[UnknownFace], first: int, end: int
) -> list[np.ndarray]:
    """For each frame of a shot, (N, 4) boxes of all tracks that are, or may be, people, and of
    unknown faces."""
    boxes: list[list[np.ndarray]] = [[] for _ in range(first, end)]
    for person in people:
        for n, box in enumerate(person.track.xyxy, start=person.track.first_frame - first):
            boxes[n].append(box)
    for tracklet in doubtful:
        for index, seen in tracklet.seen.items():
            boxes[index - first].append(seen.box)
    for face in faces:
        for n, (x, y, radius) in enumerate(face.heads, start=face.first - first):
            boxes[n].append([x - radius, y - radius, x + radius, y + radius])
    return [np.array(here, np.float32).reshape(-1, 4) for here in boxes]


def _suspect(tracklet: Tracklet) -> Suspect:
    best = max(
        tracklet.seen.values(),
        key=lambda detection: np.nan_to_num(detection.presence) + detection.score,
    )
    return Suspect(tracklet.first, tracklet.last, best.box, best.presence)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _ranked(people: list[Person]) -> tuple[Person, ...]:
    """Sorts people by prominence (height x frames) and numbers them from 1."""
    ranked = sorted(people, key=lambda person: -person.height * int(person.seen.sum()))
    return tuple(person.numbered(n) for n, person in enumerate(ranked, start=1))
