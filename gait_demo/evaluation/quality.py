"""Sorts sequences by the quality of their silhouettes: low (the paper's subset 1) or high (2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gait_demo.datasets.casia import VIEWS, CasiaB, Sequence, Silhouettes
from gait_demo.errors import DataError
from gait_demo.evaluation.gei import aligned
from gait_demo.silhouettes.crops import is_good, is_one_piece, spread
from gait_demo.types import Progress, silent

KINDS = ("nm", "bg", "cl")
LOW, HIGH = 1, 2
_MOST_POOR = 0.10  # maximum share of poor frames of a sequence in subset 2


@dataclass(frozen=True)
class Quality:
    """Quality of the silhouettes of a sequence, from the first to the last that shows a person.

    The paper sorts sequences into subset 1, of low quality, and subset 2, of high quality, but
    does not say where one ends. Here a sequence belongs to subset 1 if more than 10 % of its
    frames are poor; frames that are missing or empty in between are poor.

    Attributes:
        sequence: the sequence.
        frames: number of frames, including missing ones; 0 if none shows a person.
        good: number of good frames.
        broken: number of frames that show a person in more than one piece.
        spreads: lowest and highest spread of the silhouettes that are in one piece and away from
            the picture's border; empty if there are none.
    """

    sequence: Sequence
    frames: int
    good: int
    broken: int
    spreads: tuple[float, ...]

    @property
    def subset(self) -> int:
        return LOW if self.good < (1 - _MOST_POOR) * self.frames else HIGH


def rate_sequence(seen: Silhouettes) -> Quality:
    """Judges a sequence frame by frame, each cropped as by recognisers."""
    frames = [aligned(mask) for mask in seen.masks]
    shown = [n for n, frame in enumerate(frames) if frame is not None]
    if not shown:
        return Quality(seen.sequence, 0, 0, 0, ())
    whole = [n for n in shown if is_one_piece(frames[n])]
    spreads = [spread(frames[n]) for n in whole if not _touches_border(seen.masks[n])]
    return Quality(
        seen.sequence,
        frames=int(seen.numbers[shown[-1]] - seen.numbers[shown[0]]) + 1,
        good=sum(is_good(frames[n]) for n in whole),
        broken=len(shown) - len(whole),
        spreads=(min(spreads), max(spreads)) if spreads else (),
    )


def rate(data: CasiaB, on_progress: Progress = silent) -> tuple[list[Quality], list[str]]:
    """The quality of every sequence that shows a person, and what the reader skipped.

    Raises:
        DataError: no sequence shows a person.
    """
    rated, problems = [], []
    sequences = data.sequences()
    for done, sequence in enumerate(sequences):
        on_progress("quality", done, len(sequences))
        seen = data.read(sequence)
        quality = rate_sequence(seen)
        if quality.frames:
            rated.append(quality)
        problems.extend(seen.problems if len(seen.numbers) else seen.problems[:-1])
    if not rated:
        raise DataError("No sequence shows anybody: check the folder of silhouettes.")
    return rated, problems


def quality_report(rated: list[Quality]) -> dict:
    """Shares and counts.

    Returns:
        For all: sequences, frames, good (share of the frames), subset_1, subset_2 (sequences);
        spread: lowest and highest, None without any; in_pieces: the share of sequences with a frame
        in more than one piece and, of these, the median and the 95th percentile of the share of
        such frames. The first five also by_view, by kind of condition and by view angle.
    """
    spreads = [value for quality in rated for value in quality.spreads]
    losses = np.array([quality.broken / quality.frames for quality in rated])
    losing = losses[losses > 0] if losses.any() else np.zeros(1)
    report = _counts(rated)
    report["spread"] = [round(min(spreads), 4), round(max(spreads), 4)] if spreads else None
    report["in_pieces"] = {
        "sequences": round(float((losses > 0).mean()), 4),
        "median": round(float(np.median(losing)), 4),
        "95th percentile": round(float(np.quantile(losing, 0.95)), 4),
    }
    report["by_view"] = {
        kind: {
            f"{view:03d}": _counts(some)
            for view in VIEWS
            if (some := [q for q in rated if (q.sequence.condition[:2], q.sequence.view)
                         == (kind, view)])
        }
        for kind in KINDS
    }  # fmt: skip
    return report


def _counts(rated: list[Quality]) -> dict:
    frames = sum(quality.frames for quality in rated)
    return {
        "sequences": len(rated),
        "frames": frames,
        "good": round(sum(quality.good for quality in rated) / frames, 4),
        "subset_1": sum(quality.subset == LOW for quality in rated),
        "subset_2": sum(quality.subset == HIGH for quality in rated),
    }


def _touches_border(mask: np.ndarray) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())
