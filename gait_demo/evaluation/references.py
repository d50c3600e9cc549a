"""People in a frame, and their masks, as found by two networks made elsewhere.

They are references to compare with, not the truth: only people on whom both networks agree count,
so that people who are hard to see do not, and a share found is of the clearer cases. Reflections
and people in pictures count if both networks take them for people.

NanoDet (RangiLyu/nanodet, nanodet_m_320.onnx, Apache-2.0) finds boxes: for each cell of three
grids a score by class, and to each side of the cell's middle a distance, as a distribution over
0 to 7 strides (generalised focal loss, arXiv 2006.04388). The landmark network of BlazePose
(MediaPipe, pose_landmark_full.tflite, Apache-2.0) reads a square around a box, and says whether it
shows a person, with a mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from gait_demo.errors import DataError
from gait_demo.imaging.boxes import bounds, iou

SCORE = 0.5  # minimum score of a box, and minimum presence for a mask
TALL_PX = 80  # minimum height in pixels of the video
_AGREEMENT = 0.6  # minimum IoU of a box with the box around its mask
_SAME_PERSON = 0.7  # share of the smaller of two masks inside the other
_SAME_BOX = 0.5  # IoU of two boxes of one person
_NEAR_BORDER = 0.02  # share of a tile: a box nearer to an inner border is cut by it

_BOX_FILE, _MASK_FILE = "nanodet_m_320.onnx", "pose_landmark_full.tflite"
_BOX_SIDE, _STRIDES = 320, (8, 16, 32)
_BOX_OUTPUTS = [f"{kind}_pred_stride_{n}" for n in _STRIDES for kind in ("cls", "dis")]
_MEAN_BGR, _STD_BGR = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
_PERSON = 0  # index among COCO's classes
_MASK_SIDE = 256
_MASK_OUTPUTS = ["Identity_1", "Identity_2"]  # presence, logits of the mask
_MARGIN = 1.25  # side of the square over the longer side of the box


@dataclass(frozen=True)
class People:
    """The people of the reference in one frame.

    Attributes:
        xyxy: (N, 4) float32 boxes in pixels.
        masks: (N, H, W) bool.
    """

    xyxy: np.ndarray
    masks: np.ndarray


class References:
    """The two networks, run by OpenCV."""

    def __init__(self, boxes: cv2.dnn.Net, masks: cv2.dnn.Net):
        self._boxes = boxes
        self._masks = masks

    @classmethod
    def load(cls, folder: Path) -> References:
        """
        Args:
            folder: holds nanodet_m_320.onnx and pose_landmark_full.tflite.

        Raises:
            DataError: a file is missing, or this version of OpenCV cannot read it.
        """
        for name in (_BOX_FILE, _MASK_FILE):
            if not (folder / name).is_file():
                raise DataError(f"{folder} holds no {name}: references need it.")
        try:
            boxes = cv2.dnn.readNetFromONNX(str(folder / _BOX_FILE))
            # OpenCV 5's new engine does not read this file
            masks = cv2.dnn.readNetFromTFLite(str(folder / _MASK_FILE), cv2.dnn.ENGINE_CLASSIC)
        except (AttributeError, cv2.error) as error:
            raise DataError(
                f"OpenCV {cv2.__version__} cannot read the reference networks; version 5 can."
            ) from error
        return cls(boxes, masks)

    def __call__(self, rgb: np.ndarray) -> People:
        """
        Args:
            rgb: (H, W, 3) uint8.
        """
        xyxy, masks = [], []
        for box in self._find(rgb):
            if box[3] - box[1] < TALL_PX:
                continue
            mask = self._mask(rgb, box)
            if mask is None or any(_overlap(mask, other) > _SAME_PERSON for other in masks):
                continue
            xyxy.append(box)
            masks.append(mask)
        shape = (len(masks), *rgb.shape[:2])
        return People(np.float32(xyxy).reshape(-1, 4), np.array(masks, bool).reshape(shape))

    def _find(self, rgb: np.ndarray) -> np.ndarray:
        """(N, 4): boxes found in the whole frame and in square tiles of it, the highest score
        first."""
        boxes, scores = [], []
        for x, y, tile in _tiles(rgb):
            h, w = tile.shape[:2]
            scale = _BOX_SIDE / max(h, w)
            outputs = self._run_boxes(tile, scale)
            found, score = decode(outputs[::2], outputs[1::2], SCORE)
            found /= scale
            near = _NEAR_BORDER * max(h, w)
            inner = np.array([x > 0, y > 0, x + w < rgb.shape[1], y + h < rgb.shape[0]])
            cut = inner & (np.abs(found - [0, 0, w, h]) < near)
            boxes.append((found + [x, y, x, y])[~cut.any(axis=1)])
            scores.append(score[~cut.any(axis=1)])
        height, width = rgb.shape[:2]
        boxes = np.concatenate(boxes).clip(0, [width, height, width, height])
        kept: list[int] = []
        for n in np.argsort(-np.concatenate(scores), kind="stable"):
            if not (iou(boxes[n], boxes[kept]) > _SAME_BOX).any():
                kept.append(n)
        return boxes[kept]

    def _run_boxes(self, tile: np.ndarray, scale: float) -> tuple[np.ndarray, ...]:
        h, w = (max(1, round(side * scale)) for side in tile.shape[:2])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        square = np.zeros((_BOX_SIDE, _BOX_SIDE, 3), np.float32)
        bgr = cv2.resize(tile, (w, h), interpolation=how)[..., ::-1]
        square[:h, :w] = (bgr - np.float32(_MEAN_BGR)) / np.float32(_STD_BGR)
        self._boxes.setInput(square.transpose(2, 0, 1)[None])
        return self._boxes.forward(_BOX_OUTPUTS)

    def _mask(self, rgb: np.ndarray, box: np.ndarray) -> np.ndarray | None:
        """(H, W) bool: the mask of the person in a box; None if none is found surely, or it does
        not fit the box."""
        scale = _MASK_SIDE / (_MARGIN * max(box[2:] - box[:2]))
        x, y = _MASK_SIDE / 2 - scale * (box[:2] + box[2:]) / 2
        to_square = np.array([[scale, 0, x], [0, scale, y]])
        square = cv2.warpAffine(rgb, to_square, (_MASK_SIDE, _MASK_SIDE))
        self._masks.setInput(square.transpose(2, 0, 1)[None] / np.float32(255))
        presence, logits = self._masks.forward(_MASK_OUTPUTS)
        if presence.item() < SCORE:
            return None
        back = {"flags": cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR, "borderValue": -1.0}
        logits = np.clip(logits[0, 0], -9, 9)  # otherwise single pixels outweigh their neighbours
        mask = cv2.warpAffine(logits, to_square, rgb.shape[1::-1], **back) > 0
        if not mask.any() or iou(box, bounds(mask)) < _AGREEMENT:
            return None
        return mask


def decode(
    scores: list[np.ndarray], distances: list[np.ndarray], least: float
) -> tuple[np.ndarray, np.ndarray]:
    """Decodes the people in NanoDet's outputs, which come grid by grid.

    Args:
        scores: (1, cells, classes) each, in [0, 1]; cells row by row.
        distances: (1, cells, 4 * 8) each, logits of 0 to 7 strides to the left, top, right and
            bottom.
        least: minimum score of a box.

    Returns:
        (N, 4) float64 boxes in pixels of the network's input, and (N,) their scores.
    """
    boxes, sure = [], []
    for score, distance, stride in zip(scores, distances, _STRIDES, strict=True):
        score = score[0, :, _PERSON]
        cells = np.flatnonzero(score >= least)
        row, column = np.divmod(cells, _BOX_SIDE // stride)
        middle = np.column_stack([column, row]) + 0.5
        logits = distance[0, cells].reshape(-1, 4, 8).astype(np.float64)
        share = np.exp(logits - logits.max(axis=2, keepdims=True))
        away = share @ np.arange(8) / share.sum(axis=2)
        boxes.append(stride * np.hstack([middle - away[:, :2], middle + away[:, 2:]]))
        sure.append(score[cells])
    return np.concatenate(boxes), np.concatenate(sure)


def _tiles(rgb: np.ndarray):
    """The whole frame, and squares that overlap by half along its longer side, each after its left
    and top in pixels."""
    yield 0, 0, rgb
    h, w = rgb.shape[:2]
    side = min(h, w)
    steps = -(-2 * (max(h, w) - side) // side)
    for start in np.linspace(0, max(h, w) - side, steps + 1).round().astype(int):
        x, y = (start, 0) if w > h else (0, start)
        yield x, y, rgb[y : y + side, x : x + side]


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    return np.count_nonzero(a & b) / min(np.count_nonzero(a), np.count_nonzero(b))
