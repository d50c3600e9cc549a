"""The default segmenter: proposals of detectors, each read by the landmark network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from gait_demo.boxes import overlap
from gait_demo.config import PeopleOptions
from gait_demo.people.landmarks import LandmarkNetwork, Reading, upright
from gait_demo.people.overlap import exclusive
from gait_demo.people.segmenter import Detection, are_entangled, same_person
from gait_demo.people.ssd import PoseDetector
from gait_demo.people.yolo import Detector

_SMALLEST_PIECE = 0.05  # of a mask's area: smaller pieces are noise
_SAME_PLACE, _AS_LARGE = 0.15, 1.6  # of the half side: a proposal that shows a known person
_LARGEST_STEP = 0.5  # of the square's half side, from one frame to the next
_LARGEST_GROWTH = 1.4  # from one frame to the next, and its inverse


class LandmarkSegmenter:
    """See `PersonSegmenter`."""

    def __init__(
        self, landmarks: Path, poses: Path, yolo: Detector, options: PeopleOptions | None = None
    ):
        """
        Args:
            landmarks, poses: files of the landmark network and of its detector.

        Raises:
            WeightsError: a file is no such network.
        """
        self._read, self._poses, self._yolo = LandmarkNetwork(landmarks), PoseDetector(poses), yolo
        self._options = options or PeopleOptions()

    def __call__(
        self,
        rgb: np.ndarray,
        before: Sequence[Detection] = (),
        look: bool = True,
        others: Sequence[Detection] = (),
    ) -> list[Detection]:
        everybody = [*before, *others]
        entangled = [
            one for one in before if look and any(are_entangled(one, other) for other in everybody)
        ]
        alone = [one for one in before if not any(one is other for other in entangled)]
        people = self._follow(rgb, alone, everybody, list(others))
        if look:
            people = self._looked(rgb, people)
        people = self._follow(rgb, entangled, everybody, people)
        return exclusive(people)[len(others) :]

    def _follow(
        self,
        rgb: np.ndarray,
        known: Sequence[Detection],
        everybody: Sequence[Detection],
        people: list[Detection],
    ) -> list[Detection]:
        """The people, and of the known ones who is seen again and is none of them."""
        for one in known:
            seen = self._followed(rgb, one, everybody)
            if seen is not None and not any(same_person(seen, other) for other in people):
                people = [*people, seen]
        return people

    def _followed(
        self, rgb: np.ndarray, known: Detection, before: Sequence[Detection]
    ) -> Detection | None:
        others = [one.matte for one in before if one is not known and _are_near(one, known)]
        reading = self._read(rgb, known.region, others, known.matte)
        if reading.presence < self._options.follow_presence:
            return None
        (centre, up), (old_centre, old_up) = reading.region, known.region
        old, new = np.linalg.norm(old_up - old_centre), np.linalg.norm(up - centre)
        if np.linalg.norm(centre - old_centre) > _LARGEST_STEP * old:
            return None
        if not 1 / _LARGEST_GROWTH < new / old < _LARGEST_GROWTH:
            return None
        return _detection(reading, 0.0, rgb.shape[:2])

    def _looked(self, rgb: np.ndarray, people: list[Detection]) -> list[Detection]:
        people = list(people)
        for score, region in self._proposals(rgb):
            centre = region[0]
            n = next((n for n, one in enumerate(people) if _explains(one, centre, region)), None)
            if n is not None:
                people[n] = people[n].scored(score)
                continue
            seen = self._settled(rgb, score, region, people)
            if seen is None:
                continue
            n = next((n for n, one in enumerate(people) if same_person(seen, one)), None)
            if n is None:
                people.append(seen)
            else:
                people[n] = people[n].scored(score)
        return people

    def _proposals(self, rgb: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
        """Scores and squares, the surest first."""
        options = self._options
        found = [(one.score, one.region) for one in self._poses(rgb, options.pose_score)]
        scale = min(1.0, 2 * options.detector_px / max(rgb.shape))
        image = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        boxes, scores = self._yolo.boxes(image, options.detector_px, options.yolo_score)
        found += [(float(s), upright(box / scale)) for s, box in zip(scores, boxes, strict=True)]
        return iter(sorted(found, key=lambda one: -one[0]))

    def _settled(
        self, rgb: np.ndarray, score: float, region: np.ndarray, people: list[Detection]
    ) -> Detection | None:
        """Reads a proposal twice: the second square is the one that the person fills."""
        half = np.linalg.norm(region[1] - region[0])
        square = np.concatenate([region[0] - half, region[0] + half])
        others = [one.matte for one in people if overlap(one.box, square) > 0]
        first = self._read(rgb, region, others)
        if first.presence < self._options.read_presence:
            return None
        second = self._read(rgb, first.region, others)
        if second.presence < self._options.follow_presence:
            return None
        return _detection(second, score, rgb.shape[:2])


def _are_near(one: Detection, other: Detection) -> bool:
    """Whether the first may be seen in the square in which the second is read."""
    half = np.linalg.norm(other.region[1] - other.region[0])
    square = np.concatenate([other.region[0] - half, other.region[0] + half])
    return bool(overlap(one.box, square) > 0)


def _explains(person: Detection, centre: np.ndarray, region: np.ndarray) -> bool:
    """Whether a proposal is about as large as a person, and in the same place."""
    middle, up = person.region
    mine, other = np.linalg.norm(up - middle), np.linalg.norm(region[1] - region[0])
    low, high = sorted((mine, other))
    return bool(np.linalg.norm(centre - middle) < _SAME_PLACE * mine and high < _AS_LARGE * low)


def _detection(reading: Reading, score: float, shape: tuple[int, int]) -> Detection | None:
    """None if the person's matte is empty, or outside of the frame (H, W)."""
    alpha = reading.matte.alpha()
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = 1 + np.flatnonzero(areas >= _SMALLEST_PIECE * areas.sum())
    ys, xs = np.nonzero(np.isin(labels, kept))
    to_frame = reading.matte.to_frame
    places = np.stack([xs, ys], axis=1) @ to_frame[:, :2].T + to_frame[:, 2]
    half = np.abs(to_frame[:, :2]).sum(axis=1) / 2
    low, high = places.min(axis=0) - half, places.max(axis=0) + half
    box = np.concatenate([low.clip(0), high.clip(None, shape[::-1])]).astype(np.float32)
    if (box[2:] - box[:2]).min() < 1:
        return None
    return Detection(
        box, score, reading.presence, reading.landmarks, reading.region, reading.matte,
        float(np.median(places[:, 0])), reading.colours,
    )  # fmt: skip
