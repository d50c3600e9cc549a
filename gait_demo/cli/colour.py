"""`evaluate colour`: how well new walkers are coloured, compared with renderings."""

from __future__ import annotations

import argparse

from gait_demo.cli.common import listed, options_from, positive, progress, seed


def add(evaluations: argparse._SubParsersAction) -> None:
    colour = evaluations.add_parser(
        "colour", help="compare the colours of new walkers with renderings; prints a table"
    )
    colour.add_argument("--views", type=listed(int), help="degrees, such as 0,90")
    colour.add_argument("--pairs", type=positive, help="pairs of people for each view; default: 2")
    colour.add_argument("--frames", type=positive, help="frames per pair, at least 2; default: 4")
    colour.add_argument("--seed", type=seed)
    colour.set_defaults(command=_evaluate_colour)


def _evaluate_colour(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.colour import ColourOptions, evaluate_colour, table

    print(table(*evaluate_colour(options_from(parsed, ColourOptions), progress())))
