"""`fetch`: downloads all weights ahead of time, to run offline later or to build a Space."""

from __future__ import annotations

import argparse

from gait_demo.errors import GaitDemoError, WeightsError
from gait_demo.weights import find, names


def add(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("fetch", help="download all weights now, to run offline later")
    parser.set_defaults(command=_fetch)


def _fetch(parsed: argparse.Namespace) -> None:
    missing = []
    for name in names():
        try:
            found = find(name)
        except WeightsError as error:
            missing.append(str(error))
        else:
            print(f"{name}\t{found.path}\t{found.source}")
    if missing:
        raise GaitDemoError("\n".join(missing))
