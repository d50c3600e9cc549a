"""How well a detector finds and cuts out people in single pictures; the table of all figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch

from gait_demo.datasets.photos import read_photos
from gait_demo.errors import DataError
from gait_demo.evaluation.markdown import markdown
from gait_demo.evaluation.matching import average_precision, hits, mask_iou
from gait_demo.evaluation.references import SCORE, TALL_PX
from gait_demo.imaging.boxes import area, bounds, intersection_area, iou
from gait_demo.people.yolo import Detections

FOUND = 0.5  # IoU of boxes
_INSIDE = 0.5  # minimum share of a detection within a person's box, to be judged by it
_LEAST = 0.01  # minimum score of detections for the average precision

Detect = Callable[[np.ndarray, int, float], Detections]
Picture = tuple[np.ndarray, np.ndarray]  # (H, W, 3) uint8 RGB, and (N, H, W) bool of its people


@dataclass
class Tally:
    """Results of a detector on pictures whose people are known.

    Attributes:
        score: minimum score of a detection that counts; average precision uses all detections.
        pictures, people: their numbers.
        ious: IoU of the masks of the people found.
        alarms: number of false or duplicate detections.
        scores, right: scores of all detections, and whether each found a person.
    """

    score: float
    pictures: int = 0
    people: int = 0
    ious: list[float] = field(default_factory=list)
    alarms: int = 0
    scores: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    def add(self, seen: Detections, masks: np.ndarray, everybody: bool) -> None:
        """
        Args:
            masks: (N, H, W) bool, of people in the picture, none empty.
            everybody: whether these are all people in the picture. If not, detections mostly
                outside their boxes are not judged.
        """
        boxes = np.array([bounds(mask) for mask in masks]).reshape(-1, 4)
        if not everybody:
            inside = intersection_area(seen.xyxy[:, None], boxes)
            near = (inside > _INSIDE * area(seen.xyxy)[:, None]).any(axis=1)
            seen = Detections(seen.xyxy[near], seen.scores[near], seen.masks[near])
        found = hits(iou(seen.xyxy[:, None], boxes), seen.scores, FOUND)
        for n in np.flatnonzero(seen.scores >= self.score):
            if found[n] < 0:
                self.alarms += 1
            else:
                self.ious.append(mask_iou(seen.masks[n] > 0, masks[found[n]]))
        self.pictures += 1
        self.people += len(masks)
        self.scores += seen.scores.tolist()
        self.right += (found >= 0).tolist()

    def figures(self) -> dict:
        """pictures, people, false_alarms (per picture) and, if there are people, found (share),
        ap50 (of boxes), mask_iou and mask_iou_median (of the people found; None without any)."""
        figures = {
            "pictures": self.pictures,
            "people": self.people,
            "false_alarms": round(self.alarms / self.pictures, 3),
        }
        if self.people:
            right = np.array(self.right, bool)
            ap50 = average_precision(np.array(self.scores), right, self.people)
            figures["found"] = round(len(self.ious) / self.people, 4)
            figures["ap50"] = round(ap50, 4)
            figures["mask_iou"] = rounded(np.mean, self.ious)
            figures["mask_iou_median"] = rounded(np.median, self.ious)
        return figures


def rounded(statistic: Callable, values: list[float]) -> float | None:
    """A rounded statistic of values; None without any."""
    return round(float(statistic(values)), 4) if values else None


def measure_pictures(
    pictures: Iterable[Picture],
    detector: Detect,
    sizes: tuple[int, ...],
    score: float,
    everybody: bool = True,
) -> dict[int, dict]:
    """`Tally.figures` by the size at which the detector reads the pictures.

    Args:
        pictures: at least one.
        score: minimum score of a detection that counts.
        everybody: whether the masks show all people of a picture; see `Tally.add`.
    """
    tallies = {size: Tally(score) for size in sizes}
    for rgb, masks in pictures:
        for size, tally in tallies.items():
            tally.add(detector(rgb, size, _LEAST), masks, everybody)
    return {size: tally.figures() for size, tally in tallies.items()}


def held_out_photos(folder: Path) -> Iterator[Picture]:
    """The photos that are not used in training, each with one labelled person.

    Raises:
        DataError: no photos with masks, or a damaged one.
    """
    for photo in read_photos(folder).held_out:
        rgb, mask = photo.read()
        yield rgb, mask[None]


def crowds(folder: Path) -> Iterator[Picture]:
    """The validation pictures that `synthesize crowds` wrote.

    Raises:
        DataError: there are none, or one without outlines that can be read.
    """
    images = sorted((folder / "images" / "val").glob("*.jpg"))
    if not images:
        raise DataError(f"{folder} holds no images/val/*.jpg; make it with `synthesize crowds`.")
    for image in images:
        rgb = _read(image)
        yield rgb, _outlined(folder / "labels" / "val" / f"{image.stem}.txt", rgb.shape[:2])


def empty_places(folder: Path) -> Iterator[Picture]:
    """The photos without people, *.jpg and *.png, of a folder.

    Raises:
        DataError: there are none, or a damaged one.
    """
    images = sorted([*folder.glob("*.jpg"), *folder.glob("*.png")])
    if not images:
        raise DataError(f"{folder} holds no *.jpg or *.png.")
    for image in images:
        rgb = _read(image)
        yield rgb, np.zeros((0, *rgb.shape[:2]), bool)


def _read(path: Path) -> np.ndarray:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DataError(f"{path} is damaged: it cannot be read as a picture.")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _outlined(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Masks from YOLO's labels: in each line, a class and the corners of a polygon."""
    try:
        lines = path.read_text().splitlines()
        outlines = [np.array(line.split()[1:], float).reshape(-1, 2) for line in lines]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} holds no outlines of people: {error}.") from error
    masks = np.zeros((len(outlines), *shape), np.uint8)
    for mask, outline in zip(masks, outlines, strict=True):
        corners = np.rint(outline * shape[::-1] - 0.5).astype(np.int32)
        cv2.fillPoly(mask, [corners], 1)
    return masks.astype(bool)


def machine() -> dict:
    """The machine that milliseconds were measured on: its cores, and torch's threads."""
    return {"cores": os.cpu_count(), "threads": torch.get_num_threads()}


def table(report: dict) -> str:
    """The figures as Markdown.

    Args:
        report: "weights", their name; "score"; "machine"; "sizes"; "pictures", the figures of
            measure_pictures by kind; "clips", those of measure_clip by name; "absent", the
            parts that were not asked for.
    """
    sizes, parts = report["sizes"], []
    if report["pictures"]:
        columns = {
            "number": "pictures",
            "people": "people",
            "found": "found",
            "AP50": "ap50",
            "mask IoU": "mask_iou",
            "median": "mask_iou_median",
            "false alarms": "false_alarms",
        }
        head = ["pictures of", "size", *columns]
        rows = [
            [kind, size, *(figures[size].get(name) for name in columns.values())]
            for kind, figures in report["pictures"].items()
            for size in sizes
        ]
        parts.append(
            f"{report['weights']} in single pictures. Found: a detection of score "
            f"{report['score']:g} or more whose box has an IoU of at least {FOUND:g}; mask IoU: "
            "mean and median of those found; false alarms: a picture. Of photos only detections "
            "around their one labelled person are judged, since there are passers-by.\n\n"
            + markdown(head, rows)
        )
    if report["clips"]:
        head = ["clip", "frames", "person-frames",
                *(f"{name} {size}" for name in ("found", "mask IoU", "ms") for size in sizes),
                "followed", "switches"]  # fmt: skip
        rows = [
            [name, clip["frames"], clip["person_frames"],
             *(clip[key][size] for key in ("found", "mask_iou", "ms") for size in sizes),
             clip["followed"], clip["switches"]]
            for name, clip in report["clips"].items()
        ]  # fmt: skip
        cores, threads = (report["machine"][key] for key in ("cores", "threads"))
        parts.append(
            f"{report['weights']} on real clips, against two other networks, which are references "
            f"and not truth: people on whom both agree with a score of at least {SCORE:g}, and who "
            f"are {TALL_PX} pixels tall or more and at least a third as tall as the tallest of the "
            "clip. Found: by the detector alone, frame by frame, as above; followed: by the "
            "silhouettes of the pipeline's tracks, whose boxes must have that IoU as well; "
            "switches: of the track that follows a person. Milliseconds: median of one detection "
            "with its masks, on a machine of "
            f"{cores} cores with {threads} threads.\n\n" + markdown(head, rows)
        )
    if report["absent"]:
        parts.append(f"Not measured, for want of data: {', '.join(report['absent'])}.")
    return "\n\n".join(parts)
