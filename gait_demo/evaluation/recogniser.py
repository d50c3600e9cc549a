"""Training of the recogniser that checks the app's results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gait_demo.anonymization.anonymizer import load
from gait_demo.datasets.casia import CONDITIONS, CasiaB
from gait_demo.evaluation.attackers import Attacker, AttackerOptions
from gait_demo.evaluation.baselines import keyed, made_by
from gait_demo.evaluation.gaits import read_gaits
from gait_demo.evaluation.protocol import groups
from gait_demo.evaluation.readout import Crowd
from gait_demo.evaluation.secret import repeatable_secret
from gait_demo.types import Progress
from gait_demo.weights import find

_SHOWN = ("nm-01", "nm-02")  # conditions of the walks in the gallery


@dataclass(frozen=True)
class RecogniserOptions:
    """
    Attributes:
        data: CASIA-B, or data in its format.
        out: checkpoint to write.
        steps: of training.
        anet: weights of A-NET; None for the project's own.
        seed: of training, and of the anonymized walks.
    """

    data: Path
    out: Path
    steps: int
    anet: Path | None = None
    seed: int = 0


def train_recogniser(options: RecogniserOptions, on_progress: Progress) -> dict:
    """Trains on the people of the first group, clear and anonymized, and writes the recogniser with
    a gallery of the others; returns the summary of the training.

    Raises:
        DataError: the data cannot be used.
    """
    data, show = CasiaB(options.data), on_progress
    learnt, strangers = groups(data.people)
    walks, crowd = (
        read_gaits(data, data.sequences(people, conditions), show)
        for people, conditions in ((learnt, CONDITIONS), (strangers, _SHOWN))
    )
    anet = find("anet", options.anet)
    seeds = options.seed + np.arange(len(walks))
    noise = keyed(repeatable_secret(options.seed))
    made = walks.changed(made_by(load("anet", anet.path), noise), seeds, show)
    attacker = Attacker.train(
        walks.together(made), AttackerOptions("GaitBase", options.steps, seed=options.seed), show
    )
    summary = {
        "people": {"trained": len(learnt), "crowd": len(strangers)},
        "walks": {"clear": len(walks), "made": len(made), "crowd": len(crowd)},
        "anet": anet.sha256,
        "steps": options.steps,
    }
    Crowd.of(attacker, crowd).save(options.out, summary)
    return summary
