"""The player: the original and the result on top of each other, with a divider to drag."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from urllib.parse import quote

import gradio as gr

from gait_demo.options import STRENGTHS
from gait_demo.types import GaitResult
from gait_demo.ui.options import Settings
from gait_demo.ui.summary import marks, notes, verdict
from gait_demo.video.linking import link_or_copy

_HERE = Path(__file__).parent
_WEAK = "“Subtle” hides little: people can still be recognised by their gait. Only for comparison."
_ICONS = {
    "back": "M6 5h2v14H6zM20 5v14L9 12z",
    "play": "M7 4v16l13-8z",
    "pause": "M6 4h4v16H6zM14 4h4v16h-4z",
    "on": "M16 5h2v14h-2zM4 5v14l11-7z",
    "full": "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
}


def _icon(name: str, kind: str = "") -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">'
        f'<path fill="currentColor" d="{_ICONS[name]}"/></svg>'
    )


_HTML = f"""
<section class="player" data-kind="empty" aria-label="Before and after">
  <div class="screen">
    <div class="half after"></div>
    <div class="half before"></div>
    <svg class="drawn" aria-hidden="true"></svg>
    <p class="empty">The result will be here.</p>
    <p class="badge"></p>
    <div class="divider" role="slider" tabindex="0" aria-label="Divider between before and after"
      aria-valuemin="0" aria-valuemax="100" aria-valuenow="50"></div>
    <div class="stale" role="status"><p></p>
      <button type="button" class="update">Make it now</button></div>
    <select name="before" aria-label="Left of the divider"></select>
    <select name="after" aria-label="Right of the divider"></select>
  </div>
  <div class="track">
    <input type="range" name="seek" min="0" max="1" step="0.001" value="0" aria-label="Moment">
    <div class="marks"></div>
  </div>
  <div class="bar">
    <button type="button" class="icon back" aria-label="One frame back">{_icon("back")}</button>
    <button type="button" class="icon play" aria-label="Play">
      {_icon("play", "to-play")}{_icon("pause", "to-pause")}</button>
    <button type="button" class="icon on" aria-label="One frame on">{_icon("on")}</button>
    <select name="speed" aria-label="Speed"><option value="1">Speed 1</option>
      <option value="0.5">Speed ½</option><option value="0.25">Speed ¼</option></select>
    <select name="zoom" aria-label="Zoom"><option value="1">Zoom 1</option>
      <option value="2">Zoom 2</option><option value="4">Zoom 4</option></select>
    <button type="button" class="joints" aria-pressed="false" hidden
      title="Joints of the old walker (yellow) and of the new one (green)">Joints</button>
    <button type="button" class="icon full" aria-label="Full screen">{_icon("full")}</button>
    <span class="time"></span>
  </div>
  <p class="stage" role="status"></p>
  <p class="weak" role="alert"></p>
  <p class="verdict" role="status"></p>
  <ul class="notes"></ul>
  <div class="files"></div>
  <p class="link" role="status"></p>
</section>
"""


def player(value: dict | None) -> gr.HTML:
    """The player component.

    Args:
        value: what `shown` or `intro` returns; None for an empty screen.
    """
    return gr.HTML(
        value,
        html_template=_HTML,
        css_template=(_HERE / "player.css").read_text(),
        js_on_load=(_HERE / "player.js").read_text(),
        apply_default_css=False,
        elem_id="player",
    )


def shown(
    result: GaitResult, settings: Settings, clip: str, folder: Path, times: Sequence[float]
) -> dict:
    """The player's value for a result.

    Args:
        result: the files and the report.
        settings: that made the result.
        clip: identifies the clip and its part; between results of one, the player keeps its time.
        folder: an existing folder for downloads, whose names contain the settings.
        times: of the frames, in seconds since the first.
    """
    stem, report = settings.file_stem, result.report
    level, text = verdict(report)
    files = (
        ("Download result", result.colorized, folder / f"{stem}.mp4"),
        ("Silhouette", result.binary, folder / f"{stem}_silhouette.mp4"),
        ("All three side by side", result.comparison, folder / f"{stem}_comparison.mp4"),
    )
    for _, path, named in files:
        if not named.exists():
            link_or_copy(path, named)
    return {
        "kind": "result",
        "clip": clip,
        "layers": _layers(result),
        "settings": list(astuple(settings)),
        "badge": settings.badge,
        "query": settings.query,
        "weak": _WEAK if settings.strength <= STRENGTHS["subtle"] else "",
        "times": list(times),
        "duration_s": report["duration_s"],
        "size": [report["width"], report["height"]],
        "verdict": {"level": level, "text": text},
        "notes": notes(report),
        "marks": marks(report),
        "files": [
            {"label": label, "url": address(named), "name": named.name} for label, _, named in files
        ],
    }


def intro(result: GaitResult | None) -> dict | None:
    """The player's value when the page opens: a result in a loop; None without a result."""
    if result is None:
        return None
    return {
        "kind": "intro",
        "clip": "intro",
        "layers": _layers(result),
        "settings": None,
        "begin_s": result.report["duration_s"] / 2,  # the walker is in the middle then
    }


def _layers(result: GaitResult) -> list[dict]:
    return [
        {"id": name, "name": label, "url": address(path)}
        for name, label, path in (
            ("original", "Original", result.original),
            ("binary", "New silhouette", result.binary),
            ("colorized", "New walker", result.colorized),
        )
    ]


def address(path: Path) -> str:
    """The address of a file for the page."""
    return f"gradio_api/file={quote(os.path.abspath(path))}"
