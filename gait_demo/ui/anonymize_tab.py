"""The page on which a walking video goes in and comes out with another gait."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from gait_demo.options import ANONYMIZERS, STRENGTHS
from gait_demo.ui.actions import READY, Actions
from gait_demo.ui.look import PLAYERS_JS
from gait_demo.ui.notice import weights_notice
from gait_demo.ui.options import EVERYONE
from gait_demo.ui.pictures import poster
from gait_demo.ui.summary import MAX_DURATION_S

MAX_SEED = 9999

INTRODUCTION = """
# Give a walker another gait
People can be recognised by the way they walk, as they can by a face. Choose a video: the walker
keeps the clothes, the place and the path, and gets **another body and another way of walking**.
"""
HIDDEN = """
<div class="hidden-or-not">
<p class="yes"><b>Changed:</b> the gait, that is how the body is built and how it moves. Of 40
made people, attackers who know this program name the right one in 7 % of walks (60 % in clear,
2.5 % by guessing); of 12 real people filmed in one place, 14 % are told from the finished videos by
their gait, 32 % by gait and clothes (93 % in clear, 8 % by guessing).</p>
<p class="no"><b>Not hidden:</b> the place; and, unless you choose plain grey, clothes, logos and
tattoos. The head is shown no sharper than 64 by 64 pixels of the whole body; whether that hides a
face is not proven.</p>
<p class="gone"><b>Removed:</b> sound, because a voice is not anonymized.</p>
</div>
"""
MEASURED = (
    "Of 20 made people, seen at three views, attackers who know this program name the right one "
    "in 78 % of walks at 1, subtle; in 19 % at 2, half way; in 17 % at 3, someone else (guessing: "
    "5 %). Who knows clear walks only: 53, 19 and 17 %. By shape, walks are told from clear ones "
    "68, 85 and 87 times in 100 (guessing: 50)."
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


@dataclass(frozen=True)
class Page:
    """The components that change."""

    source: gr.Video
    facts: gr.Markdown
    trim: gr.Row
    start: gr.Slider
    end: gr.Slider
    people: gr.Image
    chosen: gr.Radio
    seed: gr.Slider
    strength: gr.Slider
    colour: gr.Radio
    anonymizer: gr.Radio
    go: gr.Button
    status: gr.Markdown
    original: gr.Video
    binary: gr.Video
    colorized: gr.Video
    comparison: gr.Video
    found: gr.Markdown


def anonymize_tab(demo: gr.Blocks, actions: Actions, workers: int) -> None:
    """Lay out the page and wire it.

    Args:
        demo: the Blocks that is open.
        actions: what the page does.
        workers: how many runs go on at once.
    """
    gr.Markdown(INTRODUCTION)
    weights_notice(demo)
    gr.HTML(HIDDEN, padding=False)
    with gr.Row():
        with gr.Column(min_width=300):
            gr.Markdown("## 1. Choose a walking video")
            source = _shown_as_it_is(
                label=f"Upload or record: whole body, up to {MAX_DURATION_S} s",
                sources=["upload", "webcam"],
                webcam_options=gr.WebcamOptions(mirror=False),
                height=300,
                elem_id="source",
            )
            other = gr.UploadButton(
                "A GIF, or a file that cannot be dropped here", size="sm", elem_id="other"
            )
            facts = gr.Markdown(visible=False, elem_id="facts")
            with gr.Row(visible=False) as trim:
                start = gr.Slider(0, 1, 0, step=0.1, label="From, in seconds", elem_id="start")
                end = gr.Slider(0, 1, 1, step=0.1, label="To, in seconds", elem_id="end")
        with gr.Column(min_width=300):
            clicked = gr.Examples(
                [[poster(path, actions.posters), str(path)] for path in actions.examples],
                inputs=[gr.Image(visible=False), source],
                visible_columns=[0],
                label="No video at hand? Click one: it runs at once",
                cache_examples=False,
                elem_id="examples",
            )
            gr.Markdown("## 2. Anonymize")
            seed = gr.Slider(
                0, MAX_SEED, value=0, step=1, label="Noise seed",
                info="Every number is another gait. Move it after a run to see another result.",
                elem_id="seed",
            )  # fmt: skip
            strength = gr.Slider(
                1, len(STRENGTHS), value=len(STRENGTHS), step=1, label="Strength",
                info=MEASURED, elem_id="strength",
            )  # fmt: skip
            colour = gr.Radio(
                [
                    ("Sharp: the video's own pixels", "sharp"),
                    ("C-NET, as in the paper", "paper"),
                    ("Plain grey: the clothes are hidden too", "plain"),
                ],
                value="sharp", label="Colours",
                info="Of the head, none shows more than what 64 by 64 pixels hold.",
                elem_id="colour",
            )  # fmt: skip
            with gr.Accordion("Advanced", open=False):
                anonymizer = gr.Radio(
                    [(name, key) for key, name in ANONYMIZERS.items()],
                    value=next(iter(ANONYMIZERS)), label="Network that makes the gait",
                    info="ST-GAN is the baseline: it hides less, and has C-NET's colours.",
                    elem_id="anonymizer",
                )  # fmt: skip
            with gr.Row():
                go = gr.Button("Anonymize", variant="primary", scale=3, interactive=False)
                stop = gr.Button("Cancel", variant="stop", scale=1)
            status = gr.Markdown(READY, elem_id="status")
            people = gr.Image(
                label="The people who were found",
                visible=False,
                interactive=False,
                height=240,
                buttons=["fullscreen"],
                elem_id="people",
            )
            chosen = gr.Radio(
                [("Everyone", EVERYONE)], value=EVERYONE, label="Who gets another gait",
                info="By the numbers in the picture. Whoever is not chosen stays recognisable.",
                visible=False, elem_id="who",
            )  # fmt: skip
    gr.Markdown("## 3. Compare")
    with gr.Row(elem_id="players"):
        original = _player("Original", "original")
        binary = _player("New silhouette (A-NET)", "binary")
        colorized = _player("New walker in colour", "colorized")
    with gr.Accordion("All three in one clip, to download", open=False):
        comparison = _player("Comparison", "comparison")
    found = gr.Markdown(visible=False, elem_id="found")
    with gr.Row():
        for text in (LIMITS, RETENTION):
            with gr.Column(min_width=300):
                gr.Markdown(text)
    page = Page(
        source, facts, trim, start, end, people, chosen, seed, strength, colour, anonymizer, go,
        status, original, binary, colorized, comparison, found,
    )  # fmt: skip
    _wire(demo, actions, workers, page, stop, clicked, other)
    _api(actions, workers)


def _wire(demo, actions: Actions, workers: int, page: Page, stop, clicked, other) -> None:
    demo.load(None, js=PLAYERS_JS)
    demo.unload(actions.leave)
    everything = [getattr(page, name) for name in Page.__dataclass_fields__]
    private = {"api_visibility": "private"}
    looking = {
        "fn": actions.choose(page), "inputs": page.source, "outputs": everything,
        "concurrency_id": "look", "concurrency_limit": 1, "show_progress_on": page.facts, **private,
    }  # fmt: skip
    engine = {
        "inputs": [
            page.source, page.start, page.end, page.seed, page.chosen, page.strength, page.colour,
            page.anonymizer,
        ],
        "outputs": everything, "show_progress_on": page.status, **private, **_heavy(workers),
    }  # fmt: skip
    whole, again = {"fn": actions.run(page), **engine}, {"fn": actions.rerun(page), **engine}
    runs = [
        page.source.upload(**looking),
        page.source.stop_recording(**looking),
        other.upload(**looking | {"inputs": other}),
        clicked.load_input_event.then(**looking),
    ]
    runs += [
        page.go.click(**whole),
        runs[-1].success(**whole),
        page.seed.release(**again, trigger_mode="always_last"),
        page.chosen.input(**again, trigger_mode="always_last"),
        page.strength.release(**again, trigger_mode="always_last"),
        page.colour.input(**again, trigger_mode="always_last"),
        page.anonymizer.input(**again, trigger_mode="always_last"),
    ]
    page.source.clear(actions.forget(page), None, everything, queue=False, **private)
    gr.on(
        [page.start.change, page.end.change], actions.describe, [page.start, page.end], page.facts,
        queue=False, show_progress="hidden", trigger_mode="always_last", **private,
    )  # fmt: skip
    stop.click(actions.cancel, None, page.status, queue=False, cancels=runs, **private)


def _api(actions: Actions, workers: int) -> None:
    """The endpoint for programs: the same engine and the same queue."""
    inputs = [
        _shown_as_it_is(visible=False, label="video"),
        gr.Number(0, visible=False, label="seed", precision=0),
        gr.Number(EVERYONE, visible=False, label="person", precision=0),
        gr.Number(0, visible=False, label="start"),
        gr.Number(0, visible=False, label="end"),
        gr.Number(1, visible=False, label="strength"),
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


def _player(label: str, name: str) -> gr.Video:
    return gr.Video(
        label=label,
        interactive=False,
        autoplay=True,
        loop=True,
        min_width=280,
        elem_id=name,
        elem_classes="player",
        buttons=["download"],
    )
