"""The panel that shows what changed: joint angles, gait energy images, and recognisers' ranks."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path

import gradio as gr

from gait_demo.types import Rank
from gait_demo.ui.options import Settings
from gait_demo.ui.player import address

_HERE = Path(__file__).parent
_MOST_BYTES = 20_000_000  # maximum size of a worker's file
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
    """The panel; its value is what `changed` returns, or None."""
    return gr.HTML(
        None,
        html_template=_HTML,
        css_template=(_HERE / "change.css").read_text(),
        js_on_load=(_HERE / "change.js").read_text(),
        apply_default_css=False,
        elem_id="change",
    )


def changed(path: Path, clip: str, settings: Settings) -> dict | None:
    """The panel's value for the change that a worker wrote to a file; None without a file.

    Args:
        path: the file, as `serving.change` describes it.
        clip, settings: as for `player.shown`. While the player shows another result, the panel is
            greyed out and no joints are drawn.
    """
    if not path.exists():
        return None
    return {"url": address(path), "of": [clip, *astuple(settings)]}


def ranks(path: Path) -> tuple[list[Rank], int] | None:
    """How recognisers rank the walker, and the number of strangers in their gallery. The ranks are
    empty if nobody has another gait for long enough; None without a valid file."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        content = json.loads(path.read_text())
        ranks = [
            Rank(str(rank["recogniser"]), float(rank["before"]), float(rank["after"]))
            for rank in content["ranks"]
        ]
        return ranks, int(content["strangers"])
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
