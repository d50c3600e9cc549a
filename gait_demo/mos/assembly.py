"""The folder of a study that is being made; an interrupted run can be continued."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

from gait_demo.errors import StudyError
from gait_demo.mos.plan import StudyPlan
from gait_demo.mos.study import MANIFEST, Clip, Study, clip_of
from gait_demo.video import VideoWriter, probe

_CRF = 22  # no visible artefacts; a third of the size of the writer's default


class Assembly:
    """Collects the clips of a study: first under names that the caller chooses, in the end under
    names that do not reveal their conditions.

    Raises:
        StudyError: the folder already holds a study, or cannot be written.
    """

    def __init__(self, plan: StudyPlan):
        if (plan.out / MANIFEST).exists():
            raise StudyError(
                f"{plan.out} holds a study already: remove it or choose another folder."
            )
        self._plan = plan
        self._clips: list[Clip] = []
        same = json.dumps(asdict(replace(plan, out=Path())), sort_keys=True, default=str)
        digest = hashlib.sha256(same.encode()).hexdigest()[:8]
        self._folder = plan.out / f".part-{digest}"  # only the same plan may continue it
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudyError(f"{plan.out} cannot be written: {error.strerror}.") from error

    def has(self, name: str) -> bool:
        return self._labels(name).exists()

    def writer(self, name: str, width: int, height: int, fps: Fraction) -> VideoWriter:
        """A writer for a clip, without sound. Call `label` when the clip is complete."""
        return VideoWriter(self._film(name), width, height, fps, crf=_CRF, preset="slow")

    def label(self, name: str, labels: Clip) -> None:
        """Stores the labels of a complete clip; file name, size and duration are filled in here."""
        info = probe(self._film(name))
        digest = hashlib.sha256(name.encode() + self._film(name).read_bytes()).hexdigest()
        clip = replace(
            labels,
            file=f"{digest[:12]}.mp4",
            duration_s=round(float(info.duration_s), 3),
            width=info.width,
            height=info.height,
        )
        self._labels(name).write_text(json.dumps(asdict(clip)))

    def add(self, name: str) -> None:
        """Adds a labelled clip, of this run or an interrupted one, to the study."""
        clip = clip_of(json.loads(self._labels(name).read_text()))
        shutil.copyfile(self._film(name), self._plan.out / clip.file)
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

    def _film(self, name: str) -> Path:
        return self._folder / f"{name}.mp4"

    def _labels(self, name: str) -> Path:
        return self._folder / f"{name}.json"
