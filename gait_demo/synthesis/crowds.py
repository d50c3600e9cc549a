"""Pictures of crowds for a person detector, with the outlines of all people in ultralytics' format.

Walkers, and people cut out of photos if there are any, stand in painted places, beside the people
of photos, and in front of the backgrounds of photos: alone or in groups, near and far, partly
hidden by each other, by things and by the border, in any light.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from gait_demo.datasets.photos import Photo, read_photos
from gait_demo.errors import DataError
from gait_demo.synthesis.body import template
from gait_demo.synthesis.camera_faults import spoil
from gait_demo.synthesis.cutouts import cut_out, photograph, random_walker
from gait_demo.synthesis.outlines import yolo_lines
from gait_demo.synthesis.scene import SCENES, backdrop
from gait_demo.synthesis.workers import run_jobs
from gait_demo.types import Progress, silent

_SHAPES = ((234, 416), (312, 416), (416, 416), (416, 312), (416, 234))  # rows and columns
_LONGEST_PX = 416
_SHARD = 40  # number of pictures that one job makes
_WALKERS = 5  # number of walkers in a shard; each is photographed several times
_SMALLEST_PX = 18
_SEEN = 0.15  # minimum visible share of a person who counts
_FEWEST_PIXELS = 40
_DATA_YAML = "train: images/train\nval: images/val\nnames:\n  0: person\n"
SPLITS = ("train", "val")


@dataclass(frozen=True)
class CrowdOptions:
    """Options of the data set.

    Attributes:
        out: folder that gets images/, labels/ and data.yaml.
        count: number of training pictures; a twentieth as many more, of walkers only, are for
            validation.
        photos: folder of photos of people with masks, see `datasets.photos`; held-out ones are not
            used.
    """

    out: Path
    count: int = 4000
    photos: Path | None = None
    seed: int = 0
    workers: int = 2


def synthesize_crowds(options: CrowdOptions, on_progress: Progress = silent) -> None:
    """Writes the pictures that do not exist yet. Progress counts shards.

    Raises:
        DataError: there are no such photos.
    """
    if options.photos:
        read_photos(options.photos)  # raises errors here, not in a worker
    for split in SPLITS:
        for kind in ("images", "labels"):
            (options.out / kind / split).mkdir(parents=True, exist_ok=True)
    (options.out / "data.yaml").write_text(_DATA_YAML)
    template()  # anny caches its model on disk: do it once, before the workers start
    counts = options.count, max(1, options.count // 20)
    jobs = [
        (split, first, min(_SHARD, count - first), options)
        for split, count in zip(SPLITS, counts, strict=True)
        for first in range(0, count, _SHARD)
    ]
    run_jobs(_write_shard, jobs, options.workers, lambda n: on_progress("synthesize", n, len(jobs)))


def _write_shard(split: str, first: int, count: int, options: CrowdOptions) -> None:
    last = options.out / "images" / split / f"{first + count - 1:05d}.jpg"
    if last.exists():
        return
    rng = np.random.default_rng([options.seed, SPLITS.index(split), first])
    photos = read_photos(options.photos).training if options.photos and split == "train" else []
    walkers = [random_walker(rng) for _ in range(_WALKERS)]
    for number in range(first, first + count):
        picture, people = crowd(rng, walkers, photos)
        labels = options.out / "labels" / split / f"{number:05d}.txt"
        labels.write_text("".join(yolo_lines(people)))
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))]
        path = options.out / "images" / split / f"{number:05d}.jpg"
        path.write_bytes(cv2.imencode(".jpg", picture[..., ::-1], quality)[1])


def crowd(
    rng: np.random.Generator, walkers: list, photos: list[Photo]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """One picture.

    Args:
        walkers: to choose from.
        photos: to choose from; may be empty.

    Returns:
        (H, W, 3) uint8 RGB, and a mask (H, W) bool of what is seen of each person.
    """
    picture, people = _place(rng, photos)
    shape = picture.shape[:2]
    whole = [mask.sum() for mask in people]
    most = rng.choice([0, 1, 2, 3, 5, 9], p=[0.12, 0.25, 0.24, 0.17, 0.12, 0.1])
    if people:
        most = min(most, 2)
    for cutout, row, column in _arranged(rng, most, shape, walkers, photos):
        seen = cutout.draw_into(picture, row, column)
        if rng.uniform() < 0.25:  # something stands before them
            seen &= ~_obstruct(rng, picture, seen)
        people = [mask & ~seen for mask in people] + [seen]
        whole.append((cutout.alpha > 0.5).sum())
    kept = [
        mask
        for mask, area in zip(people, whole, strict=True)
        if mask.sum() > max(_FEWEST_PIXELS, _SEEN * area)
    ]
    return spoil(picture, rng), kept


def _place(rng: np.random.Generator, photos: list[Photo]) -> tuple[np.ndarray, list[np.ndarray]]:
    """A background, (H, W, 3) float32 in [0, 1], and the masks of people who are in it already."""
    height, width = shape = _SHAPES[rng.integers(len(_SHAPES))]
    what = rng.uniform()
    empty = [photo for photo in photos if not photo.crowded]
    if photos and what < 0.3:
        photo, rgb, mask = _drawn(rng, photos)
        return _around(rng, rgb, mask, photo.crowded)
    if empty and what < 0.75:
        _, rgb, mask = _drawn(rng, empty)
        picture = _beside(rng, rgb[:, _free_side(mask)], shape)
    else:
        kind = str(rng.choice(SCENES))
        seed = int(rng.integers(2**31))
        picture = backdrop(kind, width, height, rng.uniform(0.15, 0.7), seed)
        picture = picture.astype(np.float32) / 255
    for _ in range(rng.choice([rng.integers(0, 4), rng.integers(4, 16)])):
        other = None
        if empty and rng.uniform() < 0.6:  # a thing as photos show it
            _, rgb, mask = _drawn(rng, empty)
            other = _beside(rng, rgb[:, _free_side(mask)], shape)
        _obstruct(rng, picture, None, other)
    return picture, []


def _drawn(rng, photos: list[Photo]) -> tuple[Photo, np.ndarray, np.ndarray]:
    """A random photo whose mask is not empty, with its pixels and the mask."""
    for _ in photos:
        photo = photos[rng.integers(len(photos))]
        rgb, mask = photo.read()
        if mask.any():
            return photo, rgb, mask
    raise DataError("The masks of all photos are empty: they must be 255 where the person is.")


def _around(
    rng, rgb: np.ndarray, mask: np.ndarray, crowded: bool
) -> tuple[np.ndarray, list[np.ndarray]]:
    """A part of a photo around its person, and the person's mask; with a small margin if other
    people may be beside them."""
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    margin = rng.uniform(0.02, 0.12) * h
    beside = margin if crowded else rng.uniform(0.1, 0.6) * h
    zoom = rng.choice([1, rng.uniform(0.5, 1)])
    height, width = zoom * (h + 2 * margin), min(zoom, rng.uniform(0.8, 1)) * (w + 2 * beside)
    top = y - margin + rng.uniform() * (h + 2 * margin - height)
    left = x - beside + rng.uniform() * (w + 2 * beside - width)
    scale = _LONGEST_PX / max(height, width)
    size = round(scale * width), round(scale * height)
    to_picture = np.array([[scale, 0, -scale * left], [0, scale, -scale * top]])
    border = cv2.BORDER_CONSTANT  # a mirrored border would show the person again
    picture = cv2.warpAffine(rgb, to_picture, size, borderMode=border, borderValue=(114,) * 3)
    person = cv2.warpAffine(mask.astype(np.float32), to_picture, size) > 0.5
    return picture.astype(np.float32) / 255, [person]


def _free_side(mask: np.ndarray) -> slice:
    """The columns beside the person of a photo, on the wider side; at least one."""
    columns = np.flatnonzero(mask.any(axis=0))
    left, right = max(1, columns[0] - 5), min(mask.shape[1] - 1, columns[-1] + 6)
    return slice(0, left) if left > mask.shape[1] - right else slice(right, None)


def _beside(rng, side: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A part of one side of a photo, mirrored until it fills a picture of this shape."""
    height, width = shape
    rows = round(len(side) * rng.uniform(0.5, 1))
    top = rng.integers(0, len(side) - rows + 1)
    scale = height / rows
    side = cv2.resize(side[top : top + rows], (max(1, round(scale * side.shape[1])), height))
    more = (0, 0), (0, max(0, width - side.shape[1])), (0, 0)
    return np.pad(side, more, mode="symmetric")[:, :width].astype(np.float32) / 255


def _arranged(rng, count: int, shape: tuple[int, int], walkers: list, photos: list[Photo]):
    """People, with the row and column of their upper left corners, the smallest (farthest)
    first."""
    height, width = shape
    tallest = height * np.exp(rng.uniform(-1.6, 0.1))
    spread = rng.uniform(0.1, 0.9)
    heights = np.sort(np.maximum(tallest * np.exp(-spread * rng.exponential(1, count)),
                                 _SMALLEST_PX))  # fmt: skip
    ground = max(tallest, rng.uniform(0.55, 1) * height)
    if rng.uniform() < 0.3:  # of a close-up the feet, or the head, may be missing
        ground += tallest * rng.uniform(-0.5, 0.6)
    middle = rng.uniform(0.1, 0.9) * width
    together = rng.uniform() < 0.4
    for tall in heights.round().astype(int):
        if photos and rng.uniform() < 0.4:
            cutout = cut_out(*_drawn(rng, photos)[1:]).resized(tall)
            cutout = cutout.mirrored() if rng.uniform() < 0.5 else cutout
        else:
            cutout = photograph(walkers[rng.integers(len(walkers))], int(tall), rng)
        feet = ground - (tallest - tall) * rng.uniform(0.2, 1)
        column = middle + rng.normal(0, 0.5 * tall) if together else rng.uniform(0, width)
        yield cutout, round(feet) - tall, round(column - cutout.alpha.shape[1] / 2)


def _obstruct(
    rng, picture: np.ndarray, near: np.ndarray | None, other: np.ndarray | None = None
) -> np.ndarray:
    """Draw a thing that is no person, in place, before somebody or anywhere; where it is.

    It is textured with a part of another picture of that size, or of the same, which may well be
    a piece of a person.
    """
    height, width = picture.shape[:2]
    x, y, w, h = 0, 0, width, height
    if near is not None and near.any():
        x, y, w, h = cv2.boundingRect(near.astype(np.uint8))
    thing = np.zeros((height, width), np.uint8)
    middle = np.array([x + rng.uniform() * w, y + rng.uniform(0.1, 1.1) * h])
    size = np.array([rng.uniform(0.1, 0.9) * w, rng.uniform(0.1, 0.7) * h]) / 2 + 2
    kind = rng.integers(4)
    if kind == 0:  # a pole
        size = np.array([rng.uniform(0.02, 0.06) * width, height])
    if kind == 1:
        axes = tuple(int(v) for v in size)
        cv2.ellipse(thing, tuple(int(v) for v in middle), axes, 0, 0, 360, 1, -1)
    elif kind == 2:
        corners = middle + size * rng.uniform(-1.2, 1.2, (6, 2))
        cv2.fillPoly(thing, [cv2.convexHull(corners.astype(np.int32))], 1)
    else:
        low, high = (middle - size).astype(int), (middle + size).astype(int)
        cv2.rectangle(thing, low.tolist(), high.tolist(), 1, -1)
    other = picture if other is None else other
    texture = np.roll(other, rng.integers(0, [height, width]), axis=(0, 1))
    if rng.uniform() < 0.5:
        texture = rng.uniform(0, 1, 3) * (0.7 + 0.6 * (texture - texture.mean()))
    mask = thing.astype(bool)
    picture[mask] = np.clip(texture[mask], 0, 1)
    return mask
