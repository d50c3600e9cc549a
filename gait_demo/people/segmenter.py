"""The interface of person segmenters, which find the people in a frame, and what they return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from gait_demo.imaging.boxes import iou
from gait_demo.imaging.resizing import scaling

LANDMARKS = 33  # BlazePose order
# indices of the landmarks that the program uses
NOSE, LEFT_EAR, RIGHT_EAR = 0, 7, 8
SHOULDERS, ELBOWS, WRISTS = (11, 12), (13, 14), (15, 16)
HIPS, KNEES, ANKLES = (23, 24), (25, 26), (27, 28)
HEELS, TOES = (29, 30), (31, 32)
MARGIN = 1.25  # half side of the square to read, in radii of the circle around the body
_SILHOUETTE_SIDE = 256  # pixels at which a silhouette is sampled before it is scaled down
# two detections show the same person if their trunks, or their noses, are at most this many body
# heights apart or, without landmarks, the IoU of their boxes is higher than this
_SAME_TRUNK, _SAME_NOSE, _SAME_BOX = 0.12, 0.04, 0.5
_REFUSED_SHARE = 0.5  # of a body's height, that a box shows which the landmark network refuses
_BOX_SIDE = 16  # pixels of a matte that is a whole box
_ENTANGLED = 0.2  # IoU of the boxes above which two people may be taken for each other


@dataclass(frozen=True)
class Matte:
    """A soft mask of one person, compressed.

    Attributes:
        to_frame: (2, 3) float64, affine transform from pixels of the mask to pixels of the frame;
            pixel centres lie at whole numbers.
        packed: the mask as PNG.
    """

    to_frame: np.ndarray
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, alpha: np.ndarray, to_frame: np.ndarray) -> Matte:
        """alpha: (h, w) float32 in [0, 1]."""
        levels = np.rint(255 * alpha).astype(np.uint8)
        ok, packed = cv2.imencode(".png", levels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not ok:
            raise ValueError(f"Matte: expected a mask (h, w) in [0, 1], got {alpha.shape}")
        return cls(np.asarray(to_frame, np.float64), packed.tobytes())

    def alpha(self) -> np.ndarray:
        """(h, w) float32 in [0, 1], in its own pixels."""
        return _unpacked(self.packed).astype(np.float32) / 255

    def at(self, points: np.ndarray) -> np.ndarray:
        """(n,) float32 in [0, 1]: the mask at points (n, 2) of the frame; 0 outside the mask."""
        to_mask = cv2.invertAffineTransform(self.to_frame)
        places = np.float32(points @ to_mask[:, :2].T + to_mask[:, 2])
        return cv2.remap(self.alpha(), places[None], None, cv2.INTER_LINEAR)[0]

    def moved(self, transform: np.ndarray) -> Matte:
        """The matte after an affine transform (2, 3) of the frame."""
        linear = np.vstack([self.to_frame, [0, 0, 1]])
        return Matte(transform @ linear, self.packed)

    def seen_through(self, transform: np.ndarray, side: int) -> np.ndarray:
        """(side, side) float32 in [0, 1]: the matte in a square image; the transform (2, 3) takes
        pixels of the frame to pixels of that image."""
        to_square = transform @ np.vstack([self.to_frame, [0, 0, 1]])
        return cv2.warpAffine(self.alpha(), to_square, (side, side), flags=cv2.INTER_LINEAR)

    def silhouette(self, square: np.ndarray, size: int) -> np.ndarray:
        """(size, size) float32 in [0, 1]: the matte in a square (x0, y0, x1, y1) of the frame,
        averaged over each pixel's area."""
        fold = max(1, _SILHOUETTE_SIDE // size)
        scale = size * fold / (square[2:] - square[:2])
        x, y = scale * (0.5 - square[:2]) - 0.5
        to_square = np.array([[scale[0], 0, x], [0, scale[1], y]])
        fine = self.seen_through(to_square, size * fold)
        return cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA)

    def drawn(self, x: int, y: int, w: int, h: int, scale: float = 1.0) -> np.ndarray:
        """(h, w) float32 in [0, 1]: the matte in a rectangle of the frame.

        Args:
            x, y, w, h: the rectangle, in pixels of the frame scaled by `scale`.
        """
        to_part = self.moved(scaling(scale)[:2]).to_frame - [[0, 0, x], [0, 0, y]]
        return cv2.warpAffine(self.alpha(), to_part, (w, h), flags=cv2.INTER_LINEAR)


@lru_cache(maxsize=32)  # each matte is used several times per frame
def _unpacked(packed: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_GRAYSCALE)


@dataclass(frozen=True)
class Detection:
    """One person in one frame.

    Attributes:
        box: (4,) float32, x0, y0, x1, y1 in pixels, tight around the matte within the frame.
        score: of a detector, in [0, 1]; 0 where the person was followed from another frame.
        presence: confidence of the landmark network, in [0, 1]; nan without that network, and where
            only a detector sees the person: the rest is then moved from a neighbouring frame. 0 in
            a box that the network refuses.
        landmarks: (33, 4) float32 in BlazePose order: x, y and depth in pixels (smaller is nearer),
            and visibility in [0, 1]; None without the landmark network.
        region: (2, 2) float32: centre, and middle of the upper side, of the square in which to look
            for the person in a neighbouring frame; None without the landmark network.
        matte: soft mask of the person.
        centre: x of the column that halves the matte's area.
        colours: (2, 3) float32, mean RGB of the trunk and of the thighs; None without the landmark
            network.
        whole: the matte with the pixels that were given to overlapping people; None: none were.
    """

    box: np.ndarray
    score: float
    presence: float
    landmarks: np.ndarray | None
    region: np.ndarray | None
    matte: Matte
    centre: float
    colours: np.ndarray | None = None
    whole: Matte | None = None

    def scored(self, score: float) -> Detection:
        """The same with this detector score, if it is higher than its own."""
        return replace(self, score=max(self.score, score))

    def resized(self, scale: float) -> Detection:
        """The same in pixels of the frame scaled by `scale`."""
        shift = (scale - 1) / 2  # pixel centres lie at whole numbers
        transform = scaling(scale)[:2]
        landmarks = self.landmarks
        if landmarks is not None:
            landmarks = landmarks * np.float32([scale, scale, scale, 1])
            landmarks += np.float32([shift, shift, 0, 0])
        return replace(
            self,
            box=self.box * np.float32(scale),
            landmarks=landmarks,
            region=None if self.region is None else self.region * np.float32(scale) + shift,
            matte=self.matte.moved(transform),
            whole=self.whole and self.whole.moved(transform),
            centre=scale * self.centre + shift,
        )

    def moved(self, shift: np.ndarray) -> Detection:
        """The detection moved by (2,) pixels, for a frame in which the person was not read: score 0
        and presence nan, or 0 if the network refuses them."""
        shift = np.float32(shift)
        transform = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        landmarks = self.landmarks
        if landmarks is not None:
            landmarks = landmarks + np.float32([*shift, 0, 0])
        return replace(
            self,
            box=self.box + np.tile(shift, 2),
            score=0.0,
            presence=0.0 if self.is_refused else np.nan,
            landmarks=landmarks,
            region=None if self.region is None else self.region + shift,
            matte=self.matte.moved(transform),
            whole=self.whole and self.whole.moved(transform),
            centre=self.centre + float(shift[0]),
        )

    def towards(self, other: Detection, share: float) -> Detection:
        """Interpolates to a detection of the same person in another frame; `share` is 0 for this
        frame, and 1 for the other."""
        nearer = self if share < 0.5 else other
        middle = (1 - share) * self.middle + share * other.middle
        moved = nearer.moved(middle - nearer.middle)
        landmarks, region = moved.landmarks, moved.region
        if self.landmarks is not None and other.landmarks is not None:
            landmarks = np.float32((1 - share) * self.landmarks + share * other.landmarks)
            region = np.float32((1 - share) * self.region + share * other.region)
        return replace(moved, presence=nearer.presence, landmarks=landmarks, region=region)

    @property
    def is_moved(self) -> bool:
        """Whether the detection was moved here from another frame."""
        return self.landmarks is not None and bool(np.isnan(self.presence))

    @classmethod
    def refused(cls, box: np.ndarray, score: float) -> Detection:
        """What a detector takes for a person in a box (4,), and the landmark network does not."""
        side = (box[2:] - box[:2]) / _BOX_SIDE
        to_frame = np.column_stack([np.diag(side), box[:2] + (side - 1) / 2])
        matte = Matte.of(np.ones((_BOX_SIDE, _BOX_SIDE), np.float32), to_frame)
        return cls(np.float32(box), score, 0.0, None, None, matte, float(box[[0, 2]].mean()))

    @property
    def is_refused(self) -> bool:
        """Whether the landmark network refuses what a detector takes for a person."""
        return self.landmarks is None and self.presence == 0

    @property
    def height(self) -> float:
        """Approximate height in pixels of the upright person, also if only a part of them is
        seen."""
        if self.region is None:
            tall = float(self.box[3] - self.box[1])
            return tall / _REFUSED_SHARE if self.is_refused else tall
        return float(2 * np.linalg.norm(self.region[1] - self.region[0]) / MARGIN)

    @property
    def middle(self) -> np.ndarray:
        """(2,) float32: the middle of the hips or, without landmarks, of the box."""
        return (self.box[:2] + self.box[2:]) / 2 if self.region is None else self.region[0]


def same_person(one: Detection, other: Detection) -> bool:
    """Whether two detections in one frame show the same person: their trunks, noses or, without
    landmarks, boxes coincide."""
    if one.landmarks is None or other.landmarks is None:
        return bool(iou(one.box, other.box) > _SAME_BOX)
    trunks = [detection.landmarks[[*SHOULDERS, *HIPS], :2] for detection in (one, other)]
    apart = np.linalg.norm(trunks[0] - trunks[1], axis=1).mean()
    noses = np.linalg.norm(one.landmarks[NOSE, :2] - other.landmarks[NOSE, :2])
    height = max(one.height, other.height)
    return bool(apart < _SAME_TRUNK * height or noses < _SAME_NOSE * height)


def are_entangled(one: Detection, other: Detection) -> bool:
    """Whether two people in one frame overlap so much that the square of one may show the other
    better."""
    return one is not other and bool(iou(one.box, other.box) > _ENTANGLED)


class PersonSegmenter(Protocol):
    """Finds people in a frame, and follows known people to a neighbouring frame."""

    def fresh(self) -> PersonSegmenter:
        """A segmenter with the same networks and no memory of earlier frames, for a new shot."""

    def __call__(
        self,
        rgb: np.ndarray,
        before: Sequence[Detection] = (),
        detect: bool = True,
        others: Sequence[Detection] = (),
    ) -> list[Detection]:
        """
        Args:
            rgb: (H, W, 3) uint8.
            before: people in a neighbouring frame, who are searched for near where they were.
            detect: whether to run the detectors on the whole frame for new people as well.
            others: people already known to be in this frame, who are not searched for.

        Returns:
            All people in the frame but the `others`, each once; also uncertain ones, and, if
            `detect`, those of whom only a box is known (`Detection.is_refused`).
        """
