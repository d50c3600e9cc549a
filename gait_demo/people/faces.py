"""Faces of people whom no segmenter finds: mirror images, spectators, who films.

CenterFace (Xu et al. 2019) looks for faces in the frames in which people are looked for. Faces that
belong to nobody who was found are followed from look to look, so that they can be hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from scipy.interpolate import make_interp_spline

from gait_demo.errors import WeightsError
from gait_demo.options import PeopleOptions
from gait_demo.people.person import Person

_MULTIPLE, _CELL = 32, 4  # pixels: of the image's sides, and of a cell of the outputs
_OUTPUTS = ("537", "538", "539", "540")  # scores, logarithms of sizes, offsets, landmarks
_SAME_FACE = 0.3  # IoU threshold of non-maximum suppression
_GAP_LOOKS = 2  # looks at which a face that is seen again may have been missed, plus one
_SPEED = 8.0  # heights of the face: maximum movement per second; runners have about 10 in a second
_GROWTH = 1.6  # maximum factor of its height from look to look
# heights of the face: how far the middle of the head lies above it, and the head's radius
_ABOVE, _RADIUS = 0.1, 0.85
_NEAR_HEAD = 1.5  # radii around the head of somebody known, within which a face is theirs
_INSIDE = 0.5  # matte level above which a pixel belongs to the person


class FaceDetector:
    """Finds faces in single frames, also in profile and of a few pixels."""

    def __init__(self, path: Path):
        """
        Raises:
            WeightsError: the file does not hold such a network.
        """
        try:
            self._network = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise WeightsError(f"{path} cannot be loaded by OpenCV: {error.err}") from error
        if tuple(self._network.getUnconnectedOutLayersNames()) != _OUTPUTS:
            raise WeightsError(f"{path} is another network than CenterFace.")
        self._lock = Lock()  # several runs may share the network

    def __call__(self, rgb: np.ndarray, longest_px: int, least: float) -> np.ndarray:
        """
        Args:
            rgb: (H, W, 3) uint8.
            longest_px: maximum longer side of the image that the network sees.
            least: minimum score of a face.

        Returns:
            (N, 5) float32: x0, y0, x1, y1 in pixels, and score in [0, 1], the highest first.
        """
        shape = np.array(rgb.shape[:2])
        scale = min(1.0, longest_px / shape.max())
        h, w = np.maximum(1, np.ceil(scale * shape / _MULTIPLE)).astype(int) * _MULTIPLE
        image = cv2.dnn.blobFromImage(rgb, size=(int(w), int(h)))
        with self._lock:
            self._network.setInput(image)
            scores, sizes, offsets, _ = (out[0].copy() for out in self._network.forward(_OUTPUTS))
        cells = np.argwhere(scores[0] >= least)
        if not len(cells):
            return np.empty((0, 5), np.float32)
        rows, columns = cells.T
        to_frame = shape / (h, w) * _CELL
        middles = (cells + offsets[:, rows, columns].T + 0.5) * to_frame
        sides = np.exp(sizes[:, rows, columns].T) * to_frame
        corners, found = (middles - sides / 2)[:, ::-1], scores[0, rows, columns]
        boxes = np.hstack([corners, sides[:, ::-1]])
        kept = np.ravel(cv2.dnn.NMSBoxes(boxes.tolist(), found.tolist(), least, _SAME_FACE))
        boxes[:, 2:] += boxes[:, :2]
        return np.column_stack([boxes, found]).astype(np.float32)[kept]


@dataclass(frozen=True)
class StrangeFace:
    """A face that belongs to nobody who was found, followed through T frames.

    Attributes:
        first: index of the first frame.
        heads: (T, 3) float32, x, y and radius in pixels of a disc that covers the head.
    """

    first: int
    heads: np.ndarray

    def head(self, index: int) -> np.ndarray | None:
        """(3,), the head in a frame of the clip; None outside the T frames."""
        n = index - self.first
        return self.heads[n] if 0 <= n < len(self.heads) else None


class FaceFinder:
    """Looks for faces in a shot, whose frames come in order."""

    def __init__(self, detector: FaceDetector, fps: float, options: PeopleOptions):
        self._detector, self._options = detector, options
        self._step = max(1, round(options.look_every_s * fps))
        self._speed = _SPEED / fps
        self._began: int | None = None
        self._end = 0
        self._looks: dict[int, np.ndarray] = {}

    def update(self, index: int, rgb: np.ndarray) -> None:
        """Processes the next frame, (H, W, 3) uint8; `index` is its index in the clip."""
        if self._began is None:
            self._began = index
        self._end = index + 1
        if (index - self._began) % self._step == 0:
            options = self._options
            self._looks[index] = self._detector(rgb, options.face_px, options.face_score)

    def finish(self, people: Sequence[Person]) -> list[StrangeFace]:
        """The faces of the shot that belong to none of the people, in the order of their first
        frames. Each is continued by one look before and after those that show it."""
        looks = {
            index: [face for face in faces if not any(_is_of(face, p, index) for p in people)]
            for index, faces in self._looks.items()
        }
        return [
            self._followed(track)
            for track in self._linked(looks)
            if sum(float(face[4]) for face in track.values()) >= self._options.sure_face
        ]

    def _linked(self, looks: Mapping[int, Sequence[np.ndarray]]) -> list[dict[int, np.ndarray]]:
        """The faces as tracks, by frame index; the nearest ones of different looks are joined."""
        tracks: list[dict[int, np.ndarray]] = []
        for index, faces in looks.items():
            open_tracks = [
                track for track in tracks if index - max(track) <= _GAP_LOOKS * self._step
            ]
            pairs = sorted(
                (apart, t, n)
                for t, track in enumerate(open_tracks)
                for n, face in enumerate(faces)
                if (apart := self._apart(max(track), track[max(track)], index, face)) <= 1
            )
            joined: set[int] = set()
            for _, t, n in pairs:
                if n not in joined and index not in open_tracks[t]:
                    open_tracks[t][index] = faces[n]
                    joined.add(n)
            tracks += [{index: face} for n, face in enumerate(faces) if n not in joined]
        return tracks

    def _apart(self, before: int, face: np.ndarray, after: int, other: np.ndarray) -> float:
        """How far two faces are apart, as a share of how far one may have moved from one frame to
        the other; infinite if their heights differ too much."""
        (*middle, tall), (*end, high) = (_middle_and_height(one) for one in (face, other))
        if not 1 / _GROWTH < high / tall < _GROWTH:
            return np.inf
        return float(np.hypot(*np.subtract(end, middle)) / (tall * self._speed * (after - before)))

    def _followed(self, track: dict[int, np.ndarray]) -> StrangeFace:
        seen = np.array(list(track))
        heads = np.stack([_head_of(face) for face in track.values()])
        first = max(self._began or 0, int(seen[0]) - self._step)
        frames = np.arange(first, min(self._end, int(seen[-1]) + self._step + 1))
        if len(seen) == 1:
            return StrangeFace(first, np.tile(heads, (len(frames), 1)))
        places = make_interp_spline(seen, heads[:, :2], k=1)(frames)
        radii = np.interp(frames, seen, heads[:, 2])
        return StrangeFace(first, np.column_stack([places, radii]).astype(np.float32))


def _middle_and_height(face: np.ndarray) -> tuple[float, float, float]:
    x0, y0, x1, y1 = (float(v) for v in face[:4])
    return (x0 + x1) / 2, (y0 + y1) / 2, y1 - y0


def _head_of(face: np.ndarray) -> np.ndarray:
    x, y, tall = _middle_and_height(face)
    return np.float32([x, y - _ABOVE * tall, _RADIUS * tall])


def _is_of(face: np.ndarray, person: Person, index: int) -> bool:
    """Whether a face in a frame belongs to a person: it is near their head, or in the part of the
    frame that is replaced for them."""
    n = person.position(index)
    if n is None or not person.seen[n] and not person.carried[n]:
        return False
    middle = np.float32([_middle_and_height(face)[:2]])
    x, y, radius = person.heads[n]
    if np.hypot(*(middle[0] - [x, y])) < _NEAR_HEAD * radius:
        return True
    is_replaced = person.is_refused or not person.keeps_pose[n]
    return bool(is_replaced and person.detections[n].matte.at(middle)[0] > _INSIDE)
