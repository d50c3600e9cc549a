"""The networks of a run, built once and handed to the stages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from gait_demo.detector import Detector
from gait_demo.models import build
from gait_demo.models.anet import ANet
from gait_demo.models.cnet import CNet
from gait_demo.weights import Weights, ask_ahead, find


@dataclass(frozen=True)
class Models:
    """The networks of a run and the files they came from.

    Attributes:
        anet, cnet: ready for inference.
        files: their weights.
        yolo: weights of the person detector; None: those that `weights.find` finds.
    """

    anet: ANet
    cnet: CNet
    files: tuple[Weights, ...]
    yolo: Path | None = None

    @classmethod
    def load(
        cls, anet: Path | None = None, cnet: Path | None = None, yolo: Path | None = None
    ) -> Models:
        """Build the networks from explicit files, or from wherever `weights.find` finds them.

        The detector may have to come from the Hub: it is asked for now and waited for on first
        use. From then on torch computes in one thread: the other cores decode and encode
        meanwhile, and sums come out the same however many cores there are.

        Raises:
            WeightsError: A-NET's or C-NET's weights are missing, or a file is unusable.
        """
        torch.set_num_threads(1)
        if yolo is None:
            ask_ahead()
        files = find("anet", anet), find("cnet", cnet)
        return cls(
            build.load(files[0].path, "anet"), build.load(files[1].path, "cnet"), files, yolo
        )

    @cached_property
    def detector(self) -> Detector:
        """The person detector, found and built on first use.

        Raises:
            WeightsError: its weights are missing, not what they should be, or unusable.
        """
        return Detector.load(self._detector_file.path)

    @property
    def weights(self) -> tuple[Weights, ...]:
        """Every file of weights in use."""
        return *self.files, self._detector_file

    @cached_property
    def _detector_file(self) -> Weights:
        return find("yolo", self.yolo)
