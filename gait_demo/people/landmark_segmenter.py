"""The default segmenter: two detectors propose squares, and the landmark network reads each."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from gait_demo.imaging.boxes import intersection_area
from gait_demo.options import PeopleOptions
from gait_demo.people.disjoint_mattes import keep_own_pixels, make_disjoint
from gait_demo.people.landmarks import LandmarkNetwork, Reading, upright
from gait_demo.people.segmenter import Detection, are_entangled, same_person
from gait_demo.people.ssd import PoseDetector, Proposal
from gait_demo.people.yolo import Detector

_SMALLEST_PIECE = 0.05  # share of a mask's area; smaller components are noise
# a proposal shows a known person if its centre is within 0.2 half sides of the person's square, and
# its size within a factor of 1.6
_SAME_PLACE, _AS_LARGE = 0.2, 1.6
_CLOSER = 0.87  # factor: small, blurred people are sometimes recognised only in a smaller square
_LARGEST_STEP = 0.5  # half sides: maximum movement of a square from one frame to the next
_LARGEST_GROWTH = 1.4  # maximum factor of its size, larger or smaller, from frame to frame
_CELLS = 8  # per side of a square; their mean colours tell whether it has changed
_UNCHANGED = 8  # grey levels by which noise may change such a mean


@dataclass(frozen=True)
class _Rejected:
    """A place in which the landmark network saw no person.

    Attributes:
        region: (2, 2) float32, its square, as in `Detection`.
        cells: (8, 8, 3) uint8, mean colours in its square.
    """

    region: np.ndarray
    cells: np.ndarray

    @classmethod
    def of(cls, rgb: np.ndarray, region: np.ndarray) -> _Rejected:
        h, w = rgb.shape[:2]
        x0, y0, x1, y1 = _square(region).clip(0, [w - 1, h - 1, w - 1, h - 1]).astype(int)
        part = rgb[y0 : y1 + 1, x0 : x1 + 1]
        return cls(region, cv2.resize(part, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA))

    def is_unchanged(self, rgb: np.ndarray) -> bool:
        cells = _Rejected.of(rgb, self.region).cells
        return bool(cv2.absdiff(cells, self.cells).max() < _UNCHANGED)


_Known = TypeVar("_Known", Detection, Proposal, _Rejected)


class LandmarkSegmenter:
    """See `PersonSegmenter`. A proposal that was rejected the last time is not read again as long
    as its square looks the same."""

    def __init__(
        self,
        landmarks: Path,
        poses: Path,
        yolo: Detector,
        options: PeopleOptions | None = None,
        threads: int = 2,
    ):
        """
        Args:
            landmarks, poses: weights files of the landmark network and of BlazePose's detector.
            yolo: the second detector.
            threads: number of threads of the networks.

        Raises:
            WeightsError: a file does not hold such a network.
        """
        self._read = LandmarkNetwork(landmarks, threads)
        self._poses, self._yolo = PoseDetector(poses, threads), yolo
        self._options = options or PeopleOptions()
        self._rejected: list[_Rejected] = []  # in the last frame that was searched for new people

    def fresh(self) -> LandmarkSegmenter:
        other = copy(self)
        other._rejected = []
        return other

    def __call__(
        self,
        rgb: np.ndarray,
        before: Sequence[Detection] = (),
        detect: bool = True,
        others: Sequence[Detection] = (),
    ) -> list[Detection]:
        everybody = [*before, *others]
        entangled = [
            person
            for person in before
            if detect and any(are_entangled(person, other) for other in everybody)
        ]
        alone = [person for person in before if not any(person is other for other in entangled)]
        people, lost = self._track(rgb, alone, everybody, list(others))
        proposals = self._proposals(rgb) if detect or lost else []
        refused: list[Proposal] = []
        if detect:
            known = range(len(others), len(people))
            people, refused = self._detect_new(rgb, people, proposals)
            people = self._reread_overlapped(rgb, people, known)
        for person in lost:
            recovered = self._recover(rgb, person, proposals, people)
            if recovered is not None and not any(same_person(recovered, other) for other in people):
                people.append(recovered)
        people, _ = self._track(rgb, entangled, everybody, people)
        boxes = [
            Detection.refused(proposal.box, proposal.score)
            for proposal in refused
            if proposal.box is not None
        ]
        return make_disjoint(people)[len(others) :] + boxes

    def _track(
        self,
        rgb: np.ndarray,
        known: Sequence[Detection],
        everybody: Sequence[Detection],
        people: list[Detection],
    ) -> tuple[list[Detection], list[Detection]]:
        """Reads the squares of known people.

        Returns:
            `people`, extended by the known people who are seen again and are not yet among them;
            and the known people who are not seen again.
        """
        people, lost = list(people), []
        for person in known:
            seen = self._track_one(rgb, person, everybody, people)
            if seen is None:
                lost.append(person)
            elif not any(same_person(seen, other) for other in people):
                people.append(seen)
        return people, lost

    def _track_one(
        self,
        rgb: np.ndarray,
        known: Detection,
        before: Sequence[Detection],
        people: Sequence[Detection],
    ) -> Detection | None:
        """Reads the square of a known person; None if they are not seen in it.

        Other people are painted over first: those already found in this frame, except where they
        are nearer to the known person's limbs; and those of the neighbouring frame who are not yet
        found in this one, where they were there, except where the known person was.
        """
        square = _square(known.region)
        found = [
            keep_own_pixels(person, [known])
            for person in people
            if intersection_area(person.box, square) > 0
        ]
        waiting = [
            person
            for person in before
            if person is not known
            and intersection_area(person.box, square) > 0
            and not any(same_person(person, other) for other in people)
        ]
        mattes = ([person.matte for person in those] for those in (found, waiting))
        mattes = [*mattes, known.matte]
        reading = self._read(rgb, known.region, *mattes)
        if reading.presence < self._options.follow_presence:
            reading = self._read(rgb, _scaled(known.region, _CLOSER), *mattes)
            if reading.presence < self._options.stay_presence:
                return None
        if not _is_near(known.region, reading.region, _LARGEST_STEP, _LARGEST_GROWTH):
            return None
        return _detection(reading, 0.0, rgb.shape[:2])

    def _recover(
        self,
        rgb: np.ndarray,
        known: Detection,
        proposals: Sequence[Proposal],
        people: list[Detection],
    ) -> Detection | None:
        """A known person who is not seen in their square, but whom a detector finds nearby with a
        high score: read again there or, if that fails, moved there. A new reading gets the score
        0, because a score that was looked for in one place only is no evidence of a person."""
        for proposal in proposals:
            is_sure = proposal.score >= self._options.sure_yolo
            if is_sure and _is_near(known.region, proposal.region, _LARGEST_STEP):
                seen = self._read_proposal(rgb, Proposal(0.0, proposal.region), people)
                return seen or known.moved(proposal.region[0] - known.region[0]).scored(
                    proposal.score
                )
        return None

    def _detect_new(
        self,
        rgb: np.ndarray,
        people: list[Detection],
        proposals: Sequence[Proposal],
    ) -> tuple[list[Detection], list[Proposal]]:
        """The people, extended by the new ones whom proposals show, and the proposals that show
        none. Proposals that show known people raise their scores. Where one has shown a new
        person, others in about the same place are not read, and where it has shown a known one,
        others of the same detector (non-maximum suppression): remnants of that person, who is
        painted over in them, would pass for a second one."""
        people, rejected, refused = list(people), [], []
        shown: list[Proposal] = []
        shown_again: list[Proposal] = []
        for proposal in proposals:
            seen = _at(proposal.region, people)
            if seen is None:
                known = _at(proposal.region, self._rejected)
                if known is not None and known.is_unchanged(rgb):
                    rejected.append(known)
                    refused.append(proposal)
                    continue
                alike = [one for one in shown_again if (one.box is None) == (proposal.box is None)]
                if _at(proposal.region, shown + alike) is not None:
                    continue
                seen = self._read_proposal(rgb, proposal, people)
                if seen is None:
                    rejected.append(_Rejected.of(rgb, proposal.region))
                    refused.append(proposal)
                    continue
                shown.append(proposal)
            else:
                shown_again.append(proposal)
            n = next((n for n, other in enumerate(people) if same_person(seen, other)), None)
            if n is None:
                people.append(seen)
            else:
                people[n] = people[n].scored(proposal.score)
        self._rejected = rejected
        return people, refused

    def _reread_overlapped(
        self, rgb: np.ndarray, people: list[Detection], known: range
    ) -> list[Detection]:
        """The people; known ones whom a new person overlaps are read again with the new person
        painted over, because the first reading may have mixed the two. New people with a low
        detector score stay, but cause no such reading, as most of them are false."""
        people = list(people)
        newcomers = [
            person for person in people[known.stop :] if person.score >= self._options.likely_score
        ]
        for n in known:
            if any(are_entangled(people[n], new) for new in newcomers):
                rest = people[:n] + people[n + 1 :]
                seen = self._track_one(rgb, people[n], (), rest)
                if seen is not None and not any(same_person(seen, other) for other in rest):
                    people[n] = seen.scored(people[n].score)
        return people

    def _proposals(self, rgb: np.ndarray) -> list[Proposal]:
        """Those of both detectors, the highest score first."""
        options = self._options
        found = self._poses(rgb, options.pose_score)
        scale = min(1.0, 2 * options.detector_px / max(rgb.shape))
        image = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        boxes, scores = self._yolo.boxes(image, options.detector_px, options.yolo_score)
        found += [
            Proposal(float(score), upright(box / scale), box / scale)
            for score, box in zip(scores, boxes, strict=True)
        ]
        return sorted(found, key=lambda proposal: -proposal.score)

    def _read_proposal(
        self, rgb: np.ndarray, proposal: Proposal, people: list[Detection]
    ) -> Detection | None:
        """Reads a proposal twice, the second time in the square that the first reading asks for.
        Returns one of `people` if the first reading shows them; None if no person is seen."""
        others = [
            person.matte
            for person in people
            if intersection_area(person.box, _square(proposal.region)) > 0
        ]
        first = self._read(rgb, proposal.region, others)
        if first.presence < self._options.read_presence:
            return None
        known = _at(first.region, people)
        if known is not None:
            return known
        second = self._read(rgb, first.region, others)
        if second.presence < self._options.follow_presence:
            return None
        return _detection(second, proposal.score, rgb.shape[:2])


def _square(region: np.ndarray) -> np.ndarray:
    """(4,) box: the region's square, turned upright."""
    half = np.linalg.norm(region[1] - region[0])
    return np.concatenate([region[0] - half, region[0] + half])


def _scaled(region: np.ndarray, factor: float) -> np.ndarray:
    return region[0] + np.float32([[0], [factor]]) * (region - region[0])


def _at(region: np.ndarray, known: Sequence[_Known]) -> _Known | None:
    """The first of `known` that is in about the same place as the region and about as large."""
    here = (
        candidate
        for candidate in known
        if _is_near(candidate.region, region, _SAME_PLACE, _AS_LARGE)
    )
    return next(here, None)


def _is_near(known: np.ndarray, region: np.ndarray, reach: float, growth: float = np.inf) -> bool:
    """Whether the centre of a region is within `reach` half sides of a known region's, and its size
    within a factor of `growth`."""
    old, new = (np.linalg.norm(up - centre) for centre, up in (known, region))
    is_near = np.linalg.norm(region[0] - known[0]) < reach * old
    return bool(is_near and 1 / growth < new / old < growth)


def _detection(reading: Reading, score: float, shape: tuple[int, int]) -> Detection | None:
    """The detection of a reading; None if its matte is empty or outside the frame (H, W)."""
    alpha = reading.matte.alpha()
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.concatenate([[False], areas >= _SMALLEST_PIECE * areas.sum()])
    ys, xs = np.nonzero(kept[labels])
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
