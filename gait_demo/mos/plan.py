"""Planning a study: its walks, its methods, and the number of raters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gait_demo.mos.study import ANCHOR, RATERS, REFERENCE, Clip

NAME = "Naturalness of anonymized gaits"
FIRST_PERSON = 85  # the last forty people of CASIA-B, as many as the paper's test group
_ASIDE = (123, 124)  # people who appear only in gold items and training trials
_GOLD_ANSWERS = (2, 4)
_MOST_PRACTISED = 3  # maximum number of methods in the training, besides anchor and reference
_SEEDS = 10_000


@dataclass(frozen=True)
class StudyPlan:
    """What a study contains.

    Attributes:
        out: folder of the study.
        views: view angles in degrees.
        walkers: number of people, the same at every view.
        methods: each of them anonymizes all walks. In addition, one walk per view is shown as the
            original and as the low anchor.
        per_rater: number of rated clips for each rater; None: all.
        raters: number of raters wanted.
        seed: determines the order of the clips and, for synthetic walkers, the noise; noise for
            real people cannot be drawn again.
        name: of the study.
        made_with: what the clips are made of, for the record.
    """

    out: Path
    views: tuple[int, ...] = (0, 54, 90)
    walkers: int = 2
    methods: tuple[str, ...] = ("ours",)
    per_rater: int | None = None
    raters: int = RATERS
    seed: int = 0
    name: str = NAME
    made_with: dict = field(default_factory=dict)

    @classmethod
    def paper(cls, **changes) -> StudyPlan:
        """The paper's protocol (section IV-B): 20 raters, 60 clips each, from all view angles."""
        usual = {"views": tuple(range(0, 181, 18)), "walkers": 6, "per_rater": 60, "raters": 20}
        return cls(**usual | changes)


def walks_of(plan: StudyPlan) -> dict[tuple[int, int], list[Clip]]:
    """The clips to make, by (person, view), with their labels but not yet with files."""
    walks: dict[tuple[int, int], list[Clip]] = {}

    def want(person: int, view: int, method: str, **labels) -> None:
        drawn = np.random.default_rng([plan.seed, person, view]).integers(_SEEDS)
        seed = int(drawn) if method in plan.methods else None
        clip = Clip("-.mp4", 1, 1, 1, method=method, view=view, seed=seed, **labels)
        walks.setdefault((person, view), []).append(replace(clip, person=str(person)))

    for number, view in enumerate(plan.views):
        people = [FIRST_PERSON + walker for walker in range(plan.walkers)]
        for person in people:
            for method in plan.methods:
                want(person, view, method)
        shown = people[number % len(people)]
        want(shown, view, REFERENCE)
        want(shown, view, ANCHOR)
    middle = plan.views[len(plan.views) // 2]
    for person, answer in zip(_ASIDE, _GOLD_ANSWERS, strict=True):
        want(person, middle, REFERENCE, role="gold", expected=(answer,))
    for method in (ANCHOR, *plan.methods[:_MOST_PRACTISED], REFERENCE):  # the span of the scale
        want(_ASIDE[0], middle, method, role="training")
    return walks
