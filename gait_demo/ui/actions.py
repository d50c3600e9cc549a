"""What happens when a visitor does something on the page, or a program calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import gradio as gr

from gait_demo.errors import GaitDemoError, VideoError
from gait_demo.options import PipelineOptions, VideoOptions
from gait_demo.serving.engine import Cancelled, Engine
from gait_demo.serving.pace import Pace
from gait_demo.types import GaitResult
from gait_demo.ui.options import EVERYONE, options_of, strength_of
from gait_demo.ui.session import Analysed, Session, Sessions
from gait_demo.ui.summary import MAX_DURATION_S, describe, place_in_crowd, summarise
from gait_demo.ui.telling import reporter, said, sentences

READY = "Click an example, or choose a video and press Anonymize."
_TRIM_STEP_S = 0.1


class Actions:
    """Joins visitors' sessions with the engine.

    Args:
        engine: for runs.
        looker: for the quick looks before them, which must not wait for runs.
        sessions: of all visitors.
        examples: clips that run with one click.
        posters: a folder for pictures of them.
    """

    def __init__(
        self,
        engine: Engine,
        looker: Engine,
        sessions: Sessions,
        examples: list[Path],
        posters: Path,
    ):
        self._engine = engine
        self._looker = looker
        self._sessions = sessions
        self.examples = examples
        self.posters = posters
        self.pace: Pace | None = None  # of the last run

    def measure_pace(self) -> None:
        """Learn how fast this machine is, from a second of an example, before anybody runs."""
        options = PipelineOptions(video=VideoOptions(end_s=1))
        with suppress(GaitDemoError):
            self._looker.run("look", self.examples[0], options)  # the first one is slow
            self.pace = Pace.of(self._engine.run("warm_up", self.examples[0], options))

    def choose(self, page) -> Callable:
        """Another clip is on the page: look what it is."""

        def choose(source: str | None, request: gr.Request) -> dict:
            session = self._sessions.of(request.session_hash)
            with sentences():
                if not source:
                    raise VideoError(READY)
                clip = session.take(Path(source), self.examples)
                session.forget(but=clip)
                try:
                    session.look = self._looker.run("look", clip, PipelineOptions())
                except GaitDemoError as error:
                    session.forget()
                    return _cleared(page) | {
                        page.source: None,
                        page.facts: gr.Markdown(f"**{said(error)}**", visible=True),
                        page.status: READY,
                    }
            session.clip = clip
            length_s = session.look.duration_s
            last_s = max(_TRIM_STEP_S, round(length_s + _TRIM_STEP_S / 2, 1))
            end_s = min(last_s, MAX_DURATION_S)
            return _cleared(page) | {
                page.source: str(clip),
                page.facts: gr.Markdown(describe(session.look, 0, end_s, self.pace), visible=True),
                page.trim: gr.Row(visible=True),
                page.start: gr.Slider(maximum=last_s, value=0),
                page.end: gr.Slider(maximum=last_s, value=end_s),
                page.go: gr.Button(interactive=True),
                page.status: READY,
            }

        return choose

    def describe(self, start_s: float, end_s: float, request: gr.Request):
        """The chosen part of the clip has changed."""
        look = self._sessions.of(request.session_hash).look
        return gr.skip() if look is None else describe(look, start_s, end_s, self.pace)

    def run(self, page, only_again: bool = False) -> Callable:
        """Anonymize the clip on the page."""

        def run(
            source: str | None,
            start_s: float,
            end_s: float,
            seed: float,
            who: int,
            strength: float,
            colour: str,
            anonymizer: str,
            request: gr.Request,
            progress=gr.Progress(),  # noqa: B008
        ) -> Iterator[dict]:
            session = self._sessions.of(request.session_hash)
            began = perf_counter()
            if only_again and session.analysed is None:
                yield {page.status: READY}
                return
            with sentences():
                if not source:
                    raise VideoError(READY)
                clip = session.take(Path(source), self.examples)
                if clip != session.clip:
                    raise VideoError("This video is still being looked at: try again in a moment.")
                part = self._part(session, start_s, end_s)
                analysed = session.analysis_of(clip, part)
                if analysed is None and only_again:
                    yield {page.status: READY}
                    return
                if analysed is None:
                    analysed = self._analyse(session, clip, part, reporter(progress))
                    session.analysed = analysed
                    who = EVERYONE
                    picture = gr.Image(str(analysed.folder / "people.jpg"), visible=True)
                    yield {page.people: picture, page.chosen: _choices(analysed.walkers)}
                how = strength_of(strength), colour, anonymizer, session.secret
                options = options_of(part, seed, who, *how)
                if session.clip != clip:
                    raise Cancelled  # another clip was chosen meanwhile
                result = self._render(session, analysed, options, reporter(progress))
                if session.clip != clip:
                    raise Cancelled
            yield {
                page.original: result.original,
                page.binary: result.binary,
                page.colorized: result.colorized,
                page.comparison: result.comparison,
                page.status: summarise(result.report, perf_counter() - began),
            }
            with sentences():
                ranks, strangers = self._engine.run("find_again", analysed.folder, options)
            yield {page.found: gr.Markdown(place_in_crowd(ranks, strangers), visible=True)}

        return run

    def rerun(self, page) -> Callable:
        """The same clip with another seed, or for somebody else."""
        return self.run(page, only_again=True)

    def anonymize(
        self,
        video: str,
        seed: float,
        person: float,
        start: float,
        end: float,
        strength: float,
        request: gr.Request,
    ) -> tuple:
        """Give the people in a video another gait: everyone (person 0), or one by number.

        start and end are seconds; an end of 0 is the video's own. strength is 1 for the new gait
        and less for as much less of the way from the old one. Returns the original without
        metadata and sound, the new silhouettes, the new walkers in colour, all three side by side,
        and the report.
        """
        session = self._sessions.of(request.session_hash)
        with sentences():
            if not video:
                raise VideoError("No video was given: pass handle_file(PATH) as video.")
            if min(seed, person, start) < 0 or (end and end <= start):
                raise VideoError("seed, person and start are 0 or more, and end is after start.")
            if not 0 < strength <= 1:
                raise VideoError("strength is over 0 and at most 1.")
            clip = session.take(Path(video), self.examples)
            try:
                analysed = self._analyse(session, clip, (float(start), end or None), None)
                options = options_of(analysed.part, seed, person, strength, secret=session.secret)
                result = self._render(session, analysed, options, None)
            finally:
                session.drop(clip)
        return result.original, result.binary, result.colorized, result.comparison, result.report

    def forget(self, page) -> Callable:
        """The clip was taken off the page."""

        def forget(request: gr.Request) -> dict:
            self._sessions.of(request.session_hash).forget()
            return _cleared(page) | {page.status: READY}

        return forget

    def cancel(self, request: gr.Request) -> str:
        self._sessions.of(request.session_hash).cancel()
        return "Stopped: nothing is running for you now, and nothing unfinished was kept."

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self._sessions.end(request.session_hash)

    def _analyse(self, session: Session, clip: Path, part: tuple, report) -> Analysed:
        with session.run() as (folder, unwanted):
            options = options_of(part)
            walkers = self._engine.run(
                "analyse", clip, folder, options, on_progress=report, unwanted=unwanted
            )
        return Analysed(clip, part, folder, walkers)

    def _render(
        self, session: Session, analysed: Analysed, options: PipelineOptions, report
    ) -> GaitResult:
        with session.run() as (folder, unwanted):
            result = self._engine.run(
                "render", analysed.folder, folder, options, on_progress=report, unwanted=unwanted
            )
        self.pace = Pace.of(result.report)
        return result

    @staticmethod
    def _part(session: Session, start_s: float, end_s: float) -> tuple[float, float | None]:
        """What the sliders mean; an end that is the clip's own holds its last frame."""
        if end_s <= start_s:
            raise VideoError("Nothing is left of the video: let it end after it starts.")
        is_whole = end_s >= session.look.duration_s
        return float(start_s), None if is_whole else float(end_s)


def _cleared(page) -> dict:
    """What belongs to the clip before is taken off the page."""
    players = (page.original, page.binary, page.colorized, page.comparison)
    return {
        **dict.fromkeys(players),
        page.facts: gr.Markdown(visible=False),
        page.trim: gr.Row(visible=False),
        page.go: gr.Button(interactive=False),
        page.found: gr.Markdown(visible=False),
        page.people: gr.Image(None, visible=False),
        page.chosen: gr.Radio(value=EVERYONE, visible=False),
    }


def _choices(walkers: tuple[int, ...]) -> gr.Radio:
    """Everyone, or one of those who were found; nothing to choose where there is only one."""
    choices = [("Everyone", EVERYONE), *((f"Only person {n}", n) for n in walkers)]
    return gr.Radio(choices, value=EVERYONE, visible=len(walkers) > 1)
