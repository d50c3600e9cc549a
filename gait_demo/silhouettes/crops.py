"""The paper's silhouettes: squares as high as the person, resampled to 64x64; and their quality."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.imaging.boxes import bounds
from gait_demo.types import SILHOUETTE_SIZE, SilhouetteClip

_ONE_COMPONENT = 0.95  # QAGait: share of the foreground that its largest component must hold
# range of `spread` over synthetic walkers: `evaluate quality` on
# `synthesize casia --people 24 --conditions nm-01,bg-01,cl-01`
_SPREADS = (-0.58, -0.21)
_NEAR = 0.01  # QAGait: how far from a template's the spread may be
EMPTY = 0.03  # share of the square; a smaller foreground is no silhouette
_SIZE_WINDOW_S = 0.7  # more than half a stride: it contains the lowest foot and the highest head
_PATH_WINDOW_S = 0.3  # smoothing of the horizontal position
_NEAREST = 8  # frames at an end of a track from which its motion is extrapolated


def squares_from_boxes(xyxy: np.ndarray) -> np.ndarray:
    """The squares around people: as high as the box, with the same lower edge and middle.

    Args:
        xyxy: (T, 4) boxes from the top of the head to the feet, centred on the column that
            halves the silhouette.

    Returns:
        (T, 4) float32.
    """
    xyxy = np.asarray(xyxy, np.float32)
    middle, half = (xyxy[:, 0] + xyxy[:, 2]) / 2, (xyxy[:, 3] - xyxy[:, 1]) / 2
    return np.stack([middle - half, xyxy[:, 1], middle + half, xyxy[:, 3]], axis=1)


def box_around(mask: np.ndarray) -> np.ndarray:
    """The box of a whole silhouette, centred on the column that halves it.

    Args:
        mask: (H, W) bool or uint8, not empty.

    Returns:
        (4,) float32, for `squares_from_boxes`.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    mass = mask.sum(axis=0).cumsum()
    middle = np.searchsorted(mass, mass[-1] / 2) + 0.5
    half = max(middle - columns[0], columns[-1] + 1 - middle)
    return np.array([middle - half, rows[0], middle + half, rows[-1] + 1], np.float32)


def boxes_around(clip: SilhouetteClip) -> np.ndarray:
    """(T, 4) float32: the tightest box around each silhouette, in pixels of the video."""
    corners, cells = clip.squares[:, :2], np.diff(clip.squares[:, [0, 2]]) / SILHOUETTE_SIZE
    inside = np.stack([bounds(mask > 0.5) for mask in clip.masks])
    return np.tile(corners, 2) + cells * inside


def normalise(mask: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A square of a mask, resampled by area.

    Args:
        mask: (H, W), or (H, W, C), 0 to 1; outside it the square is filled with 0.
        square: (x0, y0, x1, y1) in pixels of the mask.

    Returns:
        (64, 64), or (64, 64, C), float32 in [0, 1].
    """
    return _resample(mask.astype(np.float32), square, cv2.BORDER_CONSTANT)


def crop_square(rgb: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A square of a frame as the input of C-NET; outside the frame its border is replicated.

    Args:
        rgb: (H, W, 3) uint8.
        square: (x0, y0, x1, y1) in pixels.

    Returns:
        (64, 64, 3) float32 in [0, 1].
    """
    x0, y0, x1, y1 = square
    h, w = rgb.shape[:2]
    left, top = max(0, int(x0) - 2), max(0, int(y0) - 2)
    part = rgb[top : min(h, int(y1) + 3), left : min(w, int(x1) + 3)]
    if part.size == 0:
        return np.zeros((SILHOUETTE_SIZE, SILHOUETTE_SIZE, 3), np.float32)
    square = np.array([x0 - left, y0 - top, x1 - left, y1 - top])
    return _resample(part, square, cv2.BORDER_REPLICATE).astype(np.float32) / 255


def steady_boxes(frames: np.ndarray, at: np.ndarray, extents: np.ndarray, fps: float) -> np.ndarray:
    """Boxes from head to feet that neither swing with the legs nor bob with the steps.

    Upper and lower edges are quantiles over more than half a stride. Between the frames in which
    the person is seen, boxes are interpolated; before and after them, they continue at the same
    velocity and size.

    Args:
        frames: (T,) indices of consecutive frames.
        at: (N,) those of them in which the person is seen, in rising order.
        extents: (N, 4) top, bottom, column that halves the silhouette, and half the width.
        fps: frames per second.

    Returns:
        (T, 4) float32 x0, y0, x1, y1.
    """
    size, way = _odd(_SIZE_WINDOW_S * fps), _odd(_PATH_WINDOW_S * fps)
    inner = frames[(frames >= at[0]) & (frames <= at[-1])]
    top, bottom, centre, reach = (np.interp(inner, at, line) for line in extents.T)
    top = _smoothed(_quantile(top, 0.25, size), size)
    height = np.maximum(_smoothed(_quantile(bottom, 0.75, size), size) - top, 2)
    reach = _smoothed(_quantile(reach, 0.9, size), size)
    height, reach = (np.interp(frames, inner, line) for line in (height, reach))
    top, centre = (_extended(frames, inner, line) for line in (top, _smoothed(centre, way)))
    bottom = top + height
    return np.column_stack([centre - reach, top, centre + reach, bottom]).astype(np.float32)


def clip_of(masks: np.ndarray, shown: np.ndarray, fps: float) -> SilhouetteClip:
    """The silhouettes of one person whose masks are known; see `person_parts`.

    Args:
        masks: (T, H, W) uint8, 0 or 1.
        shown: (T,) bool, True where the mask shows the person; at least once.
        fps: frames per second.

    Returns:
        The silhouettes from the first to the last frame that shows the person; empty ones in
        frames between that do not.
    """
    at = np.flatnonzero(shown)
    own = {int(n): person_parts(masks[n]) for n in at}
    boxes = np.stack([box_around(own[int(n)]) for n in at])
    centre = (boxes[:, 0] + boxes[:, 2]) / 2
    extents = np.column_stack([boxes[:, 1], boxes[:, 3], centre, boxes[:, 2] - centre])
    frames = np.arange(at[0], at[-1] + 1)
    squares = squares_from_boxes(steady_boxes(frames, at, extents, fps))
    empty = np.zeros((SILHOUETTE_SIZE, SILHOUETTE_SIZE), np.float32)
    images = [
        normalise(own[n], square) if n in own else empty
        for n, square in zip(frames.tolist(), squares, strict=True)
    ]
    return SilhouetteClip(1, int(frames[0]), np.stack(images), squares)


def is_good(mask: np.ndarray) -> bool:
    """QAGait's quality rule: whether a silhouette is one piece and its `spread` is a walker's.

    QAGait's second condition is 10^4 * cv2.matchShapes(silhouette, template, CONTOURS_MATCH_I2, 0)
    < 100 for at least one template. With images of 0 and 255, OpenCV skips all Hu moments but the
    first, as they are too small, so that the condition compares two spreads: their difference must
    be less than 0.01. The spreads of templates of all views and phases fill an interval; here it is
    that of the synthetic walkers.

    Args:
        mask: (64, 64) float32 in [0, 1].
    """
    if np.count_nonzero(mask > 0.5) < EMPTY * mask.size or not is_one_piece(mask):
        return False
    return _SPREADS[0] - _NEAR < spread(mask) < _SPREADS[1] + _NEAR


def is_one_piece(mask: np.ndarray) -> bool:
    """Whether the largest component has over 95 % of the foreground's area.

    Args:
        mask: (64, 64) float32 in [0, 1].
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    return len(areas) > 0 and bool(areas.max() > _ONE_COMPONENT * areas.sum())


def spread(mask: np.ndarray) -> float:
    """The logarithm to base 10 of the first Hu moment: the moment of inertia about the centre,
    divided by the squared area.

    Args:
        mask: (64, 64) float32 in [0, 1], not empty.
    """
    moments = cv2.moments((mask > 0.5).astype(np.uint8), binaryImage=True)
    return float(np.log10(moments["nu20"] + moments["nu02"]))


def person_parts(mask: np.ndarray) -> np.ndarray:
    """(H, W) uint8, 0 or 1: the largest component of a mask, and the components above, below or
    inside it, which may be parts of the same person; without those beside it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 2:  # nothing, or one piece
        return mask
    body = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, width = stats[body, cv2.CC_STAT_LEFT], stats[body, cv2.CC_STAT_WIDTH]
    starts = stats[:, cv2.CC_STAT_LEFT]
    ends = starts + stats[:, cv2.CC_STAT_WIDTH]
    shared = np.minimum(ends, left + width) - np.maximum(starts, left)
    keep = shared > 0.5 * (ends - starts)
    keep[0] = False
    return keep.astype(np.uint8)[labels]


def _extended(frames: np.ndarray, inner: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(T,) values known in the `inner` frames, linearly extrapolated at both ends."""
    result = np.interp(frames, inner, values)
    near = min(len(inner), _NEAREST)
    if near > 2:
        first, last = slice(None, near), slice(-near, None)
        for part, end, beyond in ((first, 0, frames < inner[0]), (last, -1, frames > inner[-1])):
            speed = np.polyfit(inner[part], values[part], 1)[0]
            result[beyond] = values[end] + speed * (frames[beyond] - inner[end])
    return result


def _quantile(values: np.ndarray, q: float, window: int) -> np.ndarray:
    padded = np.pad(values, window // 2, mode="edge")
    return np.quantile(np.lib.stride_tricks.sliding_window_view(padded, window), q, axis=1)


def _smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """A Hann-weighted moving mean. The ends are mirrored through the end points, so that a slope
    is kept."""
    half = min(window // 2, len(values) - 1)
    if half < 1:
        return values
    kernel = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(values, half, mode="reflect", reflect_type="odd")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _odd(value: float) -> int:
    return max(1, round(value)) | 1


def _resample(image: np.ndarray, square: np.ndarray, border: int) -> np.ndarray:
    """A square of an image at 64x64; each output pixel is the mean over its area in the square.

    The square is first sampled bilinearly, with a whole number of samples per output pixel.
    """
    x0, y0, x1, y1 = (float(v) for v in square)
    fold = max(1, int(np.ceil((y1 - y0) / SILHOUETTE_SIZE)))
    size = SILHOUETTE_SIZE * fold
    sx, sy = (x1 - x0) / size, (y1 - y0) / size
    to_image = np.array([[sx, 0, x0 + sx / 2 - 0.5], [0, sy, y0 + sy / 2 - 0.5]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    samples = cv2.warpAffine(image, to_image, (size, size), None, how, border)
    if fold == 1:
        return samples
    return cv2.resize(samples, (SILHOUETTE_SIZE, SILHOUETTE_SIZE), interpolation=cv2.INTER_AREA)
