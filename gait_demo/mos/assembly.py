"""The folder of a study while it is being made: killed half-way, it goes on where it was."""

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

_CRF = 22  # nothing is to be seen of the coding; a third of the size of the writer's own choice


class Assembly:
    """Films clips under names of one's own, and in the end gives them names that say nothing.

    Raises:
        StudyError: the folder holds a study already, or cannot be written.
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
        self._folder = plan.out / f".part-{digest}"  # of this very plan
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudyError(f"{plan.out} cannot be written: {error.strerror}.") from error

    def has(self, name: str) -> bool:
        return self._labels(name).exists()

    def writer(self, name: str, width: int, height: int, fps: Fraction) -> VideoWriter:
        """For a clip, without sound; `label` ends it."""
        return VideoWriter(self._film(name), width, height, fps, crf=_CRF, preset="slow")

    def label(self, name: str, labels: Clip) -> None:
        """Say what a clip shows that was written completely; its file, size and duration are
        found here."""
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
        """Put a clip into the study that was labelled in this run or before."""
        clip = clip_of(json.loads(self._labels(name).read_text()))
        shutil.copyfile(self._film(name), self._plan.out / clip.file)
        self._clips.append(clip)

    def finish(self) -> Study:
        """
        Raises:
            StudyError: there is nothing to rate, or fewer clips than each rater should rate.
        """
        rated = sum(clip.role == "rated" for clip in self._clips)
        if not rated:
            raise StudyError("There is not one clip to be rated.")
        plan = self._plan
        study = Study(
            plan.out,
            plan.name,
            tuple(sorted(self._clips, key=lambda clip: clip.id)),  # an order that says nothing
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
