"""The page on which a walking video goes in and comes out with another gait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import perf_counter

import cv2
import gradio as gr
import numpy as np

from gait_demo.config import PipelineOptions, VideoOptions
from gait_demo.errors import GaitDemoError
from gait_demo.pipeline import Models, Pipeline, Progress
from gait_demo.structures import GaitResult
from gait_demo.ui.look import TOGETHER_JS
from gait_demo.ui.session import Cancelled, Session
from gait_demo.video import probe, read_frames

MAX_DURATION_S = 60
MAX_SEED = 9999
POSTER_CHOICES = 8
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
    pipeline = Pipeline(models, PipelineOptions(video=VideoOptions(max_duration_s=MAX_DURATION_S)))

    def run(session: Session | None, source: str | None, seed: float, progress=gr.Progress()):  # noqa: B008
        if not source or session is None:
            raise gr.Error(READY, title="No video yet", print_exception=False)
        session.forget()
        began = perf_counter()
        with _sentences(), session.run() as (folder, check):
            report = _reporter(progress, check)
            analysis = pipeline.analyse(Path(source), folder / "clip", report)
            result = pipeline.render(analysis, folder / "result", int(seed), report)
            session.analysis = analysis
        return analysis.original, *_shown(result, perf_counter() - began)

    def rerun(session: Session | None, seed: float, progress=gr.Progress()):  # noqa: B008
        analysis = session and session.analysis
        if analysis is None:
            return gr.skip(), gr.skip(), gr.skip(), READY
        began = perf_counter()
        with _sentences(), session.run() as (folder, check):
            report = _reporter(progress, check)
            result = pipeline.render(analysis, folder / "result", int(seed), report)
        return _shown(result, perf_counter() - began)

    def forget(session: Session | None) -> None:
        if session is not None:
            session.forget()

    def cancel(session: Session) -> str:
        session.cancel()
        return "Stopped. Nothing of that run was kept."

    session = gr.State(None, delete_callback=lambda held: held and held.close())
    gr.Markdown(INTRODUCTION)
    gr.HTML(HIDDEN)
    with gr.Row():
        with gr.Column(min_width=300):
            gr.Markdown("### 1. Choose a walking video")
            source = gr.Video(
                label="Camera still, whole body, up to 60 s",
                sources=["upload", "webcam"],
                webcam_options=gr.WebcamOptions(mirror=False),
                height=260,
                elem_id="source",
            )
        with gr.Column(min_width=300):
            clicked = gr.Examples(
                [[_poster(path, folder), str(path)] for path in examples],
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
    whole = {
        "fn": run,
        "inputs": [session, source, seed],
        "outputs": [original, binary, colorized, comparison, status],
        **engine,
    }
    runs = [
        start.click(**whole, api_visibility="private"),
        clicked.load_input_event.then(**whole, api_visibility="private"),
        seed.release(
            rerun,
            [session, seed],
            [binary, colorized, comparison, status],
            **engine,
            trigger_mode="always_last",
            api_visibility="private",
        ),
    ]
    source.change(forget, session, queue=False, api_visibility="private")
    stop.click(cancel, session, status, queue=False, cancels=runs, api_visibility="private")


def summarise(report: dict, spent_s: float) -> str:
    """The report of a run, and the seconds it took, as a few plain sentences."""
    people = report["people"] - report["people_removed"]
    who = "One walker was" if people == 1 else f"{people} walkers were"
    sentences = [
        f"**{who} anonymized** with seed {report['seed']}, "
        f"in {report['frames_covered']} of {report['frames_in']} frames."
    ]
    if report["frames_held"]:
        sentences.append(
            f"In {report['frames_held']} of them a walker was not to be seen well, and the last "
            "good look was held."
        )
    if report["frames_erased"]:
        sentences.append(
            f"In {report['frames_erased']} frames something else moved and was replaced by "
            "background."
        )
    if report["people_removed"]:
        sentences.append(f"{report['people_removed']} more were replaced by background.")
    sentences.append(
        f"The clip keeps its {report['fps']:.4g} frames per second and "
        f"{report['duration_s']:.1f} s; this took {spent_s:.0f} s."
    )
    return " ".join(sentences)


def _poster(clip: Path, folder: Path) -> str:
    """The path of a picture of a clip: of a few frames the one that is least like the others."""
    step = max(1, (probe(clip).frames or 1) // POSTER_CHOICES)
    frames = np.stack([frame.rgb for frame in islice(read_frames(clip), None, None, step)])
    unlike = np.abs(frames - frames.mean(axis=0)).mean(axis=(1, 2, 3))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{clip.stem}.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(frames[unlike.argmax()], cv2.COLOR_RGB2BGR))
    return str(path)


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


def _shown(result: GaitResult, spent_s: float) -> tuple[Path, Path, Path, str]:
    return result.binary, result.colorized, result.comparison, summarise(result.report, spent_s)


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
