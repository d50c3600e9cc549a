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
from gait_demo.people.faces import FaceDetector
from gait_demo.people.landmark_segmenter import LandmarkSegmenter
from gait_demo.people.segmenter import PersonSegmenter
from gait_demo.people.yolo import Detector, YoloSegmenter
from gait_demo.weights import FACE, PERSON, Weights, ask_ahead, find

_YOLO_ALONE = (
    "People were found by this project's own small detector alone, because the better networks are "
    "not here: {} Without them people may be missed and stay in clear, above all those who sit, "
    "stand, or are small, and parts of the scenery may be taken for people."
)
_NO_FACES = (
    "Faces of people who are not found as a whole, as in mirrors or behind things, stay in clear, "
    "because the network that looks for faces is not here: {}"
)


@dataclass(frozen=True)
class Models:
    """The networks of a run and the files they come from.

    Attributes:
        cnet: ready for inference.
        anonymizers: those built so far, by name.
        chosen: weights files that the user has chosen, by network; `weights.find` finds the others.
        files: weights files of the networks built so far, by network.
        threads: number of threads of the landmark networks.
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
        """Builds the anonymizer and C-NET, from files that the user has chosen or that
        `weights.find` finds. The networks that find people and faces are built on first use, as
        their weights may have to be downloaded; the download starts now, in the background.

        Side effects on this process: torch computes in one thread, because the other cores decode
        and encode meanwhile, and because results must not depend on the number of cores. `threads`,
        if given, also limits OpenCV.

        Args:
            chosen: weights files by network.
            anonymizer: one of `options.ANONYMIZERS`; others are built on first use.
            threads: number of threads of the landmark networks; None: two.

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
        """One of `options.ANONYMIZERS`, built on first use.

        Raises:
            WeightsError: its weights are missing, have a wrong sha256, or are unusable.
        """
        if name not in self.anonymizers:
            self.anonymizers[name] = load(name, self._file(name).path)
        return self.anonymizers[name]

    def weights(self, anonymizer: str) -> tuple[Weights, ...]:
        """All weights files of a run with this anonymizer."""
        return *self.drawing_weights(anonymizer), *self.finding_weights()

    def drawing_weights(self, anonymizer: str) -> tuple[Weights, ...]:
        """The weights files of the networks that make and colour new gaits."""
        return self._file(anonymizer), self._file("cnet")

    def finding_weights(self) -> tuple[Weights, ...]:
        """The weights files of the networks that find people and faces."""
        return self._file("yolo"), *self._released(*PERSON)[0], *self._released(FACE)[0]

    @cached_property
    def detector(self) -> Detector:
        """YOLO, built on first use.

        Raises:
            WeightsError: its weights are missing, have a wrong sha256, or are unusable.
        """
        return Detector.load(self._file("yolo").path)

    @property
    def segmenter(self) -> PersonSegmenter:
        """The segmenter that finds people: with the landmark network or, if its weights are
        missing, with YOLO alone.

        Raises:
            WeightsError: as for `detector`.
        """
        files, _ = self._released(*PERSON)
        return self._landmark_segmenter if files else YoloSegmenter(self.detector)

    @property
    def face_detector(self) -> FaceDetector | None:
        """The detector of faces; None if its weights are missing.

        Raises:
            WeightsError: a file that the user has chosen is unusable.
        """
        files, _ = self._released(FACE)
        return self._centerface if files else None

    @property
    def fallbacks(self) -> list[str]:
        """Warnings of networks that are missing, with the reason and the consequence."""
        _, landmarks = self._released(*PERSON)
        _, faces = self._released(FACE)
        return [
            consequence.format(reason)
            for consequence, reason in ((_YOLO_ALONE, landmarks), (_NO_FACES, faces))
            if reason
        ]

    @cached_property
    def _centerface(self) -> FaceDetector:
        ((file,), _) = self._released(FACE)
        return FaceDetector(file.path)

    @cached_property
    def _landmark_segmenter(self) -> LandmarkSegmenter:
        files, _ = self._released(*PERSON)
        poses, landmarks = (file.path for file in files)
        return LandmarkSegmenter(landmarks, poses, self.detector, threads=self.threads)

    def _file(self, name: str) -> Weights:
        if name not in self.files:
            self.files[name] = find(name, self.chosen.get(name))
        return self.files[name]

    def _released(self, *names: str) -> tuple[tuple[Weights, ...], str | None]:
        """The files of networks out of released packages; none, and the reason, if any of them is
        missing.

        Raises:
            WeightsError: the user has chosen a file, and one of them is unusable.
        """
        try:
            return tuple(find(name, self.chosen.get(name)) for name in names), None
        except WeightsError as error:
            if self.chosen.keys() & set(names):
                raise
            return (), str(error)
