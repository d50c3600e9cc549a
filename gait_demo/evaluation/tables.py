"""A report of `evaluate_privacy` as Markdown."""

from __future__ import annotations

from gait_demo.evaluation.markdown import markdown
from gait_demo.evaluation.privacy import VIDEOS, by_shape, worst
from gait_demo.evaluation.protocol import ADVERSARIES, FULL_FRAME, PAPERS
from gait_demo.evaluation.quality import HIGH, LOW

_TOLD = {"spatial": "shape", "temporal": "movement"}
_NATURAL = {
    "smooth": "smoother by",
    "broken": "frames in pieces",
    "phase": "phase kept",
    "direction": "direction kept",
}


def tables(report: dict) -> str:
    """All tables, each with a short explanation."""
    is_papers = all(PAPERS in method for method in report["methods"].values())
    parts = [by_attacker, success, by_view] if is_papers else [by_attacker]
    return "\n\n".join([headlines(report), *(part(report) for part in (*parts, all_naturalness))])


def headlines(report: dict) -> str:
    """The tables of the worst case and of the attackers."""
    parts = headline, training, clear
    is_checked = any(report["training"].values())
    return "\n\n".join(part(report) for part in parts if is_checked or part is not training)


def all_naturalness(report: dict) -> str:
    """The tables that need no attacks."""
    return f"{naturalness(report)}\n\n{naturalness_by_view(report)}"


def headline(report: dict) -> str:
    """The worst case over all attackers and adversaries."""
    people, chance = report["people"], report["chance"]
    rows = []
    for name, method in report["methods"].items():
        shape = by_shape(method)
        cases = {
            "informed, by shape": worst(method, ("naive", "informed"), shape),
            "two results linked, by shape": worst(method, ("linking",), shape),
            "known seed": worst(method, ("known seed",), shape),
            "height, speed, cadence and path": worst(method, ADVERSARIES[:3], (FULL_FRAME,)),
            "**everything, worst case**": worst(method),
        } | {f"everything, {videos} videos": worst(method, videos=videos) for videos in VIDEOS}
        least = "" if _is_converged(report, name) else "at least "
        rows += [
            [name, case, least + _rate(found["top-1"]), _rate(found["top-5"]),
             found["equal error rate"] if "videos" not in case else None, found["by"],
             found["adversary"]]
            for case, found in cases.items() if found and found["top-1"]["rate"] is not None
        ]  # fmt: skip
    head = ["method", "what is known", "rank-1", "rank-5", "EER", "best attacker", "adversary"]
    return (
        f"{people['trained']} people to train attackers on, {people['tested']} others tested, "
        f"views {', '.join(f'{view:03d}' for view in report['views'])}. How often the best of all "
        "attackers names the right person at once, or among the first five, over all views of the "
        "gallery, with its 95 % interval over people and attackers (by chance: "
        f"{chance['top-1']:.3f} and {chance['top-5']:.3f}), and its equal error rate.\n\n"
        + markdown(head, rows)
    )


def training(report: dict) -> str:
    """Whether more training would have helped the networks."""
    rows = [
        [name, kind, adversary, " -> ".join(_rate(rates[adversary]) for rates in figures["rates"]),
         "yes" if figures["is converged"] else "**no**"]
        for name, kinds in report["training"].items()
        for kind, figures in kinds.items()
        for adversary in figures["rates"][0]
    ]  # fmt: skip
    return (
        "Rank-1 of the networks after each training, of which each has twice the steps of the one "
        "before. A network has not converged if the last doubling raised a figure beyond its "
        'interval: then all figures of the method are "at least".\n\n'
        + markdown(["method", "network", "adversary", "rank-1", "converged"], rows)
    )


def clear(report: dict) -> str:
    """The attackers' rates on original walks: how strong they are."""
    rows = [
        [kind, _rate(rates["nm"]), _rate(rates["all probes"])]
        for kind, rates in report["clear"].items()
    ]
    return (
        "Rank-1 of each attacker in clear, at the same view, of people in their usual clothes and "
        "of all. Joints are not known in clear: their attacker goes by GEIs there.\n\n"
        + markdown(["attacker", "usual clothes", "all"], rows)
    )


def success(report: dict) -> str:
    """Success rates in the form of the paper."""
    chance = report["chance"]
    head = ["method", "top-1, subset 1", "subset 2", "top-3, subset 1", "subset 2"]
    rows = []
    for name, method in report["methods"].items():
        parts = [method[PAPERS]["naive"][f"subset {n}"]["same view"] for n in (LOW, HIGH)]
        row = [_success(part[top]["rate"]) for top in ("top-1", "top-3") for part in parts]
        rows.append([name, *row])
    return (
        "Success, as the paper has it: the share of walks that its recogniser, which knows clear "
        "gaits only, does not find among the first one, or the first three, at the same view (by "
        f"chance: {1 - chance['top-1']:.3f} and {1 - chance['top-3']:.3f}).\n\n"
        + markdown(head, rows)
    )


def _is_converged(report: dict, method: str) -> bool:
    return all(figures["is converged"] for figures in report["training"][method].values())


def by_attacker(report: dict) -> str:
    """The rates of each attacker."""
    rows = [
        [name, adversary, *(_rate(figures[adversary]["all probes"]["all views"]["top-1"])
                            for figures in method.values())]
        for name, method in report["methods"].items()
        for adversary in ADVERSARIES
    ]  # fmt: skip
    recognisers = next(iter(report["methods"].values()))
    return "Rank-1 over all views, attacker by attacker.\n\n" + markdown(
        ["method", "adversary", *recognisers], rows
    )


def by_view(report: dict) -> str:
    """Success rates in the form of the paper, by view."""
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
    """How natural the walks of each method look; see `evaluation.naturalness`."""
    rows = []
    for name, natural in report["naturalness"].items():
        if natural:
            accuracies = [_told(natural[kind]) for kind in _TOLD]
            rows.append([name, *accuracies, *map(natural.get, _NATURAL)])
    return (
        "How well a network tells what was made from clear walks of strangers, by shape and by "
        "movement (0.5 is not at all); and, against the walks that went in, by how much more "
        "neighbouring frames are alike, how many frames are in pieces, the correlation of the "
        "legs' spread, and the share of walks in the same direction.\n\n"
        + markdown(["method", "told by shape", "by movement", *_NATURAL.values()], rows)
    )


def naturalness_by_view(report: dict) -> str:
    """How well the same networks tell anonymized walks from clear ones, by view."""
    shown = {name: natural for name, natural in report["naturalness"].items() if natural}
    rows = [
        [judged, view, *(_told(natural[kind]["by view"].get(view)) for natural in shown.values())]
        for kind, judged in _TOLD.items()
        for view in (f"{view:03d}" for view in report["views"])
    ]
    return "How well it tells, by view angle.\n\n" + markdown(["by", "view", *shown], rows)


def _success(recognised: float | None) -> str | None:
    return None if recognised is None else f"{1 - recognised:.3f}"


def _told(figures: dict | None) -> str | None:
    return None if figures is None else _rate({"rate": figures["accuracy"], **figures})


def _rate(rate: dict) -> str | None:
    if rate["rate"] is None:
        return None
    low, high = rate["interval"]
    return f"{rate['rate']:.3f} [{low:.2f}-{high:.2f}]"
