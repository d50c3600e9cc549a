"""The tab "Rate", in which people rate how natural walkers look."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import gradio as gr
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from gait_demo.errors import StudyError
from gait_demo.mos.desk import open_store
from gait_demo.mos.settings import StudySettings
from gait_demo.mos.store import Store
from gait_demo.mos.study import SCALE, Study
from gait_demo.mos.votes import Device, Trial, UnknownRater
from gait_demo.ui.results_tab import results_part

_HERE = Path(__file__).parent
_HTML = """
<section class="rate" aria-label="Rate how natural walkers look">
  <div class="stage"></div>
  <p class="news" role="status" aria-live="polite"></p>
  <div class="controls"></div>
</section>
"""
_OPEN_JS = """
() => {
  if (location.hash !== "#rate") return;
  const tabs = [...document.querySelectorAll("button[role=tab]")];
  tabs.find((tab) => tab.textContent.trim() === "Rate")?.click();
}
"""  # a link that ends in #rate opens the tab
_ANSWER_S = 4  # estimated time to decide on a rating
UNKNOWN = "Unknown rater"  # title of an error, for the page's script
_AT_ONCE = 40  # threads that wait for the database, separate from those of uploads and runs


def rating_tab(demo: gr.Blocks, settings: StudySettings) -> None:
    """Lays out the tab and connects its events. If there is no study, or its votes cannot be
    stored, the tab says so.

    Args:
        demo: the open Blocks.
        settings: of the study.
    """
    try:
        store = open_store(settings)
    except StudyError as error:
        gr.Markdown(f"Nothing can be rated here at the moment. {error}")
        return
    study = store.study
    gr.set_static_paths([study.path(clip) for clip in study.clips])  # study.json stays private
    for function in _api(store):
        gr.api(function, api_name=function.__name__, queue=False)
    gr.HTML(
        _told(study),
        html_template=_HTML,
        css_template=(_HERE / "rating.css").read_text(),
        js_on_load=(_HERE / "rating.js").read_text(),
        apply_default_css=False,
        elem_id="rating",
    )
    results_part(store, settings.admin_token)
    demo.load(None, js=_OPEN_JS)


def _told(study: Study) -> dict:
    """What the page's script is given at the start."""
    watched = sum(clip.duration_s for clip in study.clips) / len(study.clips)
    total = study.per_rater + len(study.of_role("gold"))
    return {
        "study": study.id,
        "unknown": UNKNOWN,
        "name": study.name,
        "question": study.question,
        "scale": list(SCALE.items()),
        "total": total,
        "minutes": math.ceil(total * (watched + _ANSWER_S) / 60),
    }


def _state(study: Study, trial: Trial) -> dict:
    """A trial for the page and the API, without conditions or data of other raters."""
    clip = trial.clip
    shown = {} if clip is None else {
        "video": f"gradio_api/file={quote(str(study.path(clip).resolve()))}",
        "width": clip.width,
        "height": clip.height,
        "duration_s": clip.duration_s,
        "training": clip.role == "training",
    }  # fmt: skip
    return {
        "clip": clip and clip.id,
        **shown,
        "position": trial.position,
        "total": trial.total,
        "rated": trial.rated,
        "score": trial.score,
        "can_go_back": trial.can_go_back,
    }


def _api(store: Store) -> list:
    """The API, for the page's script as well as for programs; the store enforces the rules."""
    desk = CapacityLimiter(_AT_ONCE)

    async def answered(answer: Callable[[], dict]) -> dict:
        try:
            return await run_sync(answer, limiter=desk)
        except StudyError as error:
            title = UNKNOWN if isinstance(error, UnknownRater) else "Error"
            raise gr.Error(str(error), title=title, print_exception=False) from error

    def joined() -> dict:
        token = store.join()
        return {"token": token, **_state(store.study, store.trial(token))}

    async def rate_join() -> dict:
        """Agree to take part (the page explains what that means).

        Returns the first clip, as `rate_next` does, and a `token`, which identifies you from then
        on; keep it secret."""
        return await answered(joined)

    async def rate_next(token: str) -> dict:
        """The clip to rate now, with the address of its `video`, and your progress; `clip` is null
        when all clips are rated."""
        return await answered(lambda: _state(store.study, store.trial(token)))

    async def rate_vote(token: str, clip: str, score: int, device: dict | None = None) -> dict:
        """Rate the clip that `rate_next` returned, from 1 (Bad) to 5 (Excellent), after it has
        played to its end. `device` may describe the device, see `mos.votes.Device`. Returns the
        next clip, as `rate_next` does."""
        seen_on = Device.of(device)
        return await answered(lambda: _state(store.study, store.vote(token, clip, score, seen_on)))

    async def rate_back(token: str) -> dict:
        """Go back to the previous clip, to change its rating. Returns it, as `rate_next` does."""
        return await answered(lambda: _state(store.study, store.back(token)))

    return [rate_join, rate_next, rate_vote, rate_back]
