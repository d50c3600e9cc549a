"""The page on which a walking video goes in and comes out with another gait."""

from __future__ import annotations

from dataclasses import dataclass, fields

import gradio as gr

from gait_demo.options import ANONYMIZERS
from gait_demo.ui.actions import READY, Actions
from gait_demo.ui.change import change_panel
from gait_demo.ui.examples import stored
from gait_demo.ui.gaits import gaits_to_choose
from gait_demo.ui.look import DESCRIPTION, PAGE_JS, TITLE
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

INTRODUCTION = f"# {TITLE}\n{DESCRIPTION}"
HIDDEN = """
<div class="hidden-or-not">
<p class="yes"><b>Changed:</b> the gait, that is how the body is built and how it moves, and the
height by up to 8 %. Of 40 made people, attackers who know this program and clear walks name the
right one by outlines in 11 % of walks (93 % in clear, 2.5 % by guessing); of 12 real people filmed
in one place, 14 % are told from the finished videos by their gait, 32 % by gait and clothes (93 %
in clear, 8 % by guessing).</p>
<p class="no"><b>Not changed:</b> the pose of who stands, runs, sits, lies, bends or is half hidden:
they get another outline, are named in the report, and may be recognised.</p>
<p class="no"><b>Not hidden:</b> speed, rhythm and path: by these and what is left of the height,
attackers name the right one in up to 42 % of walks before one camera; place and time; and, unless
you choose plain grey, clothes, logos and tattoos. Of the head no detail finer than about half its
radius is shown; that nobody can be recognised by the rest is not proven.</p>
<p class="gone"><b>Removed:</b> sound, because a voice is not anonymized.</p>
</div>
"""
MEASURED = (
    "**How much each strength hides.** Of 20 made people, seen at three views, attackers who know "
    "this program name the right one in 78 % of walks at subtle, in 19 % half way, in 17 % at "
    "someone else (guessing: 5 %). Who knows clear walks only: 53, 19 and 17 %. By shape, walks "
    "are told from clear ones 68, 85 and 87 times in 100 (guessing: 50). Measured with an earlier "
    "A-NET."
)
LIMITS = """
**Works well:** one to a few people who walk through the picture, seen from head to feet, at least
40 pixels tall, in good light, before a camera that stands still or shakes a little.

**Works badly:** crowds, people who cover each other for long, a camera that moves far. Who is lost
is erased or cleared rather than shown; watch the result before you pass it on.
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
_MISHAP = '<p id="mishap" role="alert" hidden></p>'  # errors of the connection, in place of toasts
_TRY_JS = "() => { document.querySelector('#examples button.gallery-item')?.click(); }"
_SETTINGS_JS = """(...now) => {
  document.dispatchEvent(new CustomEvent("gait-settings", {detail: now}));
}"""


@dataclass(frozen=True)
class Page:
    """The components that change."""

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
        """In the order of `Settings`."""
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
    """Lay out the page and wire it.

    Args:
        demo: the Blocks that is open.
        actions: what the page does.
        workers: how many runs go on at once.
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
                "A GIF, or a file that cannot be dropped here", size="sm", elem_id="other"
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
            more = "More: a part of it only, another network"
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
                0, MAX_SEED, value=0, step=1, label="Which new gait: every seed is another",
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
            with gr.Accordion("Not for everyone", open=False, visible=False) as choice:
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
                    info="By the numbers in the picture. Whoever is not chosen stays recognisable.",
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
    looking = {
        "fn": actions.choose(page), "inputs": page.source, "outputs": page.everything,
        "concurrency_id": "look", "concurrency_limit": 1, "show_progress_on": page.facts, **private,
    }  # fmt: skip
    engine = {"outputs": page.everything, "show_progress_on": page.player, **_heavy(workers)}
    inputs = [page.source, page.numbers, *page.settings]
    whole = {"fn": actions.run(page), "inputs": inputs, **engine, **private}
    quiet = {**_heavy(workers), "show_progress": "hidden", **private}

    looks = [
        page.source.upload(**looking),
        page.source.stop_recording(**looking),
        other.upload(**looking | {"inputs": other}),
    ]
    example = clicked.load_input_event.then(**looking)
    for look in (*looks, example):
        look.then(actions.settle, **at_once)
    shown = example.success(
        actions.example(page), [page.start, page.end], page.everything, **at_once
    )
    prepared = shown.success(
        actions.prepare(page), None, page.everything,
        **quiet | {"concurrency_id": "prepare", "concurrency_limit": None},
    )  # fmt: skip

    # The player presses `again` once a setting was left alone for a moment.
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
    previewed = [
        step.then(actions.preview(page), None, page.gaits, **idle) for step in (prepared, *runs)
    ]
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
    running = [*looks, example, prepared, *runs, *previewed]
    stop.click(actions.cancel, None, page.status, queue=False, cancels=running, **private)


def _api(actions: Actions, workers: int) -> None:
    """The endpoint for programs: the same engine and the same queue."""
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
    """A video that the server does not convert for the browser, which would take too long."""
    video = gr.Video(**options)
    video.postprocess = lambda value: None if value is None else gr.FileData(path=str(value))
    return video
