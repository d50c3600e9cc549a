"""The results of a study: by clip, by method and by view angle, before and after screening."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from gait_demo.mos import stats
from gait_demo.mos.study import ANCHOR, REFERENCE, SCALE, Clip, Study
from gait_demo.mos.votes import Vote

STAGES = {
    "all": "all votes",
    "attentive": "without raters who got a gold item wrong",
    "screened": "these without raters rejected by BT.500",
    "unbiased": "the same, with each rater's bias removed (P.913)",
}


def results(study: Study, votes: Sequence[Vote]) -> dict:
    """All figures of a study.

    Returns:
        For JSON: `raters` (how many are wanted, voted and finished, and who was rejected) and, for
        every stage of STAGES: `clips`, `methods` and `views` with the number of votes, `mos`, and
        its 95 % interval from `low` to `high`, clipped to the scale (None with fewer than five
        votes or raters); for `methods` also `dmos`, the mean difference score against the hidden
        originals, with `dmos_low`, `dmos_high` and `dmos_votes`; and `tests`: for each pair of
        methods the p value of no difference (Wilcoxon's signed-rank test on raters' means, with
        Holm's correction).
    """
    clips = study.of_role("rated")
    people = sorted({vote.rater for vote in votes})
    matrix = _matrix(people, clips, votes)
    inattentive = _inattentive(study, people, votes)
    rejected = np.zeros(len(people), bool)
    rejected[~inattentive] = stats.outliers(matrix[~inattentive])
    kept = ~inattentive & ~rejected
    chosen = {
        "all": matrix,
        "attentive": matrix[~inattentive],
        "screened": matrix[kept],
        "unbiased": stats.without_bias(matrix[kept]),
    }
    done = (~np.isnan(matrix)).sum(axis=1) >= study.per_rater
    return {
        "study": {"id": study.id, "name": study.name},
        "raters": {
            "wanted": study.raters,
            "voted": len(people),
            "finished": int(done.sum()),
            "rejected_by_gold_items": [people[i] for i in np.flatnonzero(inattentive)],
            "rejected_by_bt500": [people[i] for i in np.flatnonzero(rejected)],
        },
        "votes": len(votes),
        "stages": {stage: _summary(clips, part) for stage, part in chosen.items()},
    }


def _matrix(people: list[str], clips: list[Clip], votes: Sequence[Vote]) -> np.ndarray:
    row = {rater: number for number, rater in enumerate(people)}
    column = {clip.id: number for number, clip in enumerate(clips)}
    matrix = np.full((len(people), len(clips)), np.nan)
    for vote in votes:
        if vote.clip in column:
            matrix[row[vote.rater], column[vote.clip]] = vote.score
    return matrix


def _inattentive(study: Study, people: list[str], votes: Sequence[Vote]) -> np.ndarray:
    """(raters,) bool: raters who gave a wrong answer to a gold item."""
    right = {clip.id: clip.expected for clip in study.of_role("gold")}
    wrong = {v.rater for v in votes if v.clip in right and v.score not in right[v.clip]}
    return np.array([rater in wrong for rater in people], bool)


def _summary(clips: list[Clip], matrix: np.ndarray) -> dict:
    of_clip = stats.scores(matrix)
    rows = zip(clips, of_clip.votes, of_clip.mos, of_clip.ci, strict=True)
    names = [clip.method for clip in clips]
    views = [clip.condition for clip in clips]
    conditions = sorted(set(views), key=lambda v: (_order(v[0]), v[1] or 0))
    methods = sorted(set(names), key=_order)
    apart = stats.differences(matrix, _references(clips))
    return {
        "raters": int((~np.isnan(matrix)).any(axis=1).sum()),
        "tests": _tests(methods, names, matrix),
        "clips": [
            {"clip": clip.id, "method": clip.method, "view": clip.view, "subset": clip.subset,
             "person": clip.person, "seed": clip.seed, **_figures(count, mos, mos - ci, mos + ci)}
            for clip, count, mos, ci in rows
        ],
        "methods": [
            {
                "method": name,
                **_pooled(matrix, [n == name for n in names]),
                **_dmos(apart, [n == name for n in names]),
            }
            for name in methods
        ],
        "views": [
            {"method": name, "view": view, **_pooled(matrix, [v == (name, view) for v in views])}
            for name, view in conditions
        ],
    }  # fmt: skip


def _references(clips: list[Clip]) -> np.ndarray:
    """(clips,) int: index of the original of the same walk; -1 for originals, and for walks without
    one."""
    walks = {(c.person, c.view): n for n, c in enumerate(clips) if c.method == REFERENCE}
    return np.array(
        [-1 if c.method == REFERENCE else walks.get((c.person, c.view), -1) for c in clips], int
    )


def _dmos(apart: np.ndarray, which: list[bool]) -> dict:
    part = apart[:, which]
    count = int((~np.isnan(part)).sum())
    mean = float(np.nanmean(part)) if count else float("nan")
    low, high = stats.clustered_interval(part) if _voters(part) >= stats.LEAST else (None, None)
    numbers = {"dmos": mean, "dmos_low": low, "dmos_high": high}
    return {name: _rounded(value) for name, value in numbers.items()} | {"dmos_votes": count}


def _tests(methods: list[str], names: list[str], matrix: np.ndarray) -> list[dict]:
    pairs = list(combinations(methods, 2))
    of = {method: matrix[:, [name == method for name in names]] for method in methods}
    p = stats.holm(np.array([stats.signed_rank(of[a], of[b]) for a, b in pairs]))
    return [
        {"methods": list(pair), "p": _rounded(value)} for pair, value in zip(pairs, p, strict=True)
    ]


def _voters(part: np.ndarray) -> int:
    return int((~np.isnan(part)).any(axis=1).sum())


def _order(method: str) -> tuple:
    """Sort key: the original first, then ours, then other methods, the anchor last."""
    return method == ANCHOR, method != REFERENCE, method != "ours", method


def _pooled(matrix: np.ndarray, which: list[bool]) -> dict:
    """Figures of a condition: the mean of its votes, and the interval over raters."""
    part = matrix[:, which]
    count = int((~np.isnan(part)).sum())
    mean = float(np.nanmean(part)) if count else float("nan")
    return _figures(count, mean, *stats.clustered_interval(part), voters=_voters(part))


def _figures(count: int, mos: float, low: float, high: float, voters: int | None = None) -> dict:
    """Figures of votes; `voters` is the number of raters, None if every vote is by another one."""
    numbers = {"mos": mos, "low": max(low, min(SCALE)), "high": min(high, max(SCALE))}
    if (count if voters is None else voters) < stats.LEAST or np.isnan(low):
        numbers |= {"low": None, "high": None}
    return {"votes": int(count), **{name: _rounded(value) for name, value in numbers.items()}}


def _rounded(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(float(value), 4)


def summary(report: dict) -> str:
    """The numbers of votes and of raters, as Markdown."""
    raters = report["raters"]
    return (
        f"**{report['study']['name']}** ({report['study']['id']})\n\n"
        f"{report['votes']} votes. Raters: {raters['voted']} began, {raters['finished']} finished, "
        f"{raters['wanted']} are wanted. Rejected: {len(raters['rejected_by_gold_items'])} by gold "
        f"items, {len(raters['rejected_by_bt500'])} by BT.500."
    )


def condition_rows(report: dict) -> list[list[str]]:
    """Rows of a table: method, view, and a cell for each of STAGES."""
    stages, rows = report["stages"], []
    for part in ("methods", "views"):
        for number, row in enumerate(stages["all"][part]):
            view = "all" if part == "methods" else str("-" if row["view"] is None else row["view"])
            cells = [_cell(stages[stage][part][number]) for stage in STAGES]
            rows.append([row["method"], view, *cells])
    return rows


def table(report: dict) -> str:
    """The report as Markdown."""
    lines = [summary(report), "", "MOS [95 % interval] (votes):", ""]
    head = ["method", "view", *STAGES]
    for row in (head, ["---"] * len(head), *condition_rows(report)):
        lines.append("| " + " | ".join(row) + " |")
    lines += ["", *(f"{stage}: {meaning}." for stage, meaning in STAGES.items())]
    return "\n".join([*lines, "", comparison(report)])


def comparison(report: dict, stage: str = "all") -> str:
    """The methods compared with the originals and with each other, as Markdown."""
    part = report["stages"][stage]
    lines = ["| method | DMOS [95 % interval] (votes); 5: as good as the original |", "|---|---|"]
    for row in part["methods"]:
        if row["dmos"] is not None:
            figures = {"mos": row["dmos"], "low": row["dmos_low"], "high": row["dmos_high"]}
            lines.append(f"| {row['method']} | {_cell(figures | {'votes': row['dmos_votes']})} |")
    lines += [
        "",
        "| methods | p (Wilcoxon's signed-rank test on raters' means, Holm's correction) |",
        "|---|---|",
    ]
    for test in part["tests"]:
        p = "fewer than five raters" if test["p"] is None else f"{test['p']:.4f}"
        lines.append(f"| {' and '.join(test['methods'])} | {p} |")
    return "\n".join(lines)


def _cell(row: dict) -> str:
    if row["mos"] is None:
        return "-"
    interval = "" if row["low"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
    return f"{row['mos']:.2f}{interval} ({row['votes']})"
