"""The networks of a run, built once and handed to the stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from gait_demo.errors import WeightsError
from gait_demo.models import build
from gait_demo.models.anet import ANet
from gait_demo.models.cnet import CNet
from gait_demo.people.landmark_segmenter import LandmarkSegmenter
from gait_demo.people.segmenter import PersonSegmenter
from gait_demo.people.yolo import Detector, YoloSegmenter
from gait_demo.weights import Weights, ask_ahead, find

_LANDMARKS = ("pose_landmark", "pose_detection")


@dataclass(frozen=True)
class Models:
    """The networks of a run and the files they came from.

    Attributes:
        anet, cnet: ready for inference.
        files: their weights.
        people: weights of the person networks by name, "yolo", "pose_landmark", "pose_detection",
            where the user has chosen them; the others are those that `weights.find` finds.
    """

    anet: ANet
    cnet: CNet
    files: tuple[Weights, ...]
    people: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        anet: Path | None = None,
        cnet: Path | None = None,
        people: Mapping[str, Path] | None = None,
    ) -> Models:
        """Build the networks from explicit files, or from wherever `weights.find` finds them.

        Those that see people may have to come from a network: they are asked for now and waited
        for on first use. From then on torch computes in one thread: the other cores decode and
        encode meanwhile, and sums come out the same however many cores there are.

        Raises:
            WeightsError: A-NET's or C-NET's weights are missing, or a file is unusable.
        """
        torch.set_num_threads(1)
        ask_ahead()
        files = find("anet", anet), find("cnet", cnet)
        return cls(
            build.load(files[0].path, "anet"),
            build.load(files[1].path, "cnet"),
            files,
            people or {},
        )

    @cached_property
    def detector(self) -> Detector:
        """The YOLO, found and built on first use.

        Raises:
            WeightsError: its weights are missing, not what they should be, or unusable.
        """
        return Detector.load(self._yolo.path)

    @property
    def segmenter(self) -> PersonSegmenter:
        """What finds people: the landmark network or, while its weights cannot be had, the YOLO
        alone.

        Raises:
            WeightsError: as for `detector`.
        """
        files, _ = self._landmark_files()
        return self._landmark_segmenter if files else YoloSegmenter(self.detector)

    @property
    def fallback(self) -> str | None:
        """Why people are found by the YOLO alone, and what that costs; None if they are not."""
        _, why = self._landmark_files()
        return why

    @property
    def weights(self) -> tuple[Weights, ...]:
        """Every file of weights in use."""
        files, _ = self._landmark_files()
        return *self.files, self._yolo, *files

    @cached_property
    def _yolo(self) -> Weights:
        return find("yolo", self.people.get("yolo"))

    @cached_property
    def _landmark_segmenter(self) -> LandmarkSegmenter:
        files, _ = self._landmark_files()
        return LandmarkSegmenter(*(file.path for file in files), self.detector)

    def _landmark_files(self) -> tuple[tuple[Weights, ...], str | None]:
        try:
            return tuple(find(name, self.people.get(name)) for name in _LANDMARKS), None
        except WeightsError as error:
            if self.people.keys() & set(_LANDMARKS):
                raise
            return (), (
                "People were found by this project's own small detector alone, because the better "
                f"networks are not here: {error} Without them people may be missed and stay in "
                "clear, above all who sits, stands, or is small, and scenery may be taken for "
                "people."
            )
