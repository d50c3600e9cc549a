"""The networks of a run, built once and handed to the stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import torch

from gait_demo.anonymization.anonymizer import GaitAnonymizer, load
from gait_demo.errors import WeightsError
from gait_demo.models import build
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
        cnet: ready for inference.
        anonymizers: by name, those that are built so far.
        chosen: weights by the network's name, where the user has chosen them; the others are those
            that `weights.find` finds.
        files: of the networks that are built so far, by name.
        threads: in which the landmark networks compute.
    """

    cnet: CNet
    anonymizers: dict[str, GaitAnonymizer] = field(default_factory=dict)
    chosen: Mapping[str, Path] = field(default_factory=dict)
    files: dict[str, Weights] = field(default_factory=dict)
    threads: int = 2

    @classmethod
    def load(
        cls,
        chosen: Mapping[str, Path] | None = None,
        anonymizer: str = "anet",
        threads: int | None = None,
    ) -> Models:
        """Build the networks from files that the user has chosen, or from wherever `weights.find`
        finds them.

        Those that see people may have to come from a network: they are asked for now and waited
        for on first use; so are other anonymizers than the one named. From then on torch computes
        in one thread: the other cores decode and encode meanwhile, and sums come out the same
        however many cores there are. `threads`, if given, is the limit of the landmark networks
        and of OpenCV in this process.

        Raises:
            WeightsError: the anonymizer's or C-NET's weights are missing, or a file is unusable.
        """
        torch.set_num_threads(1)
        if threads is not None:
            cv2.setNumThreads(threads)
        ask_ahead()
        chosen = chosen or {}
        files = {name: find(name, chosen.get(name)) for name in (anonymizer, "cnet")}
        built = {anonymizer: load(anonymizer, files[anonymizer].path)}
        cnet = build.load(files["cnet"].path, "cnet")
        return cls(cnet, built, chosen, files, threads or cls.threads)

    def anonymizer(self, name: str) -> GaitAnonymizer:
        """One of `options.ANONYMIZERS`, found and built on first use.

        Raises:
            WeightsError: its weights are missing, not what they should be, or unusable.
        """
        if name not in self.anonymizers:
            self.anonymizers[name] = load(name, self._file(name).path)
        return self.anonymizers[name]

    def weights(self, anonymizer: str) -> tuple[Weights, ...]:
        """Every file of weights of a run with this anonymizer."""
        files, _ = self._landmark_files()
        return *(self._file(name) for name in (anonymizer, "cnet", "yolo")), *files

    @cached_property
    def detector(self) -> Detector:
        """The YOLO, found and built on first use.

        Raises:
            WeightsError: its weights are missing, not what they should be, or unusable.
        """
        return Detector.load(self._file("yolo").path)

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

    @cached_property
    def _landmark_segmenter(self) -> LandmarkSegmenter:
        files, _ = self._landmark_files()
        paths = (file.path for file in files)
        return LandmarkSegmenter(*paths, self.detector, threads=self.threads)

    def _file(self, name: str) -> Weights:
        if name not in self.files:
            self.files[name] = find(name, self.chosen.get(name))
        return self.files[name]

    def _landmark_files(self) -> tuple[tuple[Weights, ...], str | None]:
        try:
            return tuple(find(name, self.chosen.get(name)) for name in _LANDMARKS), None
        except WeightsError as error:
            if self.chosen.keys() & set(_LANDMARKS):
                raise
            return (), (
                "People were found by this project's own small detector alone, because the better "
                f"networks are not here: {error} Without them people may be missed and stay in "
                "clear, above all who sits, stands, or is small, and scenery may be taken for "
                "people."
            )
