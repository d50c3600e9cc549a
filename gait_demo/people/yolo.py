"""The person detector: a YOLO with instance masks, built and run by ultralytics.

The project's own network is a YOLOv8-nano with a narrower last stage, one class and fewer mask
prototypes. It is stored as safetensors, which cannot run code; a `.pt` file is a pickle, which can.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from gait_demo.errors import WeightsError
from gait_demo.imaging.resizing import scaling
from gait_demo.models.build import read_tensors, write_tensors
from gait_demo.options import PeopleOptions
from gait_demo.people.segmenter import Detection, Matte, same_person
from gait_demo.weights import publisher

os.environ.setdefault("YOLO_OFFLINE", "true")  # no update checks, no analytics
os.environ.setdefault("YOLO_AUTOINSTALL", "false")  # installs no packages by itself
os.environ.setdefault("YOLO_VERBOSE", "false")

_BASE = "yolov8n-seg.yaml"  # architecture file in the ultralytics package
_WIDEST = 512  # maximum channels, before the nano scaling; the original has 1024 for 80 classes
_PROTOTYPES = (32, 128)  # number of mask prototypes, and channels before the nano scaling
_PERSON = 0  # class index, in our network and in COCO's classes
_MOST = 50  # maximum number of people in one image
_LEAST = 0.1  # minimum score of a person in `YoloSegmenter`
_SAME_PERSON = 0.45  # IoU threshold of non-maximum suppression


@dataclass(frozen=True)
class Detections:
    """The people that the detector finds in one image.

    Attributes:
        xyxy: (N, 4) float32 boxes in pixels of the image.
        scores: (N,) float32 in [0, 1].
        masks: (N, H, W) uint8, 0 or 1.
    """

    xyxy: np.ndarray
    scores: np.ndarray
    masks: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)


class Detector:
    """Finds people in single images."""

    def __init__(self, yolo):
        self._yolo = yolo
        yolo.add_callback("on_predict_start", _skip_warmup)

    @classmethod
    def load(cls, path: Path) -> Detector:
        """
        Args:
            path: weights that this project made (.safetensors), or the publisher's .pt file.

        Raises:
            WeightsError: the file is missing, is a pickle other than the publisher's, or cannot be
                used by ultralytics.
        """
        if not path.is_file():
            raise WeightsError(f"The person-detector weights {path} do not exist.")
        from ultralytics import YOLO

        if path.suffix == ".safetensors":
            yolo = YOLO(_BASE, task="segment")
            yolo.model = load_network(path)
        else:
            publisher.check_file(path)
            try:
                yolo = YOLO(str(path))
                cls(yolo)(np.zeros((64, 64, 3), np.uint8), 64)
            except Exception as error:  # unpickling can raise anything
                raise WeightsError(
                    f"The person-detector weights {path} cannot be loaded by ultralytics: {error}"
                ) from error
        detector = cls(yolo)
        detector(np.zeros((64, 64, 3), np.uint8), 64)  # warm up: the first call takes seconds
        return detector

    def boxes(self, rgb: np.ndarray, size: int, least: float) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (N, 4) in pixels and scores (N,), float32; arguments as for `__call__`."""
        seen = self._predicted(rgb, size, least, masks=False)
        return seen.boxes.xyxy.float().numpy(), seen.boxes.conf.float().numpy()

    def __call__(self, rgb: np.ndarray, size: int, least: float = 0.1) -> Detections:
        """
        Args:
            rgb: (H, W, 3) uint8.
            size: longest side in pixels to which the image is scaled for the network.
            least: minimum score of a detection.
        """
        seen = self._predicted(rgb, size, least, masks=True)
        if seen.masks is None:
            empty = np.zeros(0, np.float32)
            return Detections(empty.reshape(0, 4), empty, np.zeros((0, *rgb.shape[:2]), np.uint8))
        return Detections(
            seen.boxes.xyxy.float().numpy(),
            seen.boxes.conf.float().numpy(),
            seen.masks.data.numpy().astype(np.uint8),
        )

    def _predicted(self, rgb: np.ndarray, size: int, least: float, masks: bool):
        bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        threads = torch.get_num_threads()
        try:
            return self._yolo.predict(
                bgr, imgsz=size, classes=[_PERSON], conf=least, retina_masks=masks, verbose=False,
                max_det=_MOST, iou=_SAME_PERSON,
                device="cpu",  # as for the other networks: the same result on every machine
            )[0]  # fmt: skip
        finally:
            if torch.get_num_threads() != threads:  # ultralytics sets the number of threads
                torch.set_num_threads(threads)


def _skip_warmup(predictor) -> None:
    """On a CPU all that ultralytics' own warm-up does is import torchvision for one function that
    it also has itself, which takes as long as importing torch."""
    predictor.done_warmup = True


def layers() -> dict:
    """The project's own architecture, in the form that ultralytics' SegmentationModel takes."""
    from ultralytics.nn.tasks import yaml_model_load

    base = yaml_model_load(_BASE)
    base["scales"] = {"n": [*base["scales"]["n"][:2], _WIDEST]}
    base["head"][-1][-1][1:] = _PROTOTYPES
    return {**base, "nc": 1}


def save_network(path: Path, network: torch.nn.Module, summary: dict) -> None:
    """Write weights as safetensors, with the architecture and a training summary."""
    dims = {key: value for key, value in network.yaml.items() if key != "yaml_file"}
    write_tensors(path, "yolo", network.state_dict(), dims, summary)


def load_network(path: Path) -> torch.nn.Module:
    """The network that `save_network` wrote, for inference.

    Raises:
        WeightsError: not a checkpoint of this project, or its tensors do not fit its architecture.
    """
    from ultralytics.nn.tasks import SegmentationModel

    tensors, metadata = read_tensors(path, "yolo")
    try:
        network = SegmentationModel(json.loads(metadata["dims"]), verbose=False)
        network.load_state_dict(tensors, strict=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"{path.name} does not fit this version of ultralytics or of the project; use the "
            "project's own checkpoints and requirements."
        ) from error
    network.names = {_PERSON: "person"}
    network = network.eval().requires_grad_(False).fuse(verbose=False)
    return network.to(memory_format=torch.channels_last)


class YoloSegmenter:
    """The fallback segmenter: YOLO alone, without landmarks. See `PersonSegmenter`.

    It searches every frame from scratch, whatever `detect` says, and follows nobody.
    """

    def __init__(self, detector: Detector, options: PeopleOptions | None = None):
        self._detector, self._options = detector, options or PeopleOptions()

    def fresh(self) -> YoloSegmenter:
        return self  # remembers nothing

    def __call__(
        self,
        rgb: np.ndarray,
        before: Sequence[Detection] = (),
        detect: bool = True,
        others: Sequence[Detection] = (),
    ) -> list[Detection]:
        size = self._options.detector_px
        scale = min(1.0, 2 * size / max(rgb.shape))
        image = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        seen = self._detector(image, size, _LEAST)
        found = [
            _detection(float(score), mask, scale)
            for score, mask in zip(seen.scores, seen.masks, strict=True)
            if mask.any()
        ]
        found = [
            person for person in found if not any(same_person(person, other) for other in others)
        ]
        if detect:
            return found
        return [person for person in found if any(same_person(person, known) for known in before)]


def _detection(score: float, mask: np.ndarray, scale: float) -> Detection:
    x, y, w, h = cv2.boundingRect(mask)
    part = mask[y : y + h, x : x + w].astype(np.float32)
    to_frame = scaling(1 / scale)[:2] @ [[1, 0, x], [0, 1, y], [0, 0, 1]]
    mass = part.sum(axis=0).cumsum()
    centre = (x + np.searchsorted(mass, mass[-1] / 2) + 0.5) / scale
    corners = np.float32([x, y, x + w, y + h]) / np.float32(scale)
    return Detection(corners, score, np.nan, None, None, Matte.of(part, to_frame), float(centre))
