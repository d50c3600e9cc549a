"""Tables as Markdown."""

from __future__ import annotations

from gait_demo.errors import DataError


def markdown(head: list, rows: list[list]) -> str:
    """A table; None is shown as a dash."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join("-" if cell is None else str(cell) for cell in line) + " |"
        for line in lines
    )


def rate_text(rate: dict, digits: int = 3) -> str | None:
    """A rate, see `scores.rate`, and its interval; None if it is not known."""
    if rate["rate"] is None:
        return None
    low, high = rate["interval"]
    return f"{rate['rate']:.{digits}f} [{low:.2f}-{high:.2f}]"


def inserted(page: str, name: str, part: str) -> str:
    """A page with a part between the lines "<!-- NAME -->" and "<!-- end of NAME -->".

    Raises:
        DataError: it has no such lines.
    """
    first, last = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not end:
        raise DataError(f"The page needs two lines, {first.strip()} and {last}, in this order.")
    return f"{before}{first}\n{part}\n\n{last}{after}"
