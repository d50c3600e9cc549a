"""Frames to tracks: who walks where, found by motion or by a detector."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path as FilePath

import cv2
import numpy as np

from .config import TrackOptions
from .errors import NoPersonError, WeightsError
from .foreground import ForegroundClip
from .paths import Blob, Follower, Path, find_blobs, smooth_boxes
from .structures import Frame, Track

_SHORTEST_S = 0.4  # shorter tracks are no people
_SEEN_SHARE = 0.7  # of its frames in which a person is seen; leaves come and go
_UPRIGHT = 1.15  # a person's height over width, at least, in the median
_FILLED = 0.22  # share of its box a silhouette fills, at least, in the median
_STRIDES_AWAY = 0.2  # heights a person moves, or else ...
_STANDING_S = 1.0  # ... stands filling an upright box for this long
_PERSON_CLASS = 0  # of COCO


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
    follower = Follower(fps)
    for index in range(len(foreground)):
        follower.follow(find_blobs(foreground[index]), foreground.shape[1])
    return _tracks(follower.paths, foreground.shape, foreground.scale, fps, options)


def detect_people(
    frames: Iterable[Frame], weights: FilePath, fps: float, options: TrackOptions | None = None
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
    follower = Follower(fps)
    shape = (0, 0)
    for frame in frames:
        shape = frame.rgb.shape[:2]
        bgr = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
        seen = _predict(detector, bgr, weights)
        blobs = [Blob(xyxy) for xyxy in seen.xyxy.cpu().numpy().astype(np.float64)]
        follower.follow(blobs, shape[1])
    return _tracks(follower.paths, shape, 1.0, fps, options)


def _load_detector(weights: FilePath):
    if not FilePath(weights).is_file():
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


def _predict(detector, bgr: np.ndarray, weights: FilePath):
    try:
        return detector.predict(bgr, classes=[_PERSON_CLASS], conf=0.35, verbose=False)[0].boxes
    except TypeError as error:  # a file that it took for weights of another kind
        raise WeightsError(f"{weights} holds no person detector that works: {error}") from error


def _tracks(
    paths: list[Path],
    shape: tuple[int, int],
    scale: float,
    fps: float,
    options: TrackOptions | None,
) -> list[Track]:
    """The paths that are people, smoothed, at full resolution, by prominence."""
    options = options or TrackOptions()
    people, tallest = [], 0.0
    for path in paths:
        if not _is_person(path, fps) or not any(path.sure):
            continue  # what the border cuts all the time is erased, not followed
        xyxy, found = smooth_boxes(path, shape, fps)
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
        for n, (_, first, xyxy, found) in enumerate(people, start=1)
    ]


def _is_person(path: Path, fps: float) -> bool:
    seen = [blob for blob in path.seen if blob is not None]
    steady = len(seen) >= _SEEN_SHARE * (len(path.seen) - path.lost_for)
    if len(seen) < _SHORTEST_S * fps or not steady:
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
