"""The folder of a study that is being made."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from gait_demo.errors import StudyError
from gait_demo.mos.plan import StudyPlan
from gait_demo.mos.study import MANIFEST, Clip, Study
from gait_demo.video import VideoWriter, probe

_CRF = 22  # no visible artefacts; a third of the size of the writer's default


class Assembly:
    """Collects the clips of a study, under names that do not reveal their conditions.

    Raises:
        StudyError: the folder already holds a study.
    """

    def __init__(self, plan: StudyPlan):
        if (plan.out / MANIFEST).exists():
            raise StudyError(
                f"{plan.out} holds a study already: remove it or choose another folder."
            )
        self._plan = plan
        self._clips: list[Clip] = []
        self._count = 0
        self._folder = plan.out / ".part"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._film = self._folder / "film.mp4"

    def writer(self, width: int, height: int, fps: Fraction) -> VideoWriter:
        """A writer for a clip, without sound. Call `label` when the clip is complete."""
        return VideoWriter(self._film, width, height, fps, crf=_CRF, preset="slow")

    def label(self, labels: Clip) -> Clip:
        """The complete clip; file name, size and duration are filled in here."""
        info = probe(self._film)
        self._count += 1
        name = f"{self._count} {labels}".encode()
        digest = hashlib.sha256(name + self._film.read_bytes()).hexdigest()
        clip = replace(
            labels,
            file=f"{digest[:12]}.mp4",
            duration_s=round(float(info.duration_s), 3),
            width=info.width,
            height=info.height,
        )
        self._film.replace(self._folder / clip.file)
        return clip

    def add(self, clips: Iterable[Clip]) -> None:
        """Adds labelled clips to the study; others are left out."""
        for clip in clips:
            (self._folder / clip.file).replace(self._plan.out / clip.file)
            self._clips.append(clip)

    def finish(self) -> Study:
        """Writes the study and removes the temporary folder.

        Raises:
            StudyError: there are no clips to rate, or fewer than each rater should rate.
        """
        rated = sum(clip.role == "rated" for clip in self._clips)
        if not rated:
            raise StudyError("The study has no clips to rate.")
        plan = self._plan
        study = Study(
            plan.out,
            plan.name,
            tuple(sorted(self._clips, key=lambda clip: clip.id)),  # ids are hashes: a random order
            plan.per_rater or rated,
            plan.raters,
            plan.seed,
            made_with=plan.made_with,
        )
        study.save()
        shutil.rmtree(self._folder)
        return study
