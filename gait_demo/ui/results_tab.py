"""The results of a rating study, for its owner."""

from __future__ import annotations

import atexit
import hmac
import shutil
import time
from pathlib import Path
from tempfile import mkdtemp

import gradio as gr
import plotly.graph_objects as go

from gait_demo.errors import StudyError
from gait_demo.mos.export import EXPORTS
from gait_demo.mos.results import STAGES, comparison, condition_rows, results, summary
from gait_demo.mos.store import Store
from gait_demo.mos.votes import Vote

_WRONG_S = 1.0  # delay after a wrong token
_ASIDE = 1.2  # degrees between the points of two methods in the plot
_CLIP_COLUMNS = [
    "clip", "method", "view", "subset", "person", "seed", "votes", "mos", "low", "high"
]  # fmt: skip
_WITH_THEME_JS = """
(token, stage) => [token, stage, document.body.classList.contains("dark")]
"""
_CLOSED = (
    "Results are for the owner of the study. Set GAIT_DEMO_ADMIN_TOKEN to see them here, or use "
    "`python -m gait_demo study stats`."
)


def results_part(store: Store, admin_token: str | None) -> None:
    """An accordion that shows the results to whoever enters the owner's token."""
    with gr.Accordion("For the owner of this study", open=False, elem_id="owner"):
        if admin_token is None:
            gr.Markdown(_CLOSED)
            return
        folder = Path(mkdtemp(prefix="gait-votes-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        with gr.Row():
            token = gr.Textbox(label="Owner's token", type="password", elem_id="owner-token")
            stage = gr.Dropdown(
                [(text[0].upper() + text[1:], name) for name, text in STAGES.items()],
                value="all", label="Which votes the plot and the clips show",
            )  # fmt: skip
        is_dark = gr.Checkbox(visible=False)
        show = gr.Button("Show results", variant="primary")
        plot = gr.Plot(visible=False, elem_id="owner-plot")
        text = gr.Markdown(elem_id="owner-summary")
        conditions = gr.Dataframe(
            headers=["method", "view", *STAGES], visible=False, elem_id="owner-conditions",
            label="MOS [95 % interval] (votes) by condition",
        )  # fmt: skip
        clips = gr.Dataframe(headers=_CLIP_COLUMNS, visible=False, label="MOS by clip")
        with gr.Row():
            downloads = [gr.DownloadButton(name, visible=False) for name in EXPORTS]

    def read(given: str, chosen: str, is_dark: bool):
        if not hmac.compare_digest(given.encode(), admin_token.encode()):
            time.sleep(_WRONG_S)
            return {text: "**This is not the owner's token.**"}
        votes = store.votes()
        if not votes:
            return {text: "There are no votes yet."}
        report = results(store.study, votes)
        rows = [[row[name] for name in _CLIP_COLUMNS] for row in report["stages"][chosen]["clips"]]
        files = zip(downloads, _files(store, votes, folder), strict=True)
        return {
            plot: gr.Plot(by_view(report, chosen, is_dark), visible=True),
            text: f"{summary(report)}\n\n{comparison(report, chosen)}",
            conditions: gr.Dataframe(condition_rows(report), visible=True),
            clips: gr.Dataframe(rows, visible=True),
            **dict(files),
        }

    gr.on(
        [show.click, token.submit, stage.input],
        read,
        inputs=[token, stage, is_dark],
        js=_WITH_THEME_JS,
        outputs=[plot, text, conditions, clips, *downloads],
        concurrency_id="owner",
        concurrency_limit=1,  # so that nobody can try many tokens at once
        api_visibility="private",
    )


def by_view(report: dict, stage: str, is_dark: bool = False) -> go.Figure:
    """The paper's Fig. 11: MOS by view angle with 95 % intervals, one line per method. A study
    without view angles is shown by method alone.

    Args:
        report: what `mos.results.results` returns.
        stage: one of STAGES.
        is_dark: whether the page is in dark mode.
    """
    part = report["stages"][stage]
    rows = [row for row in part["views"] if row["view"] is not None and row["mos"] is not None]
    views = sorted({row["view"] for row in rows})
    axis = {"title": "View angle (degrees)", "tickvals": views}
    if not rows:
        rows = [{**row, "view": 0} for row in part["methods"] if row["mos"] is not None]
        axis = {"visible": False}
    methods = list(dict.fromkeys(row["method"] for row in rows))
    figure = go.Figure()
    for number, method in enumerate(methods):
        points = [row for row in rows if row["method"] == method]
        aside = _ASIDE * (number - (len(methods) - 1) / 2)  # intervals must not overlap
        figure.add_scatter(
            name=method,
            x=[p["view"] + aside for p in points],
            y=[p["mos"] for p in points],
            customdata=[[p["view"], p["votes"]] for p in points],
            mode="lines+markers",
            error_y={
                "type": "data",
                "array": [0 if p["high"] is None else p["high"] - p["mos"] for p in points],
                "arrayminus": [0 if p["low"] is None else p["mos"] - p["low"] for p in points],
            },
            hovertemplate="%{y:.2f} at %{customdata[0]}°, %{customdata[1]} votes",
        )
    figure.update_layout(
        template="plotly_dark" if is_dark else "plotly_white",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        title={"text": "MOS by view angle, 95 % intervals", "font": {"size": 14}},
        xaxis=axis,
        yaxis={"title": "MOS", "range": [0.8, 5.2], "tickvals": [1, 2, 3, 4, 5]},
        legend={"orientation": "h", "y": -0.25},
        margin={"l": 50, "r": 20, "t": 60, "b": 60},
    )
    return figure


def _files(store: Store, votes: list[Vote], folder: Path) -> list[gr.DownloadButton]:
    buttons = []
    for name, write in EXPORTS.items():
        try:
            (folder / name).write_text(write(store.study, votes))
            buttons.append(gr.DownloadButton(value=str(folder / name), visible=True))
        except StudyError:  # so far, only gold items have votes
            buttons.append(gr.DownloadButton(visible=False))
    return buttons
