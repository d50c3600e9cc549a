"""The paper's figures, from a report of evaluate_privacy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from gait_demo.evaluation.privacy import worst
from gait_demo.evaluation.protocol import PAPERS

_SUBSETS = ("subset 1", "subset 2")
_TOPS = ("top-1", "top-3")  # of the paper


def success_by_view(report: dict, path: Path) -> None:
    """Writes a PNG like the paper's figures: success against the paper's recogniser by view angle,
    for both subsets, top-1 and top-3, and every method."""
    figure = Figure((10, 7), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for row, subset in zip(panels, _SUBSETS, strict=True):
        for axes, top in zip(row, _TOPS, strict=True):
            for name, method in report["methods"].items():
                by_view = method[PAPERS]["naive"][subset]["by view"]
                points = [
                    (int(view), 1 - rates[top]["rate"])
                    for view, rates in by_view.items()
                    if rates[top]["rate"] is not None
                ]
                axes.plot(*zip(*points or [(np.nan, np.nan)], strict=True), marker=".", label=name)
            axes.axhline(1 - report["chance"][top], color="grey", lw=0.8, label="chance")
            axes.set(title=f"{subset}, {top}", ylim=(-0.02, 1.02))
        row[0].set_ylabel("success")
    for axes in panels[-1]:
        axes.set_xlabel("view (degrees)")
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right upper", fontsize="small")
    figure.savefig(path, dpi=100)


def privacy_against_naturalness(report: dict, path: Path) -> None:
    """Writes a PNG: for each method, how often the best attacker names the right person against how
    well a network tells its shapes from clear ones."""
    figure = Figure((6, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, method in report["methods"].items():
        natural = report["naturalness"][name]
        known = worst(method)
        if natural is None or not known or known["top-1"]["rate"] is None:
            continue
        place = natural["spatial"]["accuracy"], known["top-1"]["rate"]
        axes.plot(*place, "o")
        axes.annotate(name, place, (4, 4), textcoords="offset points")
    axes.axhline(report["chance"]["top-1"], color="grey", lw=0.8)
    axes.annotate("chance", (1.0, report["chance"]["top-1"]), (-30, 3), textcoords="offset points")
    axes.set(
        xlim=(0.4, 1.02), ylim=(-0.02, 1.02), xlabel="told from clear walkers (0.5: not at all)",
        ylabel="recognised by an attacker who knows",
    )  # fmt: skip
    figure.savefig(path, dpi=120)
