"""A report of evaluate_privacy as Markdown."""

from __future__ import annotations

from gait_demo.evaluation.markdown import markdown
from gait_demo.evaluation.privacy import PAPERS, TOPS, worst
from gait_demo.evaluation.protocol import ADVERSARIES
from gait_demo.evaluation.quality import HIGH, LOW

_TOLD = {"spatial": "shape", "temporal": "movement"}
_NATURAL = {
    "smooth": "smoother by",
    "broken": "frames in pieces",
    "phase": "phase kept",
    "direction": "direction kept",
}


def tables(report: dict) -> str:
    """All of them, with a word of explanation each."""
    parts = privacy, by_attacker, by_view, all_naturalness
    return "\n\n".join(part(report) for part in parts)


def all_naturalness(report: dict) -> str:
    """Those that need no attack."""
    return f"{naturalness(report)}\n\n{naturalness_by_view(report)}"


def privacy(report: dict) -> str:
    """The headline: success as the paper has it, and the best attacker of each adversary."""
    people, (once, thrice) = report["people"], report["chance"].values()
    head = ["method", "success top-1, subset 1", "subset 2", "top-3, subset 1", "subset 2",
            *ADVERSARIES]  # fmt: skip
    rows = []
    for name, method in report["methods"].items():
        parts = [method[PAPERS]["naive"][f"subset {n}"]["same view"] for n in (LOW, HIGH)]
        row = [_success(part[top]["rate"]) for top in TOPS for part in parts]
        rows.append([name, *row, *(_rate(worst(method, adversary)) for adversary in ADVERSARIES)])
    return (
        f"{people['trained']} people to train attackers on, {people['tested']} others tested, "
        f"views {', '.join(f'{view:03d}' for view in report['views'])}. Success, as the paper has "
        "it: the share of walks that its recogniser, which knows clear gaits only, does not find "
        f"among the first one, or the first three, at the same view (by chance: {1 - once:.3f} "
        f"and {1 - thrice:.3f}). Then, adversary by adversary, how often the best attacker of all "
        "names the right person at once, over all views of the gallery, with its 95 % interval "
        f"over people (by chance: {once:.3f}).\n\n" + markdown(head, rows)
    )


def by_attacker(report: dict) -> str:
    """Every recogniser by itself; the first, raw gait energy images, checks the others."""
    rows = [
        [name, adversary, *(_rate(one[adversary]["all probes"]["all views"]["top-1"])
                            for one in method.values())]
        for name, method in report["methods"].items()
        for adversary in ADVERSARIES
    ]  # fmt: skip
    recognisers = next(iter(report["methods"].values()))
    return "The same, attacker by attacker.\n\n" + markdown(
        ["method", "adversary", *recognisers], rows
    )


def by_view(report: dict) -> str:
    """Success as the paper has it, view by view."""
    views = [f"{view:03d}" for view in report["views"]]
    rows = []
    for name, method in report["methods"].items():
        for subset in (LOW, HIGH):
            seen = method[PAPERS]["naive"][f"subset {subset}"]["by view"]
            rates = [_success(seen[view]["top-1"]["rate"]) for view in views]
            rows.append([name, subset, *rates])
    return "The same success, top-1, by view angle.\n\n" + markdown(
        ["method", "subset", *views], rows
    )


def naturalness(report: dict) -> str:
    """How natural each method's walks look; see gait_demo.evaluation.naturalness."""
    rows = []
    for name, natural in report["naturalness"].items():
        if natural:
            told = [_told(natural[kind]) for kind in _TOLD]
            rows.append([name, *told, *map(natural.get, _NATURAL)])
    return (
        "How well a network tells what was made from clear walks of strangers, by shape and by "
        "movement (0.5 is not at all); and, against the walks that went in, by how much more "
        "neighbouring frames are alike, how many frames are in pieces, the correlation of the "
        "legs' spread, and the share of walks in the same direction.\n\n"
        + markdown(["method", "told by shape", "by movement", *_NATURAL.values()], rows)
    )


def naturalness_by_view(report: dict) -> str:
    """How well the same networks tell made walks from clear ones, view by view."""
    shown = {name: natural for name, natural in report["naturalness"].items() if natural}
    rows = [
        [judged, view, *(_told(natural[kind]["by view"].get(view)) for natural in shown.values())]
        for kind, judged in _TOLD.items()
        for view in (f"{view:03d}" for view in report["views"])
    ]
    return "How well it tells, by view angle.\n\n" + markdown(["by", "view", *shown], rows)


def _success(recognised: float | None) -> str | None:
    return None if recognised is None else f"{1 - recognised:.3f}"


def _told(told: dict | None) -> str | None:
    return None if told is None else _rate({"rate": told["accuracy"], **told})


def _rate(rate: dict) -> str | None:
    if rate["rate"] is None:
        return None
    low, high = rate["interval"]
    return f"{rate['rate']:.3f} [{low:.2f}-{high:.2f}]"
