"""The panel that makes the change visible: curves, gait energy images, the rank as a gauge."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path

import gradio as gr

from gait_demo.types import Rank
from gait_demo.ui.options import Settings
from gait_demo.ui.player import address

_HERE = Path(__file__).parent
_MOST_BYTES = 20_000_000  # that are read of what a worker wrote
_HTML = """
<section class="change" aria-label="What changed">
  <p class="former" role="status"></p>
  <p class="words"></p>
  <div class="plots"></div>
  <div class="beside"><div class="geis"></div><div class="gauge"></div></div>
  <p class="small"></p>
</section>
"""


def change_panel() -> gr.HTML:
    """Lay out the panel; its value is as of `changed`, or None."""
    return gr.HTML(
        None,
        html_template=_HTML,
        css_template=(_HERE / "change.css").read_text(),
        js_on_load=(_HERE / "change.js").read_text(),
        apply_default_css=False,
        elem_id="change",
    )


def changed(path: Path, clip: str, settings: Settings) -> dict | None:
    """A change that a worker wrote down, as the panel is told of it; None where there is none.

    Args:
        clip, settings: as of `player.shown`: while the player shows another result, the panel is
            greyed out and no joints are drawn.
    """
    if not path.exists():
        return None
    return {"url": address(path), "of": [clip, *astuple(settings)]}


def ranks(path: Path) -> tuple[list[Rank], int] | None:
    """How recognisers rank the walker of such a change, none if nobody got another gait for long
    enough, and among how many strangers; None where there is no such change."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        told = json.loads(path.read_text())
        ranks = [
            Rank(str(one["recogniser"]), float(one["before"]), float(one["after"]))
            for one in told["ranks"]
        ]
        return ranks, int(told["strangers"])
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
