"""Faces of people whom no segmenter finds: mirror images, spectators, who films.

CenterFace (Xu et al. 2019) looks for faces in some frames. Those of nobody who was found are
followed from look to look, so that they can be hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.optimize import linear_sum_assignment

from gait_demo.errors import WeightsError
from gait_demo.imaging.runs import runs
from gait_demo.options import PeopleOptions
from gait_demo.people.person import Person

_MULTIPLE, _CELL = 32, 4  # pixels: of the image's sides, and of a cell of the outputs
_OUTPUTS = ("537", "538", "539", "540")  # scores, logarithms of sizes, offsets, landmarks
_SAME_FACE = 0.3  # IoU threshold of non-maximum suppression
# "heights" are heights of the face
_AROUND, _SQUARE_PX = 3.0, 96  # side of the square of the second reading: heights, and pixels
_FAINT = 0.05  # lowest score at the second reading
_SPEED = 8.0  # heights a second: maximum movement; walkers have about 7
_STAYS = 0.5  # heights: a face that has moved no farther is taken for the same after a longer time
_MISSED_S, _HIDDEN_S = 1.1, 5.0  # longest gaps of a face that moves, and of one that stays
_NEVER = 100.0  # in place of a squared distance: of faces that are not the same
_GROWTH = 1.6  # maximum factor of its height from look to look
_WIDER = 0.5  # share by which the disc is larger one look before the first and after the last sight
# heights: how far the middle of the head lies above that of the face, and the head's radius
_ABOVE, _RADIUS = 0.1, 0.85
_ON = 0.5  # matte level above which a face lies on a person


class FaceDetector:
    """Finds faces in single frames, also in profile and of a few pixels. Each is found in the whole
    frame and read again, enlarged: what only looks like a face from afar is told so."""

    def __init__(self, path: Path):
        """
        Raises:
            WeightsError: the file does not hold such a network.
        """
        # a network plans its work anew for every size of its image: one for each of two sizes
        self._find, self._reread = _CenterFace(path), _CenterFace(path)

    def __call__(self, rgb: np.ndarray, longest_px: int, least: float, sure: float) -> np.ndarray:
        """
        Args:
            rgb: (H, W, 3) uint8.
            longest_px: maximum longer side of the image in which faces are looked for.
            least: minimum score of a face there.
            sure: minimum score at the second reading.

        Returns:
            (N, 5) float32: x0, y0, x1, y1 in pixels, and the score of the second reading, in [0,
            1].
        """
        shape = np.array(rgb.shape[:2])
        scale = min(1.0, longest_px / shape.max())
        h, w = np.maximum(1, np.ceil(scale * shape / _MULTIPLE - 1e-6)).astype(int) * _MULTIPLE
        found = (self._again(rgb, face) for face in self._find(rgb, (int(w), int(h)), least))
        kept = [face for face in found if face is not None and face[4] >= sure]
        return np.float32(kept).reshape(-1, 5)

    def _again(self, rgb: np.ndarray, face: np.ndarray) -> np.ndarray | None:
        """(5,), the face as a square around it shows it; None if that shows none in the middle."""
        side = max(1, round(_AROUND * _height(face)))
        x, y = np.rint(_middle(face) - side / 2).astype(int)
        h, w = rgb.shape[:2]
        inner = rgb[max(0, y) : max(0, y + side), max(0, x) : max(0, x + side)]
        beyond = (max(0, -y), max(0, y + side - h), max(0, -x), max(0, x + side - w))
        if inner.size == 0:  # a tiny face beyond the border
            return None
        square = cv2.copyMakeBorder(inner, *beyond, cv2.BORDER_CONSTANT)
        for again in self._reread(square, (_SQUARE_PX, _SQUARE_PX), _FAINT):
            if np.abs(_middle(again) - side / 2).max() < side / (2 * _AROUND):
                return again + np.float32([x, y, x, y, 0])
        return None


class _CenterFace:
    def __init__(self, path: Path):
        try:
            self._network = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise WeightsError(f"{path} cannot be loaded by OpenCV: {error.err}") from error
        if tuple(self._network.getUnconnectedOutLayersNames()) != _OUTPUTS:
            raise WeightsError(f"{path} is another network than CenterFace.")
        self._lock = Lock()  # several runs may share the network

    def __call__(self, rgb: np.ndarray, size: tuple[int, int], least: float) -> np.ndarray:
        """(N, 5) float32: x0, y0, x1, y1 in pixels, and score, the highest first.

        Args:
            rgb: (H, W, 3) uint8.
            size: width and height to which it is scaled, multiples of 32.
            least: minimum score.
        """
        image = cv2.dnn.blobFromImage(rgb, size=size)
        with self._lock:
            self._network.setInput(image)
            scores, sizes, offsets, _ = (out[0].copy() for out in self._network.forward(_OUTPUTS))
        cells = np.argwhere(scores[0] >= least)
        if not len(cells):
            return np.empty((0, 5), np.float32)
        rows, columns = cells.T
        to_frame = np.array(rgb.shape[:2]) / size[::-1] * _CELL
        middles = (cells + offsets[:, rows, columns].T + 0.5) * to_frame
        sides = np.exp(sizes[:, rows, columns].T) * to_frame
        corners, found = (middles - sides / 2)[:, ::-1], scores[0, rows, columns]
        boxes = np.hstack([corners, sides[:, ::-1]])
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), found.tolist(), least, _SAME_FACE)
        boxes[:, 2:] += boxes[:, :2]
        return np.column_stack([boxes, found]).astype(np.float32)[np.ravel(kept).astype(int)]


@dataclass(frozen=True)
class UnknownFace:
    """A face that belongs to nobody who was found, followed through T frames.

    Attributes:
        first: index of the first frame.
        heads: (T, 3) float32, x, y and radius in pixels of a disc that covers the head.
        on_person: (T,) bool, whether it was last or next seen on the matte of somebody, as of a
            child who is carried; otherwise it is behind or beside people.
    """

    first: int
    heads: np.ndarray
    on_person: np.ndarray

    def head(self, index: int) -> np.ndarray | None:
        """(3,), the head in a frame of the clip; None outside the T frames."""
        n = index - self.first
        return self.heads[n] if 0 <= n < len(self.heads) else None

    def is_on_person(self, index: int) -> bool:
        n = index - self.first
        return bool(0 <= n < len(self.heads) and self.on_person[n])


class FaceFinder:
    """Looks for faces in a shot, whose frames come in order: in the first, the last, and some in
    between."""

    def __init__(self, detector: FaceDetector, fps: float, options: PeopleOptions):
        self._detector, self._options, self._fps = detector, options, fps
        self._step = max(1, round(options.look_every_s * fps))
        self._looks: dict[int, np.ndarray] = {}
        self._last: tuple[int, np.ndarray] | None = None

    def update(self, index: int, rgb: np.ndarray) -> None:
        """Processes the next frame, (H, W, 3) uint8; `index` is its index in the clip."""
        self._last = index, rgb
        if not self._looks or index - max(self._looks) >= self._step:
            self._look(index, rgb)

    def finish(self, people: Sequence[Person]) -> list[UnknownFace]:
        """The faces of the shot that belong to none of the people, in the order of their first
        frames: tracks of faces, in looks in which no person's head is where the face is, one look
        before and after them, and between two such looks."""
        if self._last is None:
            return []
        if self._last[0] not in self._looks:
            self._look(*self._last)
        unknown = {index: _unknown(faces, people, index) for index, faces in self._looks.items()}
        found = []
        for track in self._linked():
            faces = {index: self._looks[index][n] for index, n in track.items()}
            flags = np.array([unknown[index][n] for index, n in track.items()])
            if flags.any() and max(face[4] for face in faces.values()) >= self._options.sure_face:
                found += self._hidden(faces, flags, people)
        return sorted(found, key=lambda face: face.first)

    def _look(self, index: int, rgb: np.ndarray) -> None:
        options = self._options
        self._looks[index] = self._detector(
            rgb, options.face_px, options.face_score, options.likely_face
        )

    def _linked(self) -> list[dict[int, int]]:
        """All faces as tracks: their numbers, by frame index. As many as can be are joined to a
        track that the look before has, so that the sum of their squared distances is least; then,
        in the same way, those that are left to tracks that were missed since."""
        tracks: list[dict[int, int]] = []
        previous = -1
        for index, faces in self._looks.items():
            left = set(range(len(faces)))
            for was_missed in (False, True):
                goes_on = [track for track in tracks if (max(track) < previous) == was_missed]
                for track, n in self._joined(goes_on, index, sorted(left)):
                    track[index] = n
                    left.remove(n)
            tracks += [{index: n} for n in sorted(left)]
            previous = index
        return tracks

    def _joined(
        self, tracks: list[dict[int, int]], index: int, numbers: list[int]
    ) -> list[tuple[dict[int, int], int]]:
        """Tracks, and the numbers of the faces of a look that go on with them."""
        apart = np.full((len(tracks), len(numbers)), np.inf)
        for t, track in enumerate(tracks):
            last = max(track)
            face = self._looks[last][track[last]]
            apart[t] = [self._apart(last, face, index, self._looks[index][n]) for n in numbers]
        pairs = zip(*linear_sum_assignment(np.where(apart <= 1, apart**2, _NEVER)), strict=True)
        return [(tracks[t], numbers[n]) for t, n in pairs if apart[t, n] <= 1]

    def _apart(self, before: int, face: np.ndarray, after: int, other: np.ndarray) -> float:
        """How far two faces are apart, as a share of how far one may have moved from one frame to
        the other; infinite if their heights differ too much, or too much time lies between."""
        tall, high = (_height(one) for one in (face, other))
        moved = float(np.linalg.norm(_middle(other) - _middle(face))) / tall
        seconds = (after - before) / self._fps
        stays = moved <= _STAYS
        if not 1 / _GROWTH < high / tall < _GROWTH or seconds > (_HIDDEN_S if stays else _MISSED_S):
            return np.inf
        return moved / max(_STAYS, _SPEED * seconds)

    def _hidden(
        self, track: dict[int, np.ndarray], unknown: np.ndarray, people: Sequence[Person]
    ) -> list[UnknownFace]:
        """A face, by frame index, between frames in which it belongs to nobody, and one look before
        and after them; unknown (N,) bool tells which of the track's frames these are."""
        seen = np.array(list(track))
        heads = np.stack([_head_of(face) for face in track.values()])
        first = max(min(self._looks), int(seen[0]) - self._step)
        frames = np.arange(first, min(max(self._looks), int(seen[-1]) + self._step) + 1)
        places = np.tile(heads[:, :2], (len(frames), 1))
        if len(seen) > 1:
            places = make_interp_spline(seen, heads[:, :2], k=1)(frames)
        nearest = np.abs(frames[:, None] - seen).argmin(axis=1)
        away = np.abs(frames - frames.clip(seen[0], seen[-1])) / self._step
        radii = np.interp(frames, seen, heads[:, 2]) * (1 + _WIDER * away)
        on_person = np.array([
            any(_is_on(face, person, index) for person in people) for index, face in track.items()
        ])  # fmt: skip
        heads = np.column_stack([places, radii]).astype(np.float32)
        before = np.searchsorted(seen, frames, side="right").clip(1) - 1
        after = np.searchsorted(seen, frames).clip(max=len(seen) - 1)
        near = np.abs(frames[:, None] - seen[unknown]).min(axis=1) <= self._step
        return [
            UnknownFace(int(frames[start]), heads[start:end], on_person[nearest[start:end]])
            for start, end in runs(near | (unknown[before] & unknown[after]))
        ]


def _middle(face: np.ndarray) -> np.ndarray:
    """(2,) float32."""
    return (face[:2] + face[2:4]) / 2


def _height(face: np.ndarray) -> float:
    return float(face[3] - face[1])


def _head_of(face: np.ndarray) -> np.ndarray:
    tall = _height(face)
    return np.float32([*(_middle(face) - [0, _ABOVE * tall]), _RADIUS * tall])


def _unknown(faces: np.ndarray, people: Sequence[Person], index: int) -> np.ndarray:
    """(N,) bool: the faces (N, 5) of a frame but one for each person, the nearest to the middle of
    their head, and but those in a box that is removed."""
    unknown = np.ones(len(faces), bool)
    for person in people:
        n = person.position(index)
        if n is None or not (person.seen[n] or person.carried[n]):
            continue
        if person.is_refused:
            unknown &= np.array([not _is_on(face, person, index) for face in faces], bool)
            continue
        *head, radius = person.heads[n]
        apart = np.array([np.linalg.norm(_middle(face) - head) for face in faces])
        apart[~unknown] = np.inf
        if apart.min(initial=np.inf) < radius:
            unknown[apart.argmin()] = False
    return unknown


def _is_on(face: np.ndarray, person: Person, index: int) -> bool:
    """Whether a face in a frame lies on the matte of a person who is there."""
    n = person.position(index)
    if n is None or not (person.seen[n] or person.carried[n]):
        return False
    return bool(person.detections[n].matte.at(_middle(face)[None])[0] > _ON)
