"""How the background plate of a shot is made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np

from gait_demo.background.foreground import apply_gains, channel_gains, find_foreground
from gait_demo.background.inpainting import inpaint
from gait_demo.background.neighbours import Neighbour
from gait_demo.background.plate import NoPlate, Plate, working_scale
from gait_demo.background.registration import (
    Registration,
    image_corners,
    is_still,
    rescale,
    settle,
    steadied,
)
from gait_demo.errors import VideoError
from gait_demo.shrink import shrink_by
from gait_demo.structures import Frame

_TRACK_SIDE = 320  # longest side at which camera shake and motion are measured
_MOST_SAMPLES = 32
_SAMPLE_BYTES = 240_000_000  # of full frames held while the plate is made
_MOTION_LAG_S = Fraction(2, 5)  # in which a walker's limbs leave their place
_MOTION_LEVEL = 12  # grey levels
_STRIP_BYTES = 1_000_000  # sorted at a time, to stay in the cache
_LEAST_HOLE = 60  # working pixels: smaller holes are filled smoothly
_MIN_SEEN = 3  # samples that must show a background pixel


PeopleMask = Callable[[int], np.ndarray]


class BackgroundLearner:
    """Learns what is behind the people of one shot, frame by frame.

    Each frame is registered to the first; a bounded, even sample of frames is kept.
    """

    def __init__(self):
        self._registration: Registration | None = None
        self._transforms: list[np.ndarray] = []
        self._lost: list[bool] = []
        self._first = 0

    def offer(self, frame: Frame) -> None:
        """Takes the next frame of the shot."""
        if self._registration is None:
            self._first = frame.index
            self._scale = min(1.0, _TRACK_SIDE / max(frame.rgb.shape))
            self._samples = _Samples(frame.rgb.nbytes, frame.index)
        gray = cv2.cvtColor(shrink_by(frame.rgb, self._scale), cv2.COLOR_RGB2GRAY)
        if self._registration is None:
            self._registration = Registration(gray)
        transform = self._registration.follow(gray)
        self._transforms.append(rescale(transform, 1 / self._scale))
        self._lost.append(self._registration.is_lost)
        self._samples.offer(frame, gray, transform)

    def finish(self, people_mask: PeopleMask | None = None) -> Plate | NoPlate:
        """The plate: the median of those samples in which nothing moves, and nobody is, at the
        pixel; what is always covered is inpainted.

        Args:
            people_mask: says where people are, or may be, in the frame of an index, (h, w) uint8,
                0 or 255, at working resolution: these pixels never become background.

        Raises:
            VideoError: there was no frame.
        """
        if self._registration is None:
            raise VideoError("The video has no frames.")
        samples = self._samples.kept
        if self._registration.has_failed:
            motion = np.stack(self._transforms)
            motion[self._lost] = np.nan
            others = tuple(Neighbour.of(sample.index, sample.rgb) for sample in samples)
            return NoPlate(samples[0].rgb.shape[:2], motion, others, self._first)
        return _plate_of(samples, np.stack(self._transforms), people_mask, self._first)


class _Sample:
    """A frame that is kept, with small grey images of the moments before and after it."""

    def __init__(self, frame: Frame, gray: np.ndarray, before: np.ndarray):
        self.index, self.time, self.rgb = frame.index, frame.time, frame.rgb
        self.gray, self.before, self.after = gray, before, gray

    def motion(self) -> np.ndarray:
        """(h, w) uint8, 255 on whatever moved shortly before or after, in first-frame pixels."""
        moved = np.zeros_like(self.gray)
        for other in (self.before, self.after):
            gain = np.median(self.gray[::4, ::4] / np.maximum(other[::4, ::4], 1.0))
            other = cv2.convertScaleAbs(other, alpha=float(gain))
            above = cv2.subtract(self.gray, cv2.dilate(other, np.ones((3, 3), np.uint8)))
            below = cv2.subtract(cv2.erode(other, np.ones((3, 3), np.uint8)), self.gray)
            moved |= cv2.compare(cv2.max(above, below), _MOTION_LEVEL, cv2.CMP_GT)
        reach = max(3, max(moved.shape) // 12) | 1
        moved = cv2.morphologyEx(moved, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        moved = cv2.dilate(moved, np.ones((reach, reach), np.uint8))
        contours, _ = cv2.findContours(moved, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(moved, contours, -1, 255, cv2.FILLED)
        return cv2.erode(moved, np.ones((2 * reach // 3, 2 * reach // 3), np.uint8))


class _Samples:
    """An even sample of a clip of unknown length: when it is full, every second one goes."""

    def __init__(self, frame_bytes: int, first: int):
        self._first = first
        self._most = int(np.clip(_SAMPLE_BYTES // frame_bytes, 8, _MOST_SAMPLES))
        self._stride = 1
        self._recent: deque[tuple[Fraction, np.ndarray]] = deque()
        self.kept: list[_Sample] = []

    def offer(self, frame: Frame, gray: np.ndarray, transform: np.ndarray) -> None:
        gray = steadied(gray, transform, gray.shape)
        self._recent.append((frame.time, gray))
        while frame.time - self._recent[0][0] > _MOTION_LAG_S:
            self._recent.popleft()
        for sample in reversed(self.kept):
            if frame.time - sample.time > _MOTION_LAG_S:
                break
            sample.after = gray
        if (frame.index - self._first) % self._stride == 0:
            self.kept.append(_Sample(frame, gray, self._recent[0][1]))
        if len(self.kept) > self._most:
            self.kept = self.kept[::2]
            self._stride *= 2


def _plate_of(
    samples: list[_Sample],
    transforms: np.ndarray,
    people_mask: PeopleMask | None,
    first_frame: int,
) -> Plate:
    frame_shape = samples[0].rgb.shape[:2]
    scale = working_scale(frame_shape)
    transforms, canvas, to_first = _common_canvas(settle(transforms, frame_shape), frame_shape)
    few = min(_MIN_SEEN, len(samples))

    full, works, moving, hidden, people = [], [], [], [], []
    for sample in samples:
        transform = transforms[sample.index - first_frame]
        full.append(steadied(sample.rgb, transform, canvas))
        works.append(shrink_by(full[-1], scale))
        shape = works[-1].shape[:2]
        inside = np.full(frame_shape, 255, np.uint8)
        inside = steadied(inside, transform, canvas, cv2.BORDER_CONSTANT)
        inside = cv2.resize(inside, shape[::-1], interpolation=cv2.INTER_AREA)
        hidden.append(cv2.compare(inside, 255, cv2.CMP_LT))
        if people_mask is not None:
            here = cv2.dilate(people_mask(sample.index), np.ones((7, 7), np.uint8))
            to_work = rescale(transform, scale)
            here = steadied(here, to_work, shape, cv2.BORDER_CONSTANT)
            people.append(cv2.compare(here, 0, cv2.CMP_GT))  # no half values: these are counted
        motion = cv2.resize(sample.motion(), frame_shape[::-1], interpolation=cv2.INTER_NEAREST)
        motion = steadied(motion, to_first, canvas)
        motion = cv2.resize(motion, shape[::-1], interpolation=cv2.INTER_NEAREST)
        moving.append(cv2.compare(motion, 0, cv2.CMP_GT))

    for n, here in enumerate(people):
        hidden[n] |= here
    moving = [motion | hides for motion, hides in zip(moving, hidden, strict=True)]
    seen = _times_seen(moving)
    first = _median([work.copy() for work in works], moving)
    still = np.all([is_still(t) for t in transforms])
    noise = np.zeros(shape, np.float32)
    sure = np.where(seen >= few, 255, 0).astype(np.uint8)
    covered = []
    for image, work, motion, hides in zip(full, works, moving, hidden, strict=True):
        different = 255 * find_foreground(work, first, noise, shaking=not still)[0]
        different = cv2.dilate(different, np.ones((9, 9), np.uint8))
        covered.append((different & sure) | (motion & ~sure) | hides)
        gains = channel_gains(first, work)
        image[:] = apply_gains(image, gains)
        work[:] = apply_gains(work, gains)

    unseen = _times_seen(covered) < few
    rgb = _filled(_median(full, covered), unseen, np.max(people, axis=0) if people else None)
    work = shrink_by(rgb, scale)
    noise = _noise(works, covered, work, unseen)
    return Plate(rgb, work, noise, unseen, transforms, frame_shape, first_frame)


def _filled(rgb: np.ndarray, unseen: np.ndarray, people: np.ndarray | None) -> np.ndarray:
    """The plate without its holes: from patches where people hide it, smoothly where no frame
    reaches.

    Args:
        rgb: (H, W, 3) uint8; overwritten.
        unseen: (h, w) bool, where no sample shows it.
        people: (h, w) uint8, not 0 where people are in any of the samples.
    """
    hole = cv2.dilate(unseen.view(np.uint8), np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(hole)
    hidden = np.zeros(count, bool)
    if people is not None:
        hidden[np.unique(labels[people > 0])] = True
    hidden &= stats[:, cv2.CC_STAT_AREA] >= _LEAST_HOLE
    hidden[0] = False
    size = rgb.shape[1::-1]
    coarse = (hole > 0) & ~hidden[labels]
    fine = [
        cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        for mask in (coarse, *(labels == label for label in np.flatnonzero(hidden)))
    ]
    rgb = _smoothly_filled(rgb, fine[0])
    for n, own in enumerate(fine[1:], start=1):
        others = np.any([mask for m, mask in enumerate(fine) if m != n], axis=0)
        rgb = inpaint(rgb, own, forbidden=others)
    return rgb


def _smoothly_filled(rgb: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """As `inpaint`, from the nearest colours (Telea 2004), at a low resolution."""
    if not hole.any() or hole.all():
        return rgb
    scale = min(1.0, _TRACK_SIDE / max(rgb.shape))
    small = shrink_by(rgb, scale)
    mask = cv2.resize(hole.view(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    mask = cv2.dilate((mask > 0).view(np.uint8), np.ones((3, 3), np.uint8))
    filled = cv2.resize(cv2.inpaint(small, mask, 4, cv2.INPAINT_TELEA), rgb.shape[1::-1])
    return np.where(hole[..., None], filled, rgb)


def _common_canvas(
    transforms: np.ndarray, frame_shape: tuple[int, int]
) -> tuple[np.ndarray, tuple[int, int], np.ndarray]:
    """A canvas that holds what any frame shows.

    Returns:
        The transforms from canvas to frame pixels, the canvas's height and width, and the
        transform from the canvas to the pixels of the first frame.
    """
    if all(is_still(t) for t in transforms):
        return transforms, frame_shape, np.eye(3)
    corners = image_corners(frame_shape)
    reached = np.concatenate(
        [cv2.perspectiveTransform(corners, np.linalg.inv(t)) for t in transforms] + [corners]
    )[:, 0]
    left, top = np.floor(reached.min(axis=0))
    right, bottom = np.ceil(reached.max(axis=0))
    move = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]])
    return transforms @ move, (int(bottom - top), int(right - left)), move


def _times_seen(covered: list[np.ndarray]) -> np.ndarray:
    return np.sum([mask == 0 for mask in covered], axis=0)


def _noise(
    works: list[np.ndarray], covered: list[np.ndarray], plate: np.ndarray, unseen: np.ndarray
) -> np.ndarray:
    """(h, w) float32: median absolute deviation of brightness, smoothed; 0 where it is unseen."""
    base = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY)
    deviations = [cv2.absdiff(cv2.cvtColor(work, cv2.COLOR_RGB2GRAY), base) for work in works]
    noise = _median(deviations, covered).astype(np.float32)
    noise[unseen] = 0
    return cv2.blur(noise, (3, 3))


def _median(images: list[np.ndarray], covered: list[np.ndarray]) -> np.ndarray:
    """Median over the images where they are not covered; over all of them where all are.

    Covered values are sent to both ends of the order in turn, which leaves the middle in place.
    A sorting network over strips that fit the cache does the rest.

    Args:
        images: n of (H, W, 3) uint8; overwritten.
        covered: n of (h, w) uint8, 0 or 255, at any resolution.
    """
    height, width = images[0].shape[:2]
    everywhere = np.minimum.reduce(covered)
    to_high = np.zeros_like(everywhere)
    black, white = np.zeros_like(images[0]), np.full_like(images[0], 255)
    for image, mask in zip(images, covered, strict=True):
        mask = mask & ~everywhere
        for end, part in ((black, mask & ~to_high), (white, mask & to_high)):
            part = cv2.resize(part, (width, height), interpolation=cv2.INTER_NEAREST)
            cv2.copyTo(end, part, image)
        to_high ^= mask
    result = np.empty_like(images[0])
    pairs = _sorting_network(len(images))
    rows = max(1, _STRIP_BYTES // (len(images) * images[0][0].nbytes))
    for top in range(0, height, rows):
        strip = [image[top : top + rows] for image in images]
        for i, j in pairs:
            lower = np.minimum(strip[i], strip[j])
            np.maximum(strip[i], strip[j], out=strip[j])
            strip[i] = lower
        result[top : top + rows] = strip[len(strip) // 2]
    return result


def _sorting_network(n: int) -> list[tuple[int, int]]:
    """Batcher's merge-exchange network: the comparators that sort n values."""
    pairs, p = [], 1 << max(0, (n - 1).bit_length() - 1)
    top = p
    while p:
        q, r, d = top, 0, p
        while True:
            pairs += [(i, i + d) for i in range(n - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return pairs
