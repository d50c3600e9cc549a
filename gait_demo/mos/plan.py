"""Which clips a study shows: the walks, who anonymizes them, and for how many raters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gait_demo.mos.study import ANCHOR, RATERS, REFERENCE, Clip

NAME = "Naturalness of anonymized gaits"
FIRST_PERSON = 85  # the last forty people of CASIA-B are as many as the paper tests on
_ASIDE = (123, 124)  # walk in gold items and in the training trials only
_GOLD_ANSWERS = (2, 4)
_MOST_PRACTISED = 3  # methods, beside anchor and reference
_SEEDS = 10_000


@dataclass(frozen=True)
class StudyPlan:
    """
    Attributes:
        out: folder of the study.
        views: view angles in degrees.
        walkers: people, the same at every view.
        methods: who anonymizes all of these walks; besides, at every view one walk is shown as
            it was filmed, and one as the low anchor.
        per_rater: rated clips for each rater; None: all.
        raters: how many are wanted.
        seed: of the orders, and of the noise where the walkers do not exist; noise of real
            people's walks is never drawn again.
        made_with: for the record.
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
    """The clips that are wanted of every (person, view), with their labels but no file yet."""
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
