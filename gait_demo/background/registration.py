"""Camera motion: the registration of each frame of a shot to the first."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from gait_demo.imaging.resizing import scaling

_CELLS = (6, 8)  # rows and columns; corners are taken cell by cell, so that no person has most
_CORNERS_PER_CELL = 2
_MAX_SHIFT = 0.2  # share of the longest side: a larger shift is more than shaking
_FEWEST_CORNERS = 30  # with fewer the scene is bare, and the last transform is kept
_CORNER_STRENGTH = 2e-4  # least eigenvalue of a corner; sensor noise on a bare wall has less
_MIN_AGREEMENT = 0.25  # share of the corners that must follow one motion
_MAX_LOST = 0.25  # share of the frames that may go without such an agreement
_LARGEST_ZOOM = 2.0  # and its inverse: a larger zoom is taken for an error
_STILL_PX = 0.12  # median corner motion of a camera that stands still, in tracking pixels
_TRIPOD = 0.0012  # share of the longest side: a smaller shift over a clip is measurement noise


class Registration:
    """Registers the frames of a shot to the first.

    Lucas-Kanade tracking follows corners of the first frame or, once the camera has moved far from
    it, of a later one. RANSAC finds the similarity or homography that most of them agree on; a
    homography is exact for a camera that only rotates. Corners on people disagree and drop out.

    Attributes:
        is_lost: whether the motion of the last frame is not known.
    """

    def __init__(self, gray: np.ndarray):
        """gray: (h, w) uint8, the first frame at tracking resolution."""
        self._key = np.eye(3)  # pixels of the first frame to those of the frame with the corners
        self._frames = self._lost = 0
        self._far = self.is_lost = False
        self._follow_from(gray, _levelled(gray))

    def follow(self, gray: np.ndarray) -> np.ndarray:
        """Registers the next frame.

        Args:
            gray: (h, w) uint8, at tracking resolution.

        Returns:
            (3, 3) float64, pixels of the first frame to pixels of this one; the last transform if
            this frame cannot be registered.
        """
        self._frames += 1
        self.is_lost = self._far and len(self._corners) < _FEWEST_CORNERS
        if len(self._corners) < _FEWEST_CORNERS:
            return self._last @ self._key
        levelled = _levelled(gray)
        before = cv2.perspectiveTransform(self._corners, self._last).astype(np.float32)
        transform = self._motion_since(self._first, self._corners, before, levelled)
        if transform is None:  # much of the first frame is hidden: go on from the frame before
            transform = self._motion_since(self._previous, before, before, levelled)
        self.is_lost = transform is None or not _is_likely(transform, gray.shape)
        if self.is_lost:
            self._lost += 1
            return self._last @ self._key
        self._previous, self._last, whole = levelled, transform, transform @ self._key
        if largest_shift(transform, gray.shape) > _MAX_SHIFT * max(gray.shape):
            self._far = True
            self._key = whole
            self._follow_from(gray, levelled)
        return whole

    def _follow_from(self, gray: np.ndarray, levelled: np.ndarray) -> None:
        self._first = self._previous = levelled
        self._corners = _spread_corners(gray)
        self._last = np.eye(3)

    def _motion_since(
        self, image: np.ndarray, points: np.ndarray, guess: np.ndarray, gray: np.ndarray
    ) -> np.ndarray | None:
        """(3, 3): from the frame with the corners to `gray`; None if too few corners agree.

        Args:
            image, points: an earlier image, and the corners in it.
            guess: where to start the search for the corners in `gray`.
        """
        found, status, _ = cv2.calcOpticalFlowPyrLK(
            image, gray, points, guess.copy(), winSize=(15, 15), maxLevel=2,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.03),
        )  # fmt: skip
        tracked = status[:, 0] == 1
        start, end = self._corners[tracked], found[tracked]
        if len(start) > 0.5 * len(status) and _median_shift(start, end) < _STILL_PX:
            return np.eye(3)
        transform, agreeing = _common_motion(start, end)
        return transform if agreeing >= _MIN_AGREEMENT * len(self._corners) else None

    @property
    def has_failed(self) -> bool:
        """Whether the camera moved too far for a plate, or too many frames were not registered."""
        return self._far or self._lost > _MAX_LOST * self._frames


def settle(transforms: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The transforms, or identities if they are no more than measurement noise.

    Args:
        transforms: (T, 3, 3), between frames.
        shape: (height, width) of a frame.
    """
    shifts = [largest_shift(transform, shape) for transform in transforms]
    if np.quantile(shifts, 0.95) < max(0.6, _TRIPOD * max(shape)):
        return np.tile(np.eye(3), (len(transforms), 1, 1))
    return transforms


def rescale(transform: np.ndarray, scale: float) -> np.ndarray:
    """The same motion between images scaled by `scale`."""
    resize = scaling(scale)
    return resize @ transform @ np.linalg.inv(resize)


def is_still(transform: np.ndarray) -> bool:
    return np.array_equal(transform, np.eye(3))


def steadied(
    image: np.ndarray,
    transform: np.ndarray,
    shape: tuple[int, ...],
    border: int = cv2.BORDER_REPLICATE,
) -> np.ndarray:
    """A frame warped into the pixels of the plate, as a new array.

    Args:
        transform: (3, 3), pixels of the plate to pixels of the frame.
        shape: (height, width) of the plate.
        border: OpenCV's border mode outside the frame.
    """
    if is_still(transform) and image.shape[:2] == tuple(shape[:2]):
        return image.copy()
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(image, transform, shape[1::-1], None, how, border)


def largest_shift(transform: np.ndarray, shape: tuple[int, ...]) -> float:
    """Largest shift in x or y, in pixels, of the corners of an image of this shape."""
    corners = image_corners(shape)
    return float(np.abs(cv2.perspectiveTransform(corners, transform) - corners).max())


def image_corners(shape: tuple[int, ...]) -> np.ndarray:
    """(4, 1, 2) float32: x and y of the corners of an image."""
    h, w = shape[:2]
    return np.float32([[[0, 0]], [[w, 0]], [[0, h]], [[w, h]]])


def _common_motion(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, int]:
    """(3, 3): the motion that most corners agree on; and how many do.

    A similarity, for which few corners suffice; a homography if clearly more agree on one.
    """
    if len(start) < 6:
        return np.eye(3), 0
    similarity, inliers = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=1.2)
    if similarity is None:
        return np.eye(3), 0
    transform, agreeing = np.vstack([similarity, [0, 0, 1]]), int(inliers.sum())
    if len(start) >= 40 and agreeing < 0.9 * len(start):
        homography, inliers = cv2.findHomography(start, end, cv2.RANSAC, 1.2, None, 400, 0.99)
        if homography is not None and inliers.sum() > max(30, 1.1 * agreeing):
            return homography, int(inliers.sum())
    return transform, agreeing


def _is_likely(transform: np.ndarray, shape: tuple[int, int]) -> bool:
    """Whether a camera can move like this while the same corners are followed."""
    h, w = shape
    area = np.linalg.det(transform[:2, :2])
    nearer = transform[2] @ np.array([[0, w, 0, w], [0, 0, h, h], [1, 1, 1, 1]])
    return bool(_LARGEST_ZOOM**-2 < area < _LARGEST_ZOOM**2 and (nearer > 0.5).all())


def _median_shift(start: np.ndarray, end: np.ndarray) -> float:
    return float(np.median(np.linalg.norm(end - start, axis=2)))


def _levelled(gray: np.ndarray) -> np.ndarray:
    """The image with a fixed mean and contrast, as changes of exposure would look like motion."""
    mean, std = (float(v.item()) for v in cv2.meanStdDev(gray))
    gain = min(48 / max(std, 1e-3), 6.0)
    levels = gain * (np.arange(256) - mean) + 128
    return cv2.LUT(gray, np.clip(levels, 0, 255).astype(np.uint8))


def _spread_corners(gray: np.ndarray) -> np.ndarray:
    """(n, 1, 2) float32: the best corners of each cell that has any."""
    h, w = gray.shape
    ys = np.linspace(0, h, _CELLS[0] + 1).astype(int)
    xs = np.linspace(0, w, _CELLS[1] + 1).astype(int)
    strength = cv2.cornerMinEigenVal(gray, 5)
    corners = []
    for y0, y1 in pairwise(ys):
        for x0, x1 in pairwise(xs):
            if strength[y0:y1, x0:x1].max() > _CORNER_STRENGTH:
                cell = np.ascontiguousarray(gray[y0:y1, x0:x1])
                found = cv2.goodFeaturesToTrack(cell, _CORNERS_PER_CELL, 0.1, 5)
                corners += [] if found is None else [found + np.float32([x0, y0])]
    return np.concatenate(corners) if corners else np.zeros((0, 1, 2), np.float32)
