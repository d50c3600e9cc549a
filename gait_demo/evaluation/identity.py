"""How well raw GEIs identify walkers by nearest neighbours, by view and condition."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from gait_demo.datasets.casia import CONDITIONS, VIEWS, CasiaB, Sequence
from gait_demo.errors import DataError
from gait_demo.evaluation.gei import gait_energy_image
from gait_demo.types import Progress, silent

GALLERY = ("nm-01", "nm-02", "nm-03", "nm-04")
PROBES = {"nm": ("nm-05", "nm-06"), "bg": ("bg-01", "bg-02"), "cl": ("cl-01", "cl-02")}


@dataclass(frozen=True)
class Geis:
    """GEIs of many sequences.

    Attributes:
        images: (N, 4096) float32.
        person, view: (N,) int; view in degrees.
        condition: (N,) str.
        missing: number of sequences of the protocol that are not there.
        problems: sentences about what the reader skipped in the others.
    """

    images: np.ndarray
    person: np.ndarray
    view: np.ndarray
    condition: np.ndarray
    missing: int
    problems: tuple[str, ...]

    def where(self, conditions: Collection[str], view: int) -> np.ndarray:
        """(M,) indices of the sequences under these conditions at this view."""
        return np.flatnonzero(np.isin(self.condition, list(conditions)) & (self.view == view))


def read_geis(data: CasiaB, on_progress: Progress = silent) -> Geis:
    """The GEIs of all sequences that are there.

    Raises:
        DataError: there are none.
    """
    kept: list[tuple[Sequence, np.ndarray]] = []
    problems: list[str] = []
    missing = 0
    sequences = data.sequences()
    for done, sequence in enumerate(sequences):
        on_progress("gei", done, len(sequences))
        seen = data.read(sequence)
        if not len(seen.numbers):
            missing += 1
            problems.extend(seen.problems[:-1])  # the last says that it is missing
            continue
        image = gait_energy_image(seen.masks)
        if image is not None:
            kept.append((sequence, image.ravel()))
        problems.extend(seen.problems)
    if not kept:
        raise DataError("No sequence shows anybody: check the folder of silhouettes.")
    found, images = zip(*kept, strict=True)
    return Geis(
        np.stack(images),
        np.array([s.person for s in found]),
        np.array([s.view for s in found]),
        np.array([s.condition for s in found]),
        missing,
        tuple(problems),
    )


def rank_1(geis: Geis, gallery: np.ndarray, probes: np.ndarray) -> float:
    """Share of the probes whose nearest gallery image is of the same person; indices (M,)."""
    a, b = geis.images[probes].astype(np.float64), geis.images[gallery].astype(np.float64)
    distance = (a * a).sum(1)[:, None] - 2 * a @ b.T + (b * b).sum(1)
    return float((geis.person[gallery[distance.argmin(1)]] == geis.person[probes]).mean())


def identity_report(geis: Geis) -> dict:
    """Rank-1 of each kind of probe against the nm gallery.

    Returns:
        by kind: "same_view" and "cross_view" (identical view excluded), means over views, None if
        there is nothing to compare, and "by_view", the same-view rates by view angle; people,
        chance, sequences, missing, and problems (number).
    """
    views = [view for view in VIEWS if len(geis.where(CONDITIONS, view))]
    report: dict = {
        "people": len(np.unique(geis.person)),
        "chance": round(1 / len(np.unique(geis.person)), 4),
        "sequences": len(geis.images),
        "missing": geis.missing,
        "problems": len(geis.problems),
    }
    for kind, conditions in PROBES.items():
        scores = {}
        for seen in views:
            for kept in views:
                probes, gallery = geis.where(conditions, seen), geis.where(GALLERY, kept)
                if len(probes) and len(gallery):
                    scores[seen, kept] = rank_1(geis, gallery, probes)
        same = {view: score for (view, other), score in scores.items() if view == other}
        cross = [score for (view, other), score in scores.items() if view != other]
        report[kind] = {
            "same_view": _mean(list(same.values())),
            "cross_view": _mean(cross),
            "by_view": {f"{view:03d}": round(score, 4) for view, score in same.items()},
        }
    return report


def _mean(scores: list[float]) -> float | None:
    return round(float(np.mean(scores)), 4) if scores else None
