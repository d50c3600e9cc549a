"""The page on which a walking video goes in and comes out with another gait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import gradio as gr

from gait_demo.config import AnonymizeOptions, PipelineOptions, VideoOptions
from gait_demo.errors import GaitDemoError
from gait_demo.pipeline import Models, Pipeline, Progress
from gait_demo.structures import Track
from gait_demo.ui.look import TOGETHER_JS
from gait_demo.ui.pictures import numbered, poster
from gait_demo.ui.session import Cancelled, Session
from gait_demo.ui.summary import summarise

MAX_DURATION_S = 60
MAX_SEED = 9999
EVERYONE = 0  # among the choices of whom to change; the others are track ids
_REPORT_EVERY_S = 0.2

INTRODUCTION = """
# Give a walker another gait
People can be recognised by the way they walk, as they can by a face. Choose a video: the walker
keeps the clothes, the place and the path, and gets **another body and another way of walking**.
"""
HIDDEN = """
<div class="hidden-or-not">
<p class="yes"><b>Changed:</b> the gait, that is how the body is built and how it moves. How well
that hides a person has not been measured yet.</p>
<p class="no"><b>Not hidden:</b> clothing, the place, and (as far as is known) the face.</p>
<p class="gone"><b>Removed:</b> sound, because a voice is not anonymized.</p>
</div>
"""
READY = "Click an example, or choose a video and press Anonymize."
STAGES = {
    "background": "Learning the background",
    "tracks": "Finding the walker",
    "silhouettes": "Cutting out silhouettes",
    "anonymize": "A-NET: another gait",
    "render": "C-NET: colours, and putting the walker back",
}


def anonymize_tab(demo: gr.Blocks, models: Models, examples: list[Path], folder: Path) -> None:
    """Lay out the page and wire it.

    Args:
        demo: the Blocks that is open.
        models: what every run shares.
        examples: clips that run with one click.
        folder: where visitors' files are kept while they visit; the app must serve it.
    """
    options = PipelineOptions(video=VideoOptions(max_duration_s=MAX_DURATION_S))

    def run(
        session: Session | None,
        source: str | None,
        seed: float,
        who: int,
        progress=gr.Progress(),  # noqa: B008
    ):
        if not source or session is None:
            raise gr.Error(READY, title="No video yet", print_exception=False)
        began = perf_counter()
        analysis = session.analysis_of(Path(source))
        if analysis is None:
            with _sentences(), session.run() as (folder, check):
                report = _reporter(progress, check)
                analysis = Pipeline(models, options).analyse(Path(source), folder, report)
                walkers = [person.track for person in analysis.people if person.walks]
                picture = numbered(analysis.original, walkers, folder)
                session.analysis = analysis
            who = EVERYONE
            yield {people: gr.Image(picture, visible=True), chosen: _choices(walkers)}
        person = AnonymizeOptions(person=who or None)
        with _sentences(), session.run() as (folder, check):
            report = _reporter(progress, check)
            pipeline = Pipeline(models, replace(options, anonymize=person))
            result = pipeline.render(analysis, folder, int(seed), report)
        yield {
            original: result.original,
            binary: result.binary,
            colorized: result.colorized,
            comparison: result.comparison,
            status: summarise(result.report, perf_counter() - began),
        }

    def rerun(
        session: Session | None,
        source: str | None,
        seed: float,
        who: int,
        progress=gr.Progress(),  # noqa: B008
    ):
        if not source or session is None or session.analysis_of(Path(source)) is None:
            yield {status: READY}
        else:
            yield from run(session, source, seed, who, progress)

    def forget(session: Session | None):
        if session is not None:
            session.forget()
        return gr.Image(None, visible=False), gr.Radio(value=EVERYONE, visible=False)

    def cancel(session: Session) -> str:
        session.cancel()
        return "Stopped. No result of that run was kept."

    session = gr.State(None, delete_callback=lambda held: held and held.close())
    gr.Markdown(INTRODUCTION)
    gr.HTML(HIDDEN)
    with gr.Row():
        with gr.Column(min_width=300):
            gr.Markdown("### 1. Choose a walking video")
            source = gr.Video(
                label="Whole body, up to 60 s",
                sources=["upload", "webcam"],
                webcam_options=gr.WebcamOptions(mirror=False),
                height=260,
                elem_id="source",
            )
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
        with gr.Column(min_width=300):
            clicked = gr.Examples(
                [[poster(path, folder), str(path)] for path in examples],
                inputs=[gr.Image(visible=False), source],
                visible_columns=[0],
                label="No video at hand? Click one: it runs at once",
                cache_examples=False,
                elem_id="examples",
            )
            gr.Markdown("### 2. Anonymize")
            seed = gr.Slider(
                0, MAX_SEED, value=0, step=1, label="Noise seed",
                info="Every number is another gait. Move it after a run to see another result.",
                elem_id="seed",
            )  # fmt: skip
            with gr.Row():
                start = gr.Button("Anonymize", variant="primary", scale=3)
                stop = gr.Button("Cancel", variant="stop", scale=1)
            status = gr.Markdown(READY, elem_id="status")
    gr.Markdown("### 3. Compare")
    with gr.Row(elem_id="players"):
        original = _player("Original", "original")
        binary = _player("New silhouette (A-NET)", "binary")
        colorized = _player("New walker in colour (C-NET)", "colorized")
    with gr.Accordion("All three in one clip, to download", open=False):
        comparison = _player("Comparison", "comparison")

    demo.load(lambda: Session(folder), outputs=session, api_visibility="private")
    demo.load(None, js=TOGETHER_JS)
    engine = {"concurrency_id": "engine", "concurrency_limit": 1, "show_progress_on": status}
    inputs = [session, source, seed, chosen]
    outputs = [original, binary, colorized, comparison, status, people, chosen]
    whole = {"fn": run, "inputs": inputs, "outputs": outputs, **engine}
    half = {"fn": rerun, "inputs": inputs, "outputs": outputs, **engine}
    runs = [
        start.click(**whole, api_visibility="private"),
        clicked.load_input_event.then(**whole, api_visibility="private"),
        seed.release(**half, trigger_mode="always_last", api_visibility="private"),
        chosen.input(**half, trigger_mode="always_last", api_visibility="private"),
    ]
    source.change(forget, session, [people, chosen], queue=False, api_visibility="private")
    stop.click(cancel, session, status, queue=False, cancels=runs, api_visibility="private")


def _choices(tracks: list[Track]) -> gr.Radio:
    """Everyone, or one of those who were found; nothing to choose where there is only one."""
    numbers = sorted(track.track_id for track in tracks)
    choices = [("Everyone", EVERYONE), *((f"Only person {n}", n) for n in numbers)]
    return gr.Radio(choices, value=EVERYONE, visible=len(numbers) > 1)


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


def _reporter(progress: gr.Progress, check: Callable[[], None]) -> Progress:
    shown_s = 0.0

    def report(stage: str, done: int, total: int) -> None:
        nonlocal shown_s
        check()
        if perf_counter() - shown_s > _REPORT_EVERY_S:
            shown_s = perf_counter()
            progress((done, total or None), desc=STAGES.get(stage, stage), unit="frames")

    return report


@contextmanager
def _sentences() -> Iterator[None]:
    """Shows what the package says to the visitor; a run that was cancelled says nothing."""
    try:
        yield
    except GaitDemoError as error:
        raise gr.Error(
            str(error), title="This did not work", duration=None, print_exception=False
        ) from error
    except Cancelled as error:
        raise gr.Error(visible=False, print_exception=False) from error
