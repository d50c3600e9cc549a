"""The main tab of the page, in which a video is anonymized."""

from __future__ import annotations

from dataclasses import dataclass, fields

import gradio as gr

from gait_demo.options import ANONYMIZERS
from gait_demo.ui.actions import READY, Actions
from gait_demo.ui.change import change_panel
from gait_demo.ui.examples import stored
from gait_demo.ui.gaits import gaits_to_choose
from gait_demo.ui.notice import weights_notice
from gait_demo.ui.options import (
    ANONYMIZER,
    COLOUR_CHOICES,
    EVERYONE,
    FULL,
    MAX_DURATION_S,
    MAX_SEED,
    STRENGTH_CHOICES,
)
from gait_demo.ui.pictures import poster
from gait_demo.ui.player import intro, player
from gait_demo.ui.several import MOST
from gait_demo.ui.theme import DESCRIPTION, PAGE_JS, TITLE

INTRODUCTION = f"# {TITLE}\n{DESCRIPTION}"
HIDDEN = """
<div class="hidden-or-not">
<p class="yes"><b>Changed:</b> the gait, that is the build of the body and the way it moves, the
height by up to 8 %, and the pace: new walkers fall up to 0.6 seconds behind, and take longer or
shorter strides. In a test with 40 synthetic people, an attacker who knows this program and has
original walks of all of them names the right one by how they look and move in 8 % of walks (94 % if
nothing is changed, 2.5 % by guessing), in 13 % if your seed is known as well, and finds out in 7 %
which other result is of the same person; if outlines are without defects, in 10, 25 and 10 %. Of
walks of 12 real people filmed in one place, 16 % are recognised in finished videos in plain grey
(93 % if nothing is changed, 8 % by guessing). Take any gait that looks natural, not the one least
like the walker, by which they might be told.</p>
<p class="no"><b>Not changed:</b> the pose of people who stand, run, sit, lie, bend or are half
hidden: they only get another outline, are named in the report, and may be recognised.</p>
<p class="no"><b>Not hidden:</b> the path, and in part speed and height: by all that one camera
shows, an attacker names the right one of the 40 people in 18 % of walks, in 33 % if outlines are
without defects, and in 38 to 63 % if six videos show the same person. Also not hidden: place and
time and, unless you choose plain grey, clothes, logos and tattoos: in the colours of their clothes,
51 % of the walks of the 12 real people are recognised. The head shows no detail finer than about
half its radius; that nobody can be recognised by the rest is not proven.</p>
<p class="gone"><b>Removed:</b> the sound, because voices are not anonymized.</p>
</div>
"""
MEASURED = (
    "**How much each strength hides.** In a test with 20 synthetic people at three view angles, an "
    "attacker who knows this program names the right one in 78 % of walks with “Subtle”, 19 % with "
    "“Half way” and 17 % with “Someone else” (5 % by guessing). An attacker who knows only "
    "original walks: 53, 19 and 17 %. Results are told from original walks by shape in 68, 85 and "
    "87 of 100 cases (50 by guessing). Measured with an earlier version of A-NET."
)
LIMITS = """
**Works well:** one to a few people who walk through the picture, seen from head to feet, at least
40 pixels tall, in good light, before a camera that stands still or shakes a little.

**Works badly:** crowds, people who hide each other for a long time, a camera that moves far. Where
the program loses a person, only the place where they should be is painted over, and they may still
be visible elsewhere: watch the result before you pass it on.
"""
RETENTION = """
**Your files:** what you upload or record, and its results, are kept apart from everybody else's,
are used for nothing but your run, and are deleted when you close or reload this page, or have not
used it for an hour. Nothing about them is logged, and there are no analytics.
"""
_UNPLAYABLE = """
<p id="unplayable" role="status" hidden>Your browser cannot show this video. That is no obstacle: it
can be anonymized all the same.</p>
"""
_MISHAP = '<p id="mishap" role="alert" hidden></p>'  # connection errors, instead of toasts
_TRY_JS = "() => { document.querySelector('#examples button.gallery-item')?.click(); }"
_SETTINGS_JS = """(...now) => {
  document.dispatchEvent(new CustomEvent("gait-settings", {detail: now}));
}"""


@dataclass(frozen=True)
class Page:
    """The components that event handlers read or update."""

    source: gr.Video
    facts: gr.Markdown
    trim: gr.Accordion
    start: gr.Slider
    end: gr.Slider
    choice: gr.Accordion
    people: gr.Image
    numbers: gr.Textbox
    chosen: gr.Radio
    seed: gr.Slider
    strength: gr.Radio
    colour: gr.Radio
    anonymizer: gr.Radio
    go: gr.Button
    status: gr.Markdown
    trouble: gr.Markdown
    mend: gr.Button
    mended: gr.State
    player: gr.HTML
    found: gr.Markdown
    details: gr.Markdown
    change: gr.HTML
    gaits: gr.HTML

    @property
    def everything(self) -> list:
        return [getattr(self, field.name) for field in fields(self)]

    @property
    def settings(self) -> list:
        """The controls, in the order of `Settings`."""
        return [
            self.start,
            self.end,
            self.seed,
            self.chosen,
            self.strength,
            self.colour,
            self.anonymizer,
        ]


def anonymize_tab(demo: gr.Blocks, actions: Actions, workers: int) -> None:
    """Lays out the tab and connects its events.

    Args:
        demo: the open Blocks.
        actions: the event handlers.
        workers: number of runs at a time.
    """
    with gr.Row(elem_id="intro"):
        gr.Markdown(INTRODUCTION)
        attempt = gr.Button("Try an example", variant="primary", elem_id="try", scale=0)
    weights_notice(demo)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            source = _shown_as_it_is(
                label=f"Your video: whole body, up to {MAX_DURATION_S} s",
                sources=["upload", "webcam"],
                webcam_options=gr.WebcamOptions(mirror=False),
                height=160,
                elem_id="source",
            )
            gr.HTML(_UNPLAYABLE, padding=False, elem_id="note")
            other = gr.UploadButton(
                "A GIF, or a file that is not accepted above", size="sm", elem_id="other"
            )
            clicked = gr.Examples(
                [[poster(path, actions.folder), str(path)] for path in actions.examples],
                inputs=[gr.Image(visible=False), source],
                visible_columns=[0],
                label="Or an example",
                cache_examples=False,
                elem_id="examples",
            )
            facts = gr.Markdown(visible=False, elem_id="facts")
            more = "More options: only a part of the video, another network"
            with gr.Accordion(more, open=False, visible=False) as trim:
                with gr.Row():
                    start = gr.Slider(0, 1, 0, step=0.1, label="From, in seconds", elem_id="start")
                    end = gr.Slider(0, 1, 1, step=0.1, label="To, in seconds", elem_id="end")
                anonymizer = gr.Radio(
                    [(name, key) for key, name in ANONYMIZERS.items()],
                    value=ANONYMIZER, label="Network that makes the gait",
                    info="ST-GAN is the baseline: it hides less, and has C-NET's colours.",
                    elem_id="anonymizer",
                )  # fmt: skip
            seed = gr.Slider(
                0, MAX_SEED, value=0, step=1, label="New gait: every number (seed) gives another",
                elem_id="seed",
            )  # fmt: skip
            pictured = gaits_to_choose()
            strength = gr.Radio(
                STRENGTH_CHOICES, value=FULL, label="How different", elem_id="strength"
            )
            colour = gr.Radio(COLOUR_CHOICES, value="sharp", label="Look", elem_id="colour")
            with gr.Row():
                go = gr.Button(
                    "Hide who is walking", variant="primary", scale=3, interactive=False,
                    elem_id="go",
                )  # fmt: skip
                stop = gr.Button("Cancel", variant="stop", scale=1, min_width=90, elem_id="stop")
            status = gr.Markdown(READY, elem_id="status")
            trouble = gr.Markdown(visible=False, elem_id="trouble")
            gr.HTML(_MISHAP, padding=False, elem_id="mishap-block")
            mend = gr.Button(visible=False, elem_id="mend")
            with gr.Accordion("Only one person", open=False, visible=False) as choice:
                people = gr.Image(
                    label="The people who were found",
                    interactive=False,
                    height=220,
                    buttons=["fullscreen"],
                    elem_id="people",
                )
                numbers = gr.Textbox(visible="hidden", elem_id="numbers")
                chosen = gr.Radio(
                    [("Everyone", EVERYONE)], value=EVERYONE, label="Who gets another gait",
                    info="Numbers as in the picture. Everybody else stays recognisable.",
                    elem_id="who",
                )  # fmt: skip
            with gr.Accordion("Several videos at once", open=False, elem_id="several"):
                dropped = gr.File(
                    label=f"Up to {MOST} videos: everyone in them gets another gait",
                    file_count="multiple",
                    height=140,
                )
                everything = gr.Button("Hide everyone in all of them", elem_id="go-several")
                lines = gr.Markdown(elem_id="lines")
                archive = gr.DownloadButton(
                    "Download all results and reports (ZIP)", visible=False, variant="primary"
                )
        with gr.Column(scale=7, min_width=320, elem_id="result"):
            first = actions.examples[-1]
            shown = player(intro(stored(first)))
            with gr.Accordion("What changed", open=True, elem_id="changes"):
                changed = change_panel()
    with gr.Accordion("How well does it hide?", open=False, elem_id="hiding"):
        gr.HTML(HIDDEN, padding=False)
        found = gr.Markdown(visible=False, elem_id="found")
        gr.Markdown(MEASURED)
    with gr.Accordion("Details of this run", open=False, elem_id="details"):
        details = gr.Markdown("")
    with gr.Row():
        for text in (LIMITS, RETENTION):
            with gr.Column(min_width=300):
                gr.Markdown(text)
    page = Page(
        source, facts, trim, start, end, choice, people, numbers, chosen, seed, strength, colour,
        anonymizer, go, status, trouble, mend, gr.State(), shown, found, details, changed,
        pictured,
    )  # fmt: skip
    again = gr.Button(visible="hidden", elem_id="again")
    attempt.click(None, js=_TRY_JS)
    everything.click(
        actions.several,
        [dropped, page.seed, page.strength, page.colour, page.anonymizer],
        [lines, archive],
        concurrency_id="several", concurrency_limit=None, show_progress="hidden",
        api_visibility="private",
    )  # fmt: skip
    _wire(demo, actions, workers, page, stop, clicked, other, again)
    _api(actions, workers)


def _wire(demo, actions: Actions, workers: int, page: Page, stop, clicked, other, again) -> None:
    private = {"api_visibility": "private"}
    at_once = {"queue": False, "show_progress": "hidden", **private}
    demo.load(None, js=PAGE_JS)
    demo.load(actions.linked, None, [page.seed, page.strength, page.colour], **at_once)
    demo.unload(actions.leave)
    inspecting = {
        "fn": actions.choose(page), "inputs": page.source, "outputs": page.everything,
        "concurrency_id": "inspection", "concurrency_limit": 1, "show_progress_on": page.facts,
        **private,
    }  # fmt: skip
    engine = {"outputs": page.everything, "show_progress_on": page.player, **_heavy(workers)}
    inputs = [page.source, page.numbers, *page.settings]
    whole = {"fn": actions.run(page), "inputs": inputs, **engine, **private}
    quiet = {**_heavy(workers), "show_progress": "hidden", **private}

    inspections = [
        page.source.upload(**inspecting),
        page.source.stop_recording(**inspecting),
        other.upload(**inspecting | {"inputs": other}),
    ]
    example = clicked.load_input_event.then(**inspecting)
    for inspection in (*inspections, example):
        inspection.then(actions.settle, **at_once)
    shown = example.success(
        actions.example(page), [page.start, page.end], page.everything, **at_once
    )
    prepared = shown.success(
        actions.prepare(page), None, page.everything,
        **quiet | {"concurrency_id": "prepare", "concurrency_limit": None},
    )  # fmt: skip

    # The player's script presses `again` when the settings have not changed for a moment.
    superseded = again.click(actions.supersede(page), page.settings, page.everything, **at_once)
    mended = page.mend.click(actions.mend(page), page.mended, page.everything, **at_once)
    begun = page.go.click(actions.begin(page), None, page.everything, **at_once)
    runs = [
        begun.success(**whole),
        mended.success(**whole),
        superseded.success(**whole | {"fn": actions.rerun(page)}, trigger_mode="always_last"),
    ]
    idle = {
        **quiet,
        "concurrency_id": "idle",
        "concurrency_limit": 1,
        "trigger_mode": "always_last",
    }
    previewed = [step.then(actions.preview, None, page.gaits, **idle) for step in (prepared, *runs)]
    page.gaits.select(actions.take_gait, None, page.seed, **at_once)
    gr.on(
        [setting.change for setting in page.settings], None, page.settings, js=_SETTINGS_JS,
        **private,
    )  # fmt: skip
    page.source.clear(actions.forget(page), None, page.everything, queue=False, **private)
    gr.on(
        [page.start.change, page.end.change], actions.describe, [page.start, page.end], page.facts,
        trigger_mode="always_last", **at_once,
    )  # fmt: skip
    running = [*inspections, example, prepared, *runs, *previewed]
    stop.click(actions.cancel, None, page.status, queue=False, cancels=running, **private)


def _api(actions: Actions, workers: int) -> None:
    """The API endpoint for programs, with the same engine and queue."""
    inputs = [
        _shown_as_it_is(visible=False, label="video"),
        gr.Number(0, visible=False, label="seed", precision=0),
        gr.Number(EVERYONE, visible=False, label="person", precision=0),
        gr.Number(0, visible=False, label="start"),
        gr.Number(0, visible=False, label="end"),
        gr.Number(1, visible=False, label="strength"),
        gr.Textbox("sharp", visible=False, label="colour"),
        gr.Textbox(ANONYMIZER, visible=False, label="anonymizer"),
        gr.Textbox("", visible=False, label="numbers"),
    ]
    names = ("original", "binary", "colorized", "comparison")
    outputs = [_shown_as_it_is(visible=False, label=name) for name in names]
    outputs.append(gr.JSON(visible=False, label="report"))
    gr.Button(visible=False).click(
        actions.anonymize, inputs, outputs, api_name="anonymize", **_heavy(workers)
    )


def _heavy(workers: int) -> dict:
    return {"concurrency_id": "engine", "concurrency_limit": workers}


def _shown_as_it_is(**options) -> gr.Video:
    """A video component that skips Gradio's conversion for browsers, which takes too long."""
    video = gr.Video(**options)
    video.postprocess = lambda value: None if value is None else gr.FileData(path=str(value))
    return video
