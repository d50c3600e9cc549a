"""The paper's figures, from a report of evaluate_privacy."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from gait_demo.evaluation.privacy import PAPERS, TOPS, worst

_SUBSETS = {"subset 1": "--", "subset 2": "-"}


def success_by_view(report: dict, path: Path) -> None:
    """Write a PNG: success against the paper's recogniser by view angle, top-1 and top-3.

    As the paper's Fig. 9 and 10 [inference], but with every method, and both subsets in one.
    """
    figure = Figure((11, 4.2), layout="constrained")
    for axes, top in zip(figure.subplots(1, 2, sharey=True), TOPS, strict=True):
        for colour, (name, method) in enumerate(report["methods"].items()):
            for part, style in _SUBSETS.items():
                by_view = method[PAPERS]["naive"][part]["by view"]
                points = [
                    (int(view), 1 - rates[top]["rate"])
                    for view, rates in by_view.items()
                    if rates[top]["rate"] is not None
                ]
                if points:
                    label = name if style == "-" else None
                    axes.plot(*zip(*points, strict=True), style, marker=".", color=f"C{colour}",
                              label=label)  # fmt: skip
        axes.axhline(1 - report["chance"][top], color="grey", lw=0.8, label="chance")
        axes.set(title=top, xlabel="view (degrees)", ylim=(-0.02, 1.02))
    axes.legend(fontsize="small")
    figure.axes[0].set_ylabel("success (dashed: subset 1, solid: subset 2)")
    figure.savefig(path, dpi=120)


def privacy_against_naturalness(report: dict, path: Path) -> None:
    """Write a PNG: each method by how often the worst attacker who is informed, or links, names
    the right person, and by how well a network tells its shapes from clear ones."""
    figure = Figure((6, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, method in report["methods"].items():
        natural = report["naturalness"][name]
        known = [worst(method, adversary)["rate"] for adversary in ("informed", "linking")]
        if natural is None or None in known:
            continue
        place = natural["spatial"]["accuracy"], max(known)
        axes.plot(*place, "o")
        axes.annotate(name, place, (4, 4), textcoords="offset points")
    axes.axhline(report["chance"]["top-1"], color="grey", lw=0.8)
    axes.annotate("chance", (1.0, report["chance"]["top-1"]), (-30, 3), textcoords="offset points")
    axes.set(
        xlim=(0.4, 1.02), ylim=(-0.02, 1.02), xlabel="told from clear walkers (0.5: not at all)",
        ylabel="recognised by an attacker who knows",
    )  # fmt: skip
    figure.savefig(path, dpi=120)
