"""How well people are found, cut out and followed in real clips, against references.

People less than a third as tall as the tallest person of the clip are left out: indoors they are
reflections in windows, which the references take for people.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import perf_counter

import numpy as np

from gait_demo.background.plate import working_scale
from gait_demo.errors import DataError, GaitDemoError
from gait_demo.evaluation.detection import FOUND, Detect, rounded
from gait_demo.evaluation.matching import followed, identities, mask_iou, pairs
from gait_demo.evaluation.references import People
from gait_demo.imaging.boxes import iou
from gait_demo.imaging.resizing import shrink_by
from gait_demo.types import Frame, Progress, Track, VideoInfo, silent
from gait_demo.video import probe, read_frames

_RELATIVE_HEIGHT = 1 / 3  # share of the tallest person's height; smaller ones may be reflections
_STEP_S = 0.2  # maximum time between measured frames, so that a person's boxes still overlap
_MISSING_S = 0.6  # longest gap for which the reference may miss a person
_WARM_UP = 3  # number of first frames whose time does not count
_VIDEOS = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".gif"}


@dataclass(frozen=True)
class _FrameMeasurement:
    """Measurements in one frame.

    Attributes:
        index: of the frame.
        xyxy: (N, 4) float32, boxes of the reference's people.
        ious: by size, for each of them the IoU of the detected mask, or None if not found.
        ms: by size, milliseconds of the detection.
    """

    index: int
    xyxy: np.ndarray
    ious: dict[int, list[float | None]]
    ms: dict[int, float]

    @property
    def heights(self) -> np.ndarray:
        """(N,) float32 in pixels."""
        return self.xyxy[:, 3] - self.xyxy[:, 1]

    def taller(self, least: float) -> _FrameMeasurement:
        """The same without people who are less than `least` pixels tall."""
        kept = np.flatnonzero(self.heights >= least)
        ious = {size: [values[n] for n in kept] for size, values in self.ious.items()}
        return replace(self, xyxy=self.xyxy[kept], ious=ious)


def measure_clips(
    folder: Path,
    measure: Callable[[Path], tuple[dict, str | None]],
    on_progress: Progress = silent,
) -> tuple[dict[str, dict], list[str]]:
    """Measures every video in a folder.

    Args:
        measure: `measure_clip` with all arguments but the video.

    Returns:
        Figures by name, and a sentence for each video that could not be read or followed.

    Raises:
        DataError: there are no videos.
    """
    videos = sorted(path for path in folder.glob("*") if path.suffix.lower() in _VIDEOS)
    if not videos:
        raise DataError(f"{folder} holds no videos.")
    clips, problems = {}, []
    for done, video in enumerate(videos):
        on_progress("clips", done, len(videos))
        try:
            clip, problem = measure(video)
        except GaitDemoError as error:
            problems.append(f"{video.name} is passed over: {error}")
            continue
        clips[video.stem] = clip
        if problem:
            problems.append(f"{video.name} is not followed: {problem}")
    return clips, problems


def measure_clip(
    video: Path,
    detector: Detect,
    references: Callable[[np.ndarray], People],
    tracks_of: Callable[[Path], list[Track]],
    sizes: tuple[int, ...],
    score: float,
    most_frames: int,
) -> tuple[dict, str | None]:
    """
    Args:
        references: gives for a frame, (H, W, 3) uint8, the people to compare with.
        tracks_of: gives the pipeline's tracks in a video, with the boxes of their silhouettes where
            a person was seen or carried over; may refuse a video with a GaitDemoError.
        sizes: longest sides, in pixels, at which the detector reads the frames.
        score: minimum score of a detection.
        most_frames: maximum number of frames to measure, spread evenly over the clip with steps of
            at most 0.2 s; of a longer clip, the first ones.

    Returns:
        frames (measured), step (from one to the next), person_frames (of the references);
        found (share), mask_iou (mean) and ms (median) by size; followed (share), switches. Shares
        of nobody are None. And why the clip was not followed, if it was refused.

    Raises:
        VideoError: the video cannot be read.
    """
    info = probe(video)
    step = _step(info, most_frames)
    with closing(read_frames(video)) as frames:
        chosen = islice((frame for frame in frames if frame.index % step == 0), most_frames)
        frames = [_measure_frame(frame, detector, references, sizes, score) for frame in chosen]
    tallest = max(frame.heights.max(initial=0) for frame in frames)
    frames = [frame.taller(_RELATIVE_HEIGHT * tallest) for frame in frames]
    problem, tracks = None, []
    try:
        tracks = tracks_of(video)
    except GaitDemoError as error:
        problem = str(error)
    people = [frame.xyxy for frame in frames]
    gap = round(_MISSING_S * float(info.fps) / step)
    truth = list(zip(identities(people, gap), people, strict=True))
    boxes = [_boxes(tracks, frame.index, info) for frame in frames]
    covered, switches = followed(truth, boxes, FOUND)
    count = sum(map(len, people))
    clip = {
        "frames": len(frames),
        "step": step,
        "person_frames": count,
        "followed": round(covered / count, 4) if count else None,
        "switches": switches,
    } | {"found": {}, "mask_iou": {}, "ms": {}}
    for size in sizes:
        ious = [iou for frame in frames for iou in frame.ious[size] if iou is not None]
        ms = [frame.ms[size] for frame in frames]
        clip["found"][size] = round(len(ious) / count, 4) if count else None
        clip["mask_iou"][size] = rounded(np.mean, ious)
        clip["ms"][size] = round(float(np.median(ms[_WARM_UP:] or ms)), 1)
    return clip, problem


def _step(info: VideoInfo, most_frames: int) -> int:
    return max(1, min(-(-info.frames // most_frames), round(_STEP_S * info.fps)))


def _measure_frame(
    frame: Frame,
    detector: Detect,
    references: Callable[[np.ndarray], People],
    sizes: tuple[int, ...],
    score: float,
) -> _FrameMeasurement:
    people = references(frame.rgb)
    ious = {size: [None] * len(people.xyxy) for size in sizes}
    ms = {}
    for size in sizes:
        image, scale = _as_analysed(frame.rgb, size)
        started = perf_counter()
        seen = detector(image, size, score)
        ms[size] = 1000 * (perf_counter() - started)
        for n, m in pairs(iou(seen.xyxy[:, None] / scale, people.xyxy), FOUND):
            person = shrink_by(people.masks[m].astype(np.float32), scale) > 0.5
            ious[size][m] = mask_iou(seen.masks[n] > 0, person)
    return _FrameMeasurement(frame.index, people.xyxy, ious, ms)


def _as_analysed(rgb: np.ndarray, size: int) -> tuple[np.ndarray, float]:
    """A frame no larger than the pipeline, or the detector, reads it; and its scale."""
    scale = max(working_scale(rgb.shape[:2]), min(1.0, size / max(rgb.shape[:2])))
    return shrink_by(rgb, scale), scale


def _boxes(tracks: list[Track], index: int, info: VideoInfo) -> tuple[list[int], np.ndarray]:
    """Ids of the tracks that are found in frame `index`, and the part of their boxes within it."""
    present = [track for track in tracks if track.is_found(index)]
    boxes = np.reshape([track.xyxy[index - track.first_frame] for track in present], (-1, 4))
    inside = boxes.clip(0, [info.width, info.height] * 2)
    return [track.track_id for track in present], inside
