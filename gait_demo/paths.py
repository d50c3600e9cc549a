"""What was seen of each person, frame by frame, and the steady boxes it adds up to."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from .boxes import area, iou, overlap

_GAP_S = 0.5  # a person may stay lost for so long and still be the same
_HIDDEN_S = 1.5  # and so long behind, or in front of, another
_ESTABLISHED = 6  # frames seen whole and alone that make a person of a blob
_SIZE_WINDOW_S = 0.7  # more than half a stride: feet and head are seen whole within it
_SUDDEN = 4.0  # times its area, by which no person grows from one frame to the next
_MOST_BLOBS = 32  # a frame, the largest ones
_BORDER = 0.012  # of the width: nearer to it than that, a blob is cut by it
_PATH_WINDOW_S = 0.3  # smoothing of the way
_DOWN = 0.05  # heights a head must go down or up to tell how somebody grows with it
_GROWTH = 1.6  # times the usual height, at most, that is guessed
_NEAREST, _FEWEST = 8, 4  # looks, at least, that tell a speed best, and at all


@dataclass
class Blob:
    """Part of a person, or a whole one: box, and foreground pixels by column; None: only a box,
    where the person was not seen but must be."""

    xyxy: np.ndarray
    columns: np.ndarray | None = None

    @property
    def area(self) -> float:
        w, h = self.xyxy[2:] - self.xyxy[:2]
        return float(w * h) if self.columns is None else float(self.columns.sum())

    @property
    def centre(self) -> float:
        """The column that halves the mass, in pixels."""
        if self.columns is None:
            return float(self.xyxy[0] + self.xyxy[2]) / 2
        mass = np.cumsum(self.columns, dtype=np.float64)
        below = int(np.searchsorted(mass, mass[-1] / 2))
        before = mass[below - 1] if below else 0.0
        return self.xyxy[0] + below + (mass[-1] / 2 - before) / self.columns[below]


@dataclass
class Path:
    """A track in the making: what was seen of one person, frame by frame."""

    first_frame: int
    seen: list[Blob | None] = field(default_factory=list)  # None: lost
    sure: list[bool] = field(default_factory=list)  # seen whole and alone
    box: np.ndarray | None = None  # where the person should be next
    ended: bool = False
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))

    def add(self, blob: Blob | None, sure: bool) -> None:
        self.seen.append(blob)
        self.sure.append(sure)
        if blob is not None:
            if self.box is not None and sure:
                moved = _middle(blob.xyxy) - _middle(self.box - np.tile(self.velocity, 2))
                self.velocity = 0.8 * self.velocity + 0.2 * moved * [1, 0.3]
            self.box = blob.xyxy
        self.box = self.box + np.tile(self.velocity, 2)

    def may_own(self, blob: Blob) -> bool:
        """Whether a blob lies where the person should be and is no sudden giant."""
        smaller = min(area(blob.xyxy), area(self.box))
        if self.is_established and area(blob.xyxy) > _SUDDEN * area(self.box):
            return False
        return overlap(blob.xyxy, _grown(self.box)) > 0.5 * smaller

    @property
    def is_established(self) -> bool:
        return sum(self.sure) >= _ESTABLISHED

    @property
    def lost_for(self) -> int:
        return next((n for n, blob in enumerate(reversed(self.seen)) if blob), len(self.seen))

    @property
    def unsure_for(self) -> int:
        return next((n for n, sure in enumerate(reversed(self.sure)) if sure), len(self.sure))


class Follower:
    """Sorts the blobs of frame after frame into paths, one a person."""

    def __init__(self, fps: float):
        self._gap = max(2, round(_GAP_S * fps))
        self._longest_hidden = max(2, round(_HIDDEN_S * fps))
        self._frame = 0
        self._active: list[Path] = []
        self.paths: list[Path] = []  # all of them, once the last frame has been followed

    def follow(self, blobs: list[Blob], width: int) -> None:
        """Takes the blobs of the next frame, which is `width` pixels wide."""
        claims: list[list[Blob]] = [[] for _ in self._active]
        hidden = [False] * len(self._active)
        absorbed = [False] * len(self._active)  # a part that has grown into another's blob
        fresh = []
        for blob in blobs:
            hosts = [n for n, path in enumerate(self._active) if path.may_own(blob)]
            if not hosts:
                fresh.append(blob)
                continue
            best = max(hosts, key=lambda n: iou(blob.xyxy, self._active[n].box))
            held = [n for n in hosts if _holds(blob.xyxy, self._active[n].box)]
            people = [n for n in held if self._active[n].is_established]
            large = [n for n in people if area(self._active[n].box) > 0.35 * area(blob.xyxy)]
            if len(large) > 1:
                best = None  # they overlap: none of them owns it
            elif people and best not in people:
                best = people[0]
            for n in held:
                hidden[n] |= n in people and n != best
                absorbed[n] |= n not in people and n != best
            if best is not None:
                claims[best].append(blob)
        for n, path in enumerate(self._active):
            own, beside = _aligned(claims[n])
            fresh += beside
            if absorbed[n] and not own:
                path.ended = True
                continue
            if own and not hidden[n]:
                path.add(own, sure=is_inside(own, width))
            elif hidden[n] and path.unsure_for < self._longest_hidden:
                # goes on as before, until they part
                path.add(Blob(path.box.copy()), sure=False)
            else:
                path.add(None, sure=False)
        for blob in _people_of(fresh):
            path = Path(self._frame)
            path.add(blob, sure=is_inside(blob, width))
            self._active.append(path)
            self.paths.append(path)
        self._active = [p for p in self._active if p.lost_for <= self._gap and not p.ended]
        self._frame += 1


def find_blobs(mask: np.ndarray) -> list[Blob]:
    """The largest connected components of a mask, (h, w) uint8, 0 or 1."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    largest = 1 + np.argsort(-stats[1:count, cv2.CC_STAT_AREA], kind="stable")[:_MOST_BLOBS]
    blobs = []
    for label in largest:
        x, y, w, h, _ = stats[label]
        columns = np.count_nonzero(labels[y : y + h, x : x + w] == label, axis=0)
        blobs.append(Blob(np.array([x, y, x + w, y + h], np.float64), columns))
    return blobs


def smooth_boxes(
    path: Path, shape: tuple[int, int], fps: float
) -> tuple[np.ndarray, np.ndarray, slice]:
    """Steady boxes of a path, (T, 4), where the person was seen, (T,) bool, and what part of the
    path this is: that in which the person is in the picture, (h, w) = `shape`.

    Head and feet lines are quantiles over more than half a stride, so that a head or foot missed
    for some frames does not shrink the person. Frames in which the person is cut by the left or
    right border, or hidden by another, take them from the frames around; feet below the lower one
    are guessed. Before the first and after the last look the person is where prediction has them;
    they are gone when it has them beyond the left or right border or, if the lower one cuts them,
    their head below that.
    """
    seen = path.seen
    frames = np.arange(len(seen))
    found = np.array([blob is not None for blob in seen])
    sure = np.array(path.sure) & found
    height, width = shape
    if sure.sum() < max(3, 0.15 * found.sum()):
        sure = found
    boxes = np.stack([blob.xyxy for blob in seen if blob is not None])
    centres = np.array([blob.centre for blob in seen if blob is not None])
    trusted = sure[found]

    size, way = _odd(_SIZE_WINDOW_S * fps), _odd(_PATH_WINDOW_S * fps)
    at = frames[sure]
    top = np.interp(frames, at, boxes[trusted, 1])
    bottom = np.interp(frames, at, _feet(boxes[trusted], height))
    reach = np.maximum(centres - boxes[:, 0], boxes[:, 2] - centres)[trusted]
    top = _smoothed(_quantile(top, 0.25, size), size)
    bottom = _smoothed(_quantile(bottom, 0.75, size), size)
    reach = _smoothed(_quantile(np.interp(frames, at, reach), 0.9, size), size)
    centre = _extended(frames, at, centres[trusted], size)
    centre[found] = np.clip(centre[found], boxes[:, 2] - reach[found], boxes[:, 0] + reach[found])
    first, last = np.flatnonzero(found)[[0, -1]]
    beyond = (frames < first) | (frames > last)
    known = np.array([blob is not None and blob.columns is not None for blob in seen])
    known = known if known.any() else found
    shift = _extended(frames, frames[known], centre[known], size)
    centre[frames < first] = centre[first] + (shift - shift[first])[frames < first]
    centre[frames > last] = centre[last] + (shift - shift[last])[frames > last]
    centre = _smoothed(centre, way)
    head = _extended(frames, at, boxes[trusted, 1], size)
    below = np.where(frames < first, *(boxes[[0, -1], 3] > (1 - _BORDER) * height))
    outside = (centre + reach <= 0) | (centre - reach >= width) | (below & (head >= height))
    gone = beyond & outside
    begin = max(np.flatnonzero(gone & (frames < first)), default=-1) + 1
    end = min(np.flatnonzero(gone & (frames > last)), default=len(frames))
    there = slice(int(begin), int(end))
    xyxy = np.column_stack([centre - reach, top, centre + reach, bottom])
    return xyxy[there], found[there], there


def _feet(boxes: np.ndarray, height: int) -> np.ndarray:
    """(T,) where the feet of a person are, whose boxes are (T, 4). Where the lower border cuts
    these, the person is as much taller as the head is farther down, as on a floor in perspective;
    if it always does, how tall they are is not known."""
    head, tall = boxes[:, 1], boxes[:, 3] - boxes[:, 1]
    cut = boxes[:, 3] > (1 - _BORDER) * height
    if cut.all() or not cut.any():
        return boxes[:, 3]
    usual = np.median(tall[~cut])
    growth = 0.0
    if np.ptp(head[~cut]) > _DOWN * usual:
        growth = np.polyfit(head[~cut], tall[~cut], 1)[0]
    guessed = usual + growth * (head - np.median(head[~cut]))
    guessed = guessed.clip(usual / _GROWTH, usual * _GROWTH)
    return np.where(cut, np.maximum(boxes[:, 3], head + guessed), boxes[:, 3])


def _aligned(blobs: list[Blob]) -> tuple[Blob | None, list[Blob]]:
    """The largest blob joined with those above or below it, and those beside it."""
    if not blobs:
        return None, []
    main = max(blobs, key=lambda b: b.area)
    own, beside = [], []
    for blob in blobs:
        shared = min(blob.xyxy[2], main.xyxy[2]) - max(blob.xyxy[0], main.xyxy[0])
        (own if shared > 0.5 * (blob.xyxy[2] - blob.xyxy[0]) else beside).append(blob)
    return _joined(own), beside


def is_inside(blob: Blob, width: int) -> bool:
    """Whether neither the left nor the right border of the frame cuts the blob."""
    return blob.xyxy[0] > _BORDER * width and blob.xyxy[2] < width - _BORDER * width


def _holds(blob: np.ndarray, box: np.ndarray) -> bool:
    return overlap(blob, box) > 0.5 * area(box)


def _people_of(blobs: list[Blob]) -> list[Blob]:
    """Joins fragments that stand above one another: a head, a trunk, a leg."""
    people: list[Blob] = []
    for blob in sorted(blobs, key=lambda b: -b.area):
        for n, person in enumerate(people):
            a, b = person.xyxy, blob.xyxy
            beside = min(a[2], b[2]) - max(a[0], b[0])
            gap = max(a[1], b[1]) - min(a[3], b[3])
            if beside > 0.5 * min(a[2] - a[0], b[2] - b[0]) and gap < 0.3 * (a[3] - a[1]):
                people[n] = _joined([person, blob])
                break
        else:
            people.append(blob)
    return people


def _joined(blobs: list[Blob]) -> Blob:
    corners = np.stack([b.xyxy for b in blobs])
    xyxy = np.concatenate([corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)])
    columns = np.zeros(int(xyxy[2] - xyxy[0]), np.int64)
    for blob in blobs:
        start = int(blob.xyxy[0] - xyxy[0])
        columns[start : start + len(blob.columns)] += blob.columns
    return Blob(xyxy, columns)


def _middle(xyxy: np.ndarray) -> np.ndarray:
    return (xyxy[:2] + xyxy[2:]) / 2


def _grown(xyxy: np.ndarray) -> np.ndarray:
    height = xyxy[3] - xyxy[1]
    return xyxy + height * np.array([-0.12, -0.1, 0.12, 0.1])


def _extended(frames: np.ndarray, at: np.ndarray, values: np.ndarray, window: int) -> np.ndarray:
    """Interpolates, and goes on with the speed of the nearest window beyond both ends, or that of
    the nearest looks if these are fewer."""
    result = np.interp(frames, at, values)
    nearest = np.arange(len(at)) < _NEAREST
    for near, beyond in (
        (nearest | (at < at[0] + window), frames < at[0]),
        (nearest[::-1] | (at > at[-1] - window), frames > at[-1]),
    ):
        if beyond.any() and near.sum() >= _FEWEST:
            speed, start = np.polyfit(at[near], values[near], 1)
            result[beyond] = speed * frames[beyond] + start
    return result


def _quantile(values: np.ndarray, q: float, window: int) -> np.ndarray:
    padded = np.pad(values, window // 2, mode="edge")
    return np.quantile(np.lib.stride_tricks.sliding_window_view(padded, window), q, axis=1)


def _smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """Hann-weighted mean, without lag; mirrored through both ends, so that a slope stays one."""
    half = min(window // 2, len(values) - 1)
    if half < 1:
        return values
    kernel = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(values, half, mode="reflect", reflect_type="odd")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _odd(value: float) -> int:
    return max(1, round(value)) | 1
