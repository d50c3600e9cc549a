"""Learning of the background plate of a shot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
from gait_demo.imaging.resizing import shrink_by
from gait_demo.types import Frame

_TRACK_SIDE = 320  # longest side at which camera shake and motion are measured
_MOST_SAMPLES = 32  # maximum number of frames of which a plate is made
_SAMPLE_BYTES = 240_000_000  # maximum size of these frames, unless eight need more
_STRIP_BYTES = 1_000_000  # size of the strips that are sorted, to stay in the cache
_LEAST_HOLE = 60  # working pixels: area below which holes are filled smoothly
_MIN_SEEN = 3  # minimum number of samples that show the background of a pixel
_DARK_GAIN = 2.0  # gain above which a dark sample is used only if ...
_LEAST_LIT = 8  # ... fewer than so many others remain
_LIT = 0.85  # quantile of the samples that is taken for a place without a shadow
SHADOW_REACH = 1.5  # heights around people in which their shadows may be
_MOST_SHADOW = 0.2  # share of these places: more is a change of light


PeopleMask = Callable[[int], np.ndarray]


class BackgroundLearner:
    """Learns the background of one shot, frame by frame.

    Each frame is registered to the first; a bounded number of evenly spaced frames is kept.
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
        self._samples.offer(frame)

    @property
    def camera_moves(self) -> bool:
        """Whether the camera moves too far for a plate, or could not be followed."""
        return self._registration is not None and self._registration.has_failed

    def finish(
        self, people_mask: PeopleMask | None = None, overlay: PeopleMask | None = None
    ) -> Plate | NoPlate:
        """The plate: at each pixel the median of the samples that show nobody there, or a higher
        quantile where that is in the shadow of people, inpainted where too few do; or `NoPlate` if
        `camera_moves`.

        Args:
            people_mask: gives for an index where people are or may be in the frame, (h, w) uint8,
                0 or 255, at working resolution: these pixels never become background.
            overlay: gives in the same way where overlays are, which do not move with the camera.

        Raises:
            VideoError: there was no frame.
        """
        if self._registration is None:
            raise VideoError("The video has no frames.")
        samples = self._samples.kept
        if self.camera_moves:
            motion = np.stack(self._transforms)
            motion[self._lost] = np.nan
            others = tuple(Neighbour.of(sample.index, sample.rgb) for sample in samples)
            return NoPlate(samples[0].rgb.shape[:2], motion, others, self._first)
        return _plate_of(samples, np.stack(self._transforms), people_mask, overlay, self._first)


class _Samples:
    """Evenly spaced frames of a clip of unknown length: whenever there are too many, every second
    one is dropped."""

    def __init__(self, frame_bytes: int, first: int):
        self._first = first
        self._most = int(np.clip(_SAMPLE_BYTES // frame_bytes, 8, _MOST_SAMPLES))
        self._stride = 1
        self.kept: list[Frame] = []

    def offer(self, frame: Frame) -> None:
        if (frame.index - self._first) % self._stride == 0:
            self.kept.append(frame)
        if len(self.kept) > self._most:
            self.kept = self.kept[::2]
            self._stride *= 2


def _plate_of(
    samples: list[Frame],
    transforms: np.ndarray,
    people_mask: PeopleMask | None,
    overlay: PeopleMask | None,
    first_frame: int,
) -> Plate:
    frame_shape = samples[0].rgb.shape[:2]
    scale = working_scale(frame_shape)
    transforms, canvas = _common_canvas(settle(transforms, frame_shape), frame_shape)

    full, works, covered, people, near = [], [], [], None, None
    for sample in samples:
        transform = transforms[sample.index - first_frame]
        full.append(steadied(sample.rgb, transform, canvas))
        works.append(shrink_by(full[-1], scale))
        if works[-1] is full[-1]:  # since it is changed in place
            works[-1] = full[-1].copy()
        shape = works[-1].shape[:2]
        inside = np.full(frame_shape, 255, np.uint8)
        inside = steadied(inside, transform, canvas, cv2.BORDER_CONSTANT)
        inside = cv2.resize(inside, shape[::-1], interpolation=cv2.INTER_AREA)
        covered.append(cv2.compare(inside, 255, cv2.CMP_LT))
        if people_mask is not None:
            here = cv2.dilate(people_mask(sample.index), np.ones((7, 7), np.uint8))
            here = steadied(here, rescale(transform, scale), shape, cv2.BORDER_CONSTANT)
            here = cv2.compare(here, 0, cv2.CMP_GT)  # partly covered pixels are covered
            people = here if people is None else people | here
            near = _shadow_region(here, near)
            covered[-1] |= here
        if overlay is not None and not is_still(transform):
            over = steadied(
                overlay(sample.index), rescale(transform, scale), shape, cv2.BORDER_CONSTANT
            )
            covered[-1] |= cv2.compare(over, 0, cv2.CMP_GT)

    _bring_to_one_light(full, works, covered)

    unseen = _times_seen(covered) < min(_MIN_SEEN, len(samples))
    rgb, lit = _quantiles(full, covered, (0.5, _LIT))
    noise = _noise(works, covered, shrink_by(rgb, scale), unseen)
    if near is not None:
        rgb, noise = _without_shadows(rgb, lit, noise, near & ~unseen.view(np.uint8))
    rgb = _filled(rgb, unseen, people)
    work = shrink_by(rgb, scale)
    return Plate(rgb, work, noise, unseen, transforms, frame_shape, first_frame)


def _shadow_region(people: np.ndarray, near: np.ndarray | None) -> np.ndarray:
    """(h, w) uint8, 0 or 1: where people's shadows may be, and what is `near` already.

    Args:
        people: (h, w) uint8, not 0 where people are.
    """
    near = np.zeros_like(people) if near is None else near
    for x, y, w, h, _ in cv2.connectedComponentsWithStats(people)[2][1:]:
        reach = round(SHADOW_REACH * h)
        near[max(0, y - reach) : y + h + reach, max(0, x - reach) : x + w + reach] = 1
    return near


def _without_shadows(
    rgb: np.ndarray, lit: np.ndarray, noise: np.ndarray, near: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A plate and its noise without the shadows of those who come towards the camera or go away:
    they lie on the same places for long, which are darker then than in some of the samples.

    Args:
        rgb, lit: (H, W, 3) uint8, the plate, and a brighter one of few samples.
        noise: (h, w) float32, at working resolution; higher where shadows come and go.
        near: (h, w) uint8, 0 or 1, where such shadows may be.
    """
    h, w = near.shape
    usual = np.minimum(noise, np.median(noise))
    dark, bright = (cv2.resize(one, (w, h), interpolation=cv2.INTER_AREA) for one in (rgb, lit))
    shadow = find_foreground(dark, bright, usual)[1] & near
    if not shadow.any() or shadow.sum() > _MOST_SHADOW * near.sum():
        return rgb, noise
    shadow = cv2.dilate(shadow, np.ones((7, 7)))
    weight = cv2.GaussianBlur(shadow.astype(np.float32), (0, 0), 1.5)
    weight = cv2.resize(weight, rgb.shape[1::-1])
    return cv2.blendLinear(lit, rgb, weight, 1 - weight), np.where(shadow > 0, usual, noise)


def _bring_to_one_light(
    full: list[np.ndarray], works: list[np.ndarray], covered: list[np.ndarray]
) -> None:
    """Brings all samples, in place, to the exposure of the one of median brightness. Those that are
    far darker, as in a fade, are covered if enough others remain, since mostly their noise grows.

    Args:
        full, works: samples, (H, W, 3) uint8, and at working resolution.
        covered: (h, w) uint8, 255 where a sample does not show the background.
    """
    usual = works[np.argsort([work.mean() for work in works])[(len(works) - 1) // 2]].copy()
    gains = [channel_gains(usual, work) for work in works]
    is_dark = [np.median(gain) > _DARK_GAIN for gain in gains]
    if len(works) - sum(is_dark) < _LEAST_LIT:
        is_dark = [False] * len(works)
    for image, work, cover, gain, dark in zip(full, works, covered, gains, is_dark, strict=True):
        image[:] = apply_gains(image, gain)
        work[:] = apply_gains(work, gain)
        if dark:
            cover[:] = 255


def _filled(rgb: np.ndarray, unseen: np.ndarray, people: np.ndarray | None) -> np.ndarray:
    """The plate with its holes filled: by patches where people hide the background, smoothly where
    no frame reaches and in small holes.

    Args:
        rgb: (H, W, 3) uint8; overwritten.
        unseen: (h, w) bool, where too few samples show the background.
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
    """Fills a hole, (H, W) bool, from the nearest colours (Telea 2004), at a low resolution."""
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
) -> tuple[np.ndarray, tuple[int, int]]:
    """A canvas that holds all of every frame.

    Returns:
        The transforms from canvas to frame pixels, and the canvas's height and width.
    """
    if all(is_still(t) for t in transforms):
        return transforms, frame_shape
    corners = image_corners(frame_shape)
    reached = np.concatenate(
        [cv2.perspectiveTransform(corners, np.linalg.inv(t)) for t in transforms] + [corners]
    )[:, 0]
    left, top = np.floor(reached.min(axis=0))
    right, bottom = np.ceil(reached.max(axis=0))
    move = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]])
    return transforms @ move, (int(bottom - top), int(right - left))


def _times_seen(covered: list[np.ndarray]) -> np.ndarray:
    """(h, w) int: number of samples that show the background."""
    return np.sum([mask == 0 for mask in covered], axis=0)


def _noise(
    works: list[np.ndarray], covered: list[np.ndarray], plate: np.ndarray, unseen: np.ndarray
) -> np.ndarray:
    """(h, w) float32: median absolute deviation of brightness, smoothed; 0 where `unseen`."""
    base = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY)
    deviations = [cv2.absdiff(cv2.cvtColor(work, cv2.COLOR_RGB2GRAY), base) for work in works]
    noise = _quantiles(deviations, covered, (0.5,))[0].astype(np.float32)
    noise[unseen] = 0
    return cv2.blur(noise, (3, 3))


def _quantiles(
    images: list[np.ndarray], covered: list[np.ndarray], shares: Sequence[float]
) -> list[np.ndarray]:
    """(H, W, 3) or (H, W) uint8 each: quantiles over the images that are not covered; over all
    where all are.

    Covered values become black and white in turn, below and above the others. A sorting network
    over strips that fit the cache takes about a tenth of the time of `np.partition`.

    Args:
        images: n of (H, W, 3) or (H, W) uint8; overwritten.
        covered: n of (h, w) uint8, 0 or 255, at any resolution.
        shares: of the quantiles, in [0, 1].
    """
    height, width = images[0].shape[:2]
    everywhere = np.minimum.reduce(covered)
    to_high, blacks = np.zeros((2, *everywhere.shape), np.uint8)
    seen = np.full_like(everywhere, len(images))
    black, white = np.zeros_like(images[0]), np.full_like(images[0], 255)
    for image, mask in zip(images, covered, strict=True):
        mask = mask & ~everywhere
        for end, part in ((black, mask & ~to_high), (white, mask & to_high)):
            part = cv2.resize(part, (width, height), interpolation=cv2.INTER_NEAREST)
            cv2.copyTo(end, part, image)
        blacks += (mask & ~to_high) > 0
        seen -= mask > 0
        to_high ^= mask
    places = [
        cv2.resize(
            (blacks + share * (seen - 1.0) + 0.5).astype(np.uint8), (width, height),
            interpolation=cv2.INTER_NEAREST,
        )
        for share in shares
    ]  # fmt: skip
    results = [np.empty_like(images[0]) for _ in shares]
    pairs = _sorting_network(len(images))
    rows = max(1, _STRIP_BYTES // (len(images) * images[0][0].nbytes))
    for top in range(0, height, rows):
        here = np.s_[top : top + rows]
        strip = [image[here] for image in images]
        for i, j in pairs:
            lower = np.minimum(strip[i], strip[j])
            np.maximum(strip[i], strip[j], out=strip[j])
            strip[i] = lower
        ordered = np.stack(strip)
        for result, place in zip(results, places, strict=True):
            index = place[here].reshape(1, *place[here].shape, *[1] * (ordered.ndim - 3))
            result[here] = np.take_along_axis(ordered, index, axis=0)[0]
    return results


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
