"""The networks of a run, built once and handed to the stages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from gait_demo.models import build
from gait_demo.models.anet import ANet
from gait_demo.models.cnet import CNet
from gait_demo.weights import Weights, find


@dataclass(frozen=True)
class Models:
    """The networks of a run and the files they came from.

    Attributes:
        anet, cnet: ready for inference.
        yolo: weights of the person detector; None: people are found by their motion.
        weights: every file of weights in use.
    """

    anet: ANet
    cnet: CNet
    yolo: Path | None
    weights: tuple[Weights, ...]

    @classmethod
    def load(
        cls, anet: Path | None = None, cnet: Path | None = None, yolo: Path | None = None
    ) -> Models:
        """Build the networks from explicit files, or from wherever `weights.find` finds them.

        From then on torch computes in one thread: the other cores decode and encode meanwhile,
        and sums come out the same however many cores there are.

        Raises:
            WeightsError: A-NET's or C-NET's weights are missing, or a file is unusable.
        """
        torch.set_num_threads(1)
        anet_file, cnet_file = find("anet", anet), find("cnet", cnet)
        yolo_file = find("yolo", yolo, required=False)
        return cls(
            anet=build.load(anet_file.path, "anet"),
            cnet=build.load(cnet_file.path, "cnet"),
            yolo=yolo_file.path if yolo_file else None,
            weights=tuple(file for file in (anet_file, cnet_file, yolo_file) if file),
        )
