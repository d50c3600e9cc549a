"""A report of `evaluate_privacy` as Markdown."""

from __future__ import annotations

from gait_demo.evaluation.markdown import markdown, rate_text
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
    parts = [headline]
    if "populations" in report:
        parts.append(by_population)
    if report["galleries"]:
        parts.append(galleries)
    if any(report["training"].values()):
        parts.append(training)
    parts += [clear, by_attacker]
    if all(PAPERS in method for method in report["methods"].values()):
        parts.append(success)
        if _has_views(report):
            parts.append(by_view)
    if any(report["naturalness"].values()):
        parts.append(all_naturalness)
    return "\n\n".join(part(report) for part in parts)


def all_naturalness(report: dict) -> str:
    """The tables that need no attacks."""
    parts = [naturalness, naturalness_by_view] if _has_views(report) else [naturalness]
    return "\n\n".join(part(report) for part in parts)


def _has_views(report: dict) -> bool:
    return len(report["views"]) > 1


def headline(report: dict) -> str:
    """The worst case over all attackers and adversaries."""
    people, chance = report["people"], report["chance"]
    rows = []
    for name, method in report["methods"].items():
        cases = _cases(method) | {
            f"{what}, {videos} videos": worst(method, attackers=attackers, videos=videos)
            for what, attackers in (("by shape", by_shape(method)), ("everything", None))
            for videos in VIDEOS
        }
        least = "" if _is_converged(report, name) else "at least "
        rows += [
            [name, case, least + rate_text(found["top-1"]), rate_text(found["top-5"]),
             *([None] * 2 if "videos" in case else
               (found["equal error rate"], rate_text(found["information"], 2))),
             found["by"], found["adversary"]]
            for case, found in cases.items() if found and found["top-1"]["rate"] is not None
        ]  # fmt: skip
    head = [
        "method", "what is known", "rank-1", "rank-5", "EER", "bits", "best attacker", "adversary"
    ]  # fmt: skip
    several = ""
    over = "people and attackers"
    if "populations" in report:
        several = f"{len(report['populations'])} populations, each attacked by itself: "
        over = "people and attackers, in these populations"
    lost = {name: share for name, share in report["refused"].items() if share}
    refused = "".join(
        f" {name} refuses {share:.1%} of the probes, or shows nobody in them, which counts as "
        "recognised." for name, share in lost.items()
    )  # fmt: skip
    return (
        f"{several}{people['trained']} people to train attackers on, {people['tested']} others "
        f"tested, views {', '.join(f'{view:03d}' for view in report['views'])}. How often the best "
        "of all attackers names the right person at once, or among the first five, over all views "
        f"of the gallery, with its 95 % interval over {over} (by chance: "
        f"{chance['top-1']:.3f} and {chance['top-5']:.3f}), its equal error rate, and the "
        f"bits that the order in which it names people tells of the person.{refused}\n\n"
        + markdown(head, rows)
    )


def by_population(report: dict) -> str:
    """The worst case in each population by itself."""
    rows = [
        [
            name,
            population,
            *(rate_text(found["top-1"]) if found else None for found in cases.values()),
        ]
        for name in report["methods"]
        for population, alone in report["populations"].items()
        if (cases := _cases(alone["methods"][name]))
    ]
    chances = {
        name: f"{alone['chance']['top-1']:.3f}" for name, alone in report["populations"].items()
    }
    chance = ", ".join(f"{name} {share}" for name, share in chances.items())
    return f"Rank-1 in each population by itself (by chance: {chance}).\n\n" + markdown(
        ["method", "population", *_cases({})], rows
    )


def galleries(report: dict) -> str:
    """The worst case by the number of people in the gallery."""
    rows = []
    for name, method in report["methods"].items():
        by_size = [_cases(method, size) for size in report["galleries"]]
        rows += [
            [name, case, *(rate_text(cases[case]["top-1"]) for cases in by_size)]
            for case, found in by_size[0].items() if found
        ]  # fmt: skip
    head = [f"{size} people (by chance: {1 / size:.3f})" for size in report["galleries"]]
    return (
        "Rank-1 of the best attacker by the number of people in the gallery: the mean over all "
        "galleries of that many tested people.\n\n"
        + markdown(["method", "what is known", *head], rows)
    )


def _cases(method: dict, gallery: int | None = None) -> dict[str, dict]:
    """The worst case by what is known, see `privacy.worst`; empty where nobody tried."""
    shape = by_shape(method)
    return {
        "informed, by shape": worst(method, ("naive", "informed"), shape, gallery=gallery),
        "two results linked, by shape": worst(method, ("linking",), shape, gallery=gallery),
        "known seed": worst(method, ("known seed",), shape, gallery=gallery),
        "height, speed, strides and path": worst(
            method, ADVERSARIES[:3], (FULL_FRAME,), gallery=gallery
        ),
        "**everything, worst case**": worst(method, gallery=gallery),
    }


def training(report: dict) -> str:
    """Whether more training would have helped the networks."""
    rows = [
        [name, kind, adversary,
         " -> ".join(rate_text(rates[adversary]) for rates in figures["rates"]),
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
        [kind, rate_text(rates["nm"]), rate_text(rates["all probes"])]
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
    rows = []
    for name, method in report["methods"].items():
        for adversary in ADVERSARIES:
            found = [figures[adversary] for figures in method.values()]
            one = [each["all probes"]["all views"]["top-1"] for each in found]
            rows.append([name, adversary, *map(rate_text, one)])
            for videos in map(str, VIDEOS):
                several = [
                    each["videos"][videos]["top-1"] for each in found if videos in each["videos"]
                ]
                if several:
                    rows.append([name, f"{adversary}, {videos} videos", *map(rate_text, several)])
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
        "movement (0.5 is not at all; at least so well, if twice the training steps told more); "
        "and, against the walks that went in, by how much more neighbouring frames are alike, how "
        "many frames are in pieces, the correlation of the legs' spread, and the share of walks in "
        "the same direction.\n\n"
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
    if figures is None:
        return None
    least = "" if figures.get("is converged", 1) == 1 else "at least "  # 1 in all populations
    return least + rate_text({"rate": figures["accuracy"], **figures})
