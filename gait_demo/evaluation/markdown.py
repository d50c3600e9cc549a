"""Tables as Markdown."""

from __future__ import annotations


def markdown(head: list, rows: list[list]) -> str:
    """A table; None is shown as a dash."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join("-" if cell is None else str(cell) for cell in line) + " |"
        for line in lines
    )
