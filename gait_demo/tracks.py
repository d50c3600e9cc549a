"""Frames to tracks: who walks where, found by motion or by a detector."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from .config import TrackOptions
from .errors import NoPersonError, WeightsError
from .foreground import ForegroundClip
from .structures import Frame, Track

_GAP_S = 0.5  # a person may stay lost for so long and still be the same track
_SHORTEST_S = 0.4  # shorter tracks are no people
_SIZE_WINDOW_S = 0.7  # more than half a stride: feet and head are seen whole within it
_PATH_WINDOW_S = 0.3  # smoothing of the path
_UPRIGHT = 1.15  # a person's height over width, at least, in the median
_FILLED = 0.22  # share of its box a silhouette fills, at least, in the median
_STRIDES_AWAY = 0.2  # heights a person moves, or else ...
_STANDING_S = 1.0  # ... stands filling an upright box for this long
_PERSON_CLASS = 0  # of COCO


@dataclass
class _Blob:
    """Part of a person, or a whole one: box, and foreground pixels by column (None: a box)."""

    xyxy: np.ndarray
    columns: np.ndarray | None = None

    @property
    def area(self) -> float:
        w, h = self.xyxy[2:] - self.xyxy[:2]
        return float(w * h) if self.columns is None else float(self.columns.sum())

    @property
    def centre(self) -> float:
        """The column that halves the mass, in pixels."""
        if self.columns is None:
            return float(self.xyxy[0] + self.xyxy[2]) / 2
        mass = np.cumsum(self.columns, dtype=np.float64)
        below = int(np.searchsorted(mass, mass[-1] / 2))
        before = mass[below - 1] if below else 0.0
        return self.xyxy[0] + below + (mass[-1] / 2 - before) / self.columns[below]


@dataclass
class _Path:
    """A track in the making: what was seen of one person, frame by frame."""

    first_frame: int
    seen: list[_Blob | None] = field(default_factory=list)  # None: lost
    sure: list[bool] = field(default_factory=list)  # seen whole and alone
    box: np.ndarray | None = None  # where the person should be next
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))

    def add(self, blob: _Blob | None, sure: bool) -> None:
        self.seen.append(blob)
        self.sure.append(sure)
        if blob is not None:
            if self.box is not None and sure:
                moved = _middle(blob.xyxy) - _middle(self.box - np.tile(self.velocity, 2))
                self.velocity = 0.8 * self.velocity + 0.2 * moved * [1, 0.3]
            self.box = blob.xyxy
        self.box = self.box + np.tile(self.velocity, 2)

    @property
    def lost_for(self) -> int:
        return next((n for n, blob in enumerate(reversed(self.seen)) if blob), len(self.seen))


def find_people(
    foreground: ForegroundClip, fps: float, options: TrackOptions | None = None
) -> list[Track]:
    """Follows everything that moves like a person; needs no weights.

    Returns:
        Tracks in full-resolution pixels, the most prominent (height x duration) first; ids are
        their rank from 1. A box spans head to feet and is centred on the column that halves the
        silhouette. It is smooth in time, bridged over short gaps (found is False there), and
        reaches over the frame's border where the person does.

    Raises:
        NoPersonError: nobody moves, or only people that are too small.
    """
    gap = max(2, round(_GAP_S * fps))
    done: list[_Path] = []
    active: list[_Path] = []
    width = foreground.shape[1]
    for index in range(len(foreground)):
        _follow(active, _blobs(foreground[index]), index, width)
        done += [path for path in active if path.lost_for > gap]
        active = [path for path in active if path.lost_for <= gap]
    return _tracks(done + active, foreground.shape, foreground.scale, fps, options)


def detect_people(
    frames: Iterable[Frame], weights: Path, fps: float, options: TrackOptions | None = None
) -> list[Track]:
    """Follows the people that a YOLO detector sees; otherwise as find_people.

    Args:
        frames: the clip, streamed once.
        weights: of an ultralytics model whose class 0 is a person. Nothing is downloaded.

    Raises:
        NoPersonError: nobody is seen, or only people that are too small.
        WeightsError: the weights are missing or cannot be loaded.
    """
    detector = _load_detector(weights)
    gap = max(2, round(_GAP_S * fps))
    done: list[_Path] = []
    active: list[_Path] = []
    shape = (0, 0)
    for index, frame in enumerate(frames):
        shape = frame.rgb.shape[:2]
        bgr = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
        seen = detector.predict(bgr, classes=[_PERSON_CLASS], conf=0.35, verbose=False)[0].boxes
        blobs = [_Blob(xyxy) for xyxy in seen.xyxy.cpu().numpy().astype(np.float64)]
        _follow(active, blobs, index, shape[1])
        done += [path for path in active if path.lost_for > gap]
        active = [path for path in active if path.lost_for <= gap]
    return _tracks(done + active, shape, 1.0, fps, options)


def _load_detector(weights: Path):
    if not Path(weights).is_file():
        raise WeightsError(f"The person-detector weights {weights} do not exist.")
    os.environ.setdefault("YOLO_OFFLINE", "true")  # no update checks, no analytics
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    from ultralytics import YOLO

    try:
        return YOLO(str(weights))
    except Exception as error:  # it raises whatever unpickling meets
        raise WeightsError(
            f"The person-detector weights {weights} cannot be loaded by ultralytics: {error}"
        ) from error


def _blobs(mask: np.ndarray) -> list[_Blob]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    blobs = []
    for label in range(1, count):
        x, y, w, h, _ = stats[label]
        columns = np.count_nonzero(labels[y : y + h, x : x + w] == label, axis=0)
        blobs.append(_Blob(np.array([x, y, x + w, y + h], np.float64), columns))
    return blobs


def _follow(active: list[_Path], blobs: list[_Blob], index: int, width: int) -> None:
    """Gives each blob of a frame to the path it belongs to; the rest begin paths of their own."""
    claims: list[list[_Blob]] = [[] for _ in active]
    shared = [False] * len(active)
    fresh = []
    for blob in blobs:
        overlaps = [_overlap(blob.xyxy, _grown(path.box)) for path in active]
        inside = [
            overlap / min(_area(blob.xyxy), _area(path.box))
            for overlap, path in zip(overlaps, active, strict=True)
        ]
        hosts = [n for n, share in enumerate(inside) if share > 0.5]
        if not hosts:
            fresh.append(blob)
            continue
        big = [n for n in hosts if _overlap(blob.xyxy, active[n].box) > 0.5 * _area(active[n].box)]
        if len(big) > 1 and blob.columns is not None:
            for n in big:
                shared[n] = True
        claims[max(hosts, key=lambda n: overlaps[n])].append(blob)
    for n, path in enumerate(active):
        if shared[n]:  # people overlap: each goes on as before until they part
            path.add(_Blob(path.box.copy()), sure=False)
        elif claims[n]:
            blob = _joined(claims[n])
            path.add(blob, sure=blob.xyxy[0] > 1 and blob.xyxy[2] < width - 1)
        else:
            path.add(None, sure=False)
    for blob in _people_of(fresh):
        path = _Path(index)
        path.add(blob, sure=blob.xyxy[0] > 1 and blob.xyxy[2] < width - 1)
        active.append(path)


def _people_of(blobs: list[_Blob]) -> list[_Blob]:
    """Joins fragments that stand above one another: a head, a trunk, a leg."""
    people: list[_Blob] = []
    for blob in sorted(blobs, key=lambda b: -b.area):
        for n, person in enumerate(people):
            a, b = person.xyxy, blob.xyxy
            beside = min(a[2], b[2]) - max(a[0], b[0])
            gap = max(a[1], b[1]) - min(a[3], b[3])
            if beside > 0.5 * min(a[2] - a[0], b[2] - b[0]) and gap < 0.3 * (a[3] - a[1]):
                people[n] = _joined([person, blob])
                break
        else:
            people.append(blob)
    return people


def _joined(blobs: list[_Blob]) -> _Blob:
    if len(blobs) == 1:
        return blobs[0]
    if blobs[0].columns is None:
        return max(blobs, key=lambda b: b.area)
    corners = np.stack([b.xyxy for b in blobs])
    xyxy = np.concatenate([corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)])
    columns = np.zeros(int(xyxy[2] - xyxy[0]), np.int64)
    for blob in blobs:
        start = int(blob.xyxy[0] - xyxy[0])
        columns[start : start + len(blob.columns)] += blob.columns
    return _Blob(xyxy, columns)


def _middle(xyxy: np.ndarray) -> np.ndarray:
    return (xyxy[:2] + xyxy[2:]) / 2


def _area(xyxy: np.ndarray) -> float:
    return float((xyxy[2] - xyxy[0]) * (xyxy[3] - xyxy[1]))


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    size = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    return float(size[0] * size[1]) if (size > 0).all() else 0.0


def _grown(xyxy: np.ndarray) -> np.ndarray:
    height = xyxy[3] - xyxy[1]
    return xyxy + height * np.array([-0.12, -0.1, 0.12, 0.1])


def _tracks(
    paths: list[_Path],
    shape: tuple[int, int],
    scale: float,
    fps: float,
    options: TrackOptions | None,
) -> list[Track]:
    """The paths that are people, smoothed, at full resolution, by prominence."""
    options = options or TrackOptions()
    people, tallest = [], 0.0
    for path in paths:
        if not _is_person(path, fps):
            continue
        xyxy, found = _smooth_boxes(path, shape, fps)
        xyxy = xyxy / scale
        height = float(np.median(xyxy[:, 3] - xyxy[:, 1]))
        tallest = max(tallest, height)
        if height >= options.min_height_px:
            people.append((height * len(found), path.first_frame, xyxy, found))
    if not people and tallest > 0:
        raise NoPersonError(
            f"The person in the video is too small: {tallest:.0f} pixels tall, at least "
            f"{options.min_height_px} are needed. Use a clip in which the person is larger."
        )
    if not people:
        raise NoPersonError(
            "No walking person was found in the video. "
            "Use a clip in which a person walks through the picture of a camera that stands still."
        )
    people.sort(key=lambda person: -person[0])
    return [
        Track(n, first, xyxy.astype(np.float32), found)
        for n, (_, first, xyxy, found) in enumerate(people[: options.max_people], start=1)
    ]


def _is_person(path: _Path, fps: float) -> bool:
    seen = [blob for blob in path.seen if blob is not None]
    if len(seen) < _SHORTEST_S * fps:
        return False
    boxes = np.stack([blob.xyxy for blob in seen])
    w, h = (boxes[:, 2:] - boxes[:, :2]).T
    filled = np.median([blob.area for blob in seen] / (w * h))
    upright = np.median(h / w)
    if upright < _UPRIGHT or filled < _FILLED:
        return False
    step = max(1, len(seen) // 6)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    way = np.linalg.norm(np.median(middles[-step:], axis=0) - np.median(middles[:step], axis=0))
    growth = abs(np.log(np.median(h[-step:]) / np.median(h[:step])))
    walks = way > _STRIDES_AWAY * np.median(h) or growth > 0.15
    return walks or len(seen) > max(_STANDING_S * fps, 0.6 * len(path.seen)) and upright > 1.5


def _smooth_boxes(
    path: _Path, shape: tuple[int, int], fps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Steady boxes of a path, (T, 4), and where the person was seen, (T,) bool.

    Head and feet lines are quantiles over more than half a stride, so that a head or foot missed
    for some frames does not shrink the person. Frames in which the person is cut by the left or
    right border, or hidden by another, take them from the frames around.
    """
    seen = path.seen
    last = max(n for n, blob in enumerate(seen) if blob is not None)
    edge = seen[last].xyxy
    if edge[0] <= 2 or edge[2] >= shape[1] - 2:  # walked out: nothing to predict
        seen = seen[: last + 1]
    frames = np.arange(len(seen))
    found = np.array([blob is not None for blob in seen])
    sure = np.array(path.sure[: len(seen)]) & found
    if sure.sum() < max(3, 0.15 * found.sum()):
        sure = found
    boxes = np.stack([blob.xyxy for blob in seen if blob is not None])
    centres = np.array([blob.centre for blob in seen if blob is not None])
    trusted = sure[found]

    size, way = _odd(_SIZE_WINDOW_S * fps), _odd(_PATH_WINDOW_S * fps)
    at = frames[sure]
    centre = _smoothed(_extended(frames, at, centres[trusted], size), way)
    top = np.interp(frames, at, boxes[trusted, 1])
    bottom = np.interp(frames, at, boxes[trusted, 3])
    reach = np.maximum(centres - boxes[:, 0], boxes[:, 2] - centres)[trusted]
    top = _smoothed(_quantile(top, 0.25, size), size)
    bottom = _smoothed(_quantile(bottom, 0.75, size), size)
    reach = _smoothed(_quantile(np.interp(frames, at, reach), 0.9, size), size)
    return np.column_stack([centre - reach, top, centre + reach, bottom]), found


def _extended(frames: np.ndarray, at: np.ndarray, values: np.ndarray, window: int) -> np.ndarray:
    """Interpolates, and goes on with the speed of the nearest window beyond both ends."""
    result = np.interp(frames, at, values)
    for near, beyond in (
        (at < at[0] + window, frames < at[0]),
        (at > at[-1] - window, frames > at[-1]),
    ):
        if beyond.any() and near.sum() >= 4:
            speed, start = np.polyfit(at[near], values[near], 1)
            result[beyond] = speed * frames[beyond] + start
    return result


def _quantile(values: np.ndarray, q: float, window: int) -> np.ndarray:
    padded = np.pad(values, window // 2, mode="edge")
    return np.quantile(np.lib.stride_tricks.sliding_window_view(padded, window), q, axis=1)


def _smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """Hann-weighted mean, without lag; mirrored through both ends, so that a slope stays one."""
    half = min(window // 2, len(values) - 1)
    if half < 1:
        return values
    kernel = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(values, half, mode="reflect", reflect_type="odd")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _odd(value: float) -> int:
    return max(1, round(value)) | 1
