"""The event handlers of the page, and the API for programs."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import gradio as gr

from gait_demo.errors import EngineError, GaitDemoError, NoPersonError, VideoError
from gait_demo.options import OUTPUTS, Options, VideoOptions
from gait_demo.serving.engine import Cancelled, Engine
from gait_demo.serving.messages import CHANGE
from gait_demo.serving.pace import RENDERED, STAGES, Countdown, Pace, Size
from gait_demo.types import GaitResult
from gait_demo.ui.change import changed, ranks
from gait_demo.ui.examples import change_of, inspection_of, stored, times_of
from gait_demo.ui.gaits import SEEDS, pictures
from gait_demo.ui.messages import error_message, gradio_errors, option_errors, progress_bar
from gait_demo.ui.options import EVERYONE, Settings, linked, options_of
from gait_demo.ui.player import shown
from gait_demo.ui.remedies import Remedy, last_s, longest_s, remedy
from gait_demo.ui.session import Analysed, Session, Sessions
from gait_demo.ui.several import DRAWING, MOST, PEOPLE, UNFINISHED, WAITING, Line, add, listed
from gait_demo.ui.summary import describe, details, place_in_crowd, size_of, verdict

READY = "Choose a video, or click an example."
WORKING = "The result is being made."
STOPPED = "Stopped: nothing is running for you now, and nothing unfinished was kept."
_NUMBERED_ANEW = (
    "**Nothing was made yet.** People are numbered differently in this part of the video: choose "
    "again by the new picture, or hide everyone."
)
_WHOLE = (0.0, None)  # the part that is the whole clip
_ASKS_EVERY_S = 0.3  # interval of asking whether a run is still wanted
_MOST_PREVIEWED = 600  # frames; longer previews would keep the networks busy when a run comes


class Actions:
    """The event handlers; they connect visitors' sessions with the engine.

    Args:
        engine: processes runs.
        inspector: inspects clips before runs, which must not wait for other runs.
        sessions: of all visitors.
        examples: clips that all visitors can use.
        folder: for analyses and results of the examples, which belong to no visitor.
    """

    def __init__(
        self,
        engine: Engine,
        inspector: Engine,
        sessions: Sessions,
        examples: list[Path],
        folder: Path,
    ):
        self._engine = engine
        self._inspector = inspector
        self._sessions = sessions
        self.examples = examples
        self.folder = folder
        self.pace = Pace()
        self._analysed_examples: dict[Path, Analysed] = {}
        self._analysing = {clip: threading.Lock() for clip in examples}
        self._lock = threading.Lock()
        self._runs = 0  # number of runs that visitors wait for

    def get_ready(self) -> None:
        """Measures this machine's speed with one second of an example, before the first run.

        Raises:
            WeightsError: the networks' weights are missing.
        """
        options = Options(video=VideoOptions(start_s=1, end_s=2))
        with suppress(VideoError, NoPersonError, EngineError):
            # warm up: the first inspection is slow
            self._inspector.run("inspect_clip", self.examples[0], options)
            self._engine.run("inspect_clip", self.examples[0], options)
            countdown = Countdown(None)
            job = "warm_up", self.examples[0], options
            report = self._engine.run(*job, on_progress=countdown)
            self.pace.learn(_size(report), countdown.finish())

    def choose(self, page) -> Callable:
        """A clip was chosen: inspect it and describe it."""

        def choose(source: str | None, request: gr.Request) -> dict:
            session = self._sessions.of(request.session_hash)
            if not source:
                return _cleared(page) | {page.source: None, page.status: READY}
            try:
                clip = session.take(Path(source), self.examples)
                session.forget(but=clip)
                self._inspect(session, clip)
            except (GaitDemoError, OSError) as error:
                session.forget()
                return _cleared(page) | _told(page, error) | {page.source: None, page.status: READY}
            whole_s = last_s(session.inspection)
            end_s = min(whole_s, longest_s(session.inspection))
            return _cleared(page) | {
                page.source: str(clip),
                page.facts: gr.Markdown(
                    describe(session.inspection, 0, end_s, self.pace), visible=True
                ),
                page.trim: gr.Accordion(visible=True),
                page.start: gr.Slider(maximum=whole_s, value=0),
                page.end: gr.Slider(maximum=whole_s, value=end_s),
                page.go: gr.Button(interactive=True),
                page.status: "Press Hide who is walking.",
            }

        return choose

    def _inspect(self, session: Session, clip: Path) -> None:
        """Inspects the clip on the page."""
        known = inspection_of(clip) if clip in self.examples else None
        session.inspection = known or self._inspector.run("inspect_clip", clip, Options())
        session.clip = clip

    def linked(self, request: gr.Request) -> list:
        """The page was opened, perhaps by a link that contains settings."""
        return [gr.skip() if value is None else value for value in linked(request.query_params)]

    def settle(self, request: gr.Request) -> None:
        """The page now loads the clip from the session's folder: delete the upload."""
        self._sessions.of(request.session_hash).settle()

    def describe(self, start_s: float, end_s: float, request: gr.Request):
        """The chosen part of the clip has changed."""
        seen = self._sessions.of(request.session_hash).inspection
        return gr.skip() if seen is None else describe(seen, start_s, end_s, self.pace)

    def example(self, page) -> Callable:
        """An example was clicked: show its stored result."""

        def example(start_s: float, end_s: float, request: gr.Request):
            session = self._sessions.of(request.session_hash)
            result = stored(session.clip) if session.clip in self.examples else None
            if result is None:
                return gr.skip()
            report = result.report
            settings = Settings(
                start_s, end_s, report["seed"], EVERYONE, report["strength"], report["colour"]
            )
            session.shown = settings
            folder = self.folder / session.clip.stem
            folder.mkdir(parents=True, exist_ok=True)
            clip, times = _named(session.clip, _WHOLE), times_of(result)
            return {
                page.seed: settings.seed,
                page.strength: settings.strength,
                page.colour: settings.colour,
                page.anonymizer: settings.anonymizer,
                page.player: shown(result, settings, clip, folder, times),
                page.status: "This is an example. Move a control to get another result.",
                page.details: gr.Markdown(details(report, None)),
                **_explained(page, change_of(session.clip), clip, settings),
            }

        return example

    def prepare(self, page) -> Callable:
        """While the visitor watches an example's stored result, analyse the example, so that other
        settings take less time."""

        def prepare(request: gr.Request):
            session = self._sessions.of(request.session_hash)
            clip = session.clip
            if session.shown is None or clip not in self.examples:
                return gr.skip()
            try:
                analysed = self._analyse(session, clip, _WHOLE, Countdown(None))
            except (GaitDemoError, OSError, Cancelled):
                return gr.skip()  # the next run will show the error
            kept = session.analysed
            if session.clip != clip or (kept and kept.source == clip):  # a run has done it already
                return gr.skip()
            session.analysed = analysed
            return _people(page, analysed)

        return prepare

    def run(self, page, only_again: bool = False) -> Callable:
        """Anonymize the clip on the page."""

        def run(
            source: str | None,
            numbers: str,
            request: gr.Request,
            progress=gr.Progress(),  # noqa: B008
            *values,
        ):
            session = self._sessions.of(request.session_hash)
            settings = Settings(*values)
            if only_again and session.shown in (None, settings):
                return {page.status: ""}
            try:
                return self._result(page, session, source, numbers, settings, progress)
            except Cancelled:
                return gr.skip()  # whatever cancelled the run updates the page
            except (GaitDemoError, OSError) as error:
                mended = session.inspection and remedy(error, session.inspection, settings)
                return _told(page, error, mended)

        return run

    def rerun(self, page) -> Callable:
        """Anonymize the same clip with other settings, if the page shows a result of it."""
        return self.run(page, only_again=True)

    def _result(
        self,
        page,
        session: Session,
        source: str | None,
        numbers: str,
        settings: Settings,
        progress,
    ) -> dict:
        """Analyses the clip if necessary, renders it, and returns the updates of the page.

        Args:
            numbers: the analysis whose numbered people the page showed when the visitor chose one.
        """
        if not source:
            raise VideoError(READY)
        clip = session.take(Path(source), self.examples)
        if clip != session.clip:  # the inspection is not finished, or the session has expired
            self._inspect(session, clip)
        part = _part(session, settings)
        analysed = session.analysis_of(clip, part)
        size = size_of(session.inspection, settings.end_s - settings.start_s)
        expected = self.pace.estimate(size, STAGES if analysed is None else RENDERED)
        countdown = Countdown(expected, progress_bar(progress))
        countdown.wait()
        if analysed is None:
            analysed = self._analyse(session, clip, part, countdown)
            countdown.wait()
        if session.clip != clip:
            raise Cancelled  # another clip was chosen meanwhile
        session.analysed = analysed
        people = {} if numbers == analysed.folder.name else _people(page, analysed)
        if people and settings.who != EVERYONE:
            everyone = Remedy("Hide everyone", replace(settings, who=EVERYONE))
            return people | _offered(page, _NUMBERED_ANEW, everyone)
        result = self._render(session, analysed, settings, countdown)
        if session.clip != clip:
            raise Cancelled
        session.shown = settings
        folder, times = result.colorized.parent, analysed.times
        return people | {
            page.player: shown(result, settings, _named(clip, part), folder, times),
            page.details: gr.Markdown(details(result.report, countdown.spent_s)),
            **_explained(page, folder / CHANGE, _named(clip, part), settings),
            page.status: "",
        }

    def several(
        self,
        sources: list[str] | None,
        seed: float,
        strength: float,
        colour: str,
        anonymizer: str,
        request: gr.Request,
    ) -> Iterator[tuple]:
        """Anonymizes everyone in several videos, one after another, when a worker is free.

        Yields:
            The table of videos and their states; and the button for the ZIP of all finished
            results, which is visible only at the end.
        """
        session = self._sessions.of(request.session_hash)
        sources = [Path(source) for source in sources or ()]
        lines = [Line(source.name) for source in sources]
        settings = Settings(0, 0, seed, EVERYONE, strength, colour, anonymizer)
        hidden = gr.DownloadButton(visible=False)
        if not 0 < len(sources) <= MOST:
            yield f"Choose 1 to {MOST} videos.", hidden
            return
        with session.run(of_page=False) as (folder, unwanted):
            archive = folder / "walks.zip"
            for source in sources:  # now, as the page may delete a clip that it also shows
                with suppress(GaitDemoError, OSError):
                    session.take(source, self.examples, of_page=False)
            try:
                for number, (source, line) in enumerate(zip(sources, lines, strict=True), start=1):
                    video = session, source, number, archive, settings
                    for line.state in self._one_of_several(*video):
                        yield gr.Markdown(listed(lines), elem_classes=["busy"]), hidden
                        if unwanted():
                            raise Cancelled
            except Cancelled:
                for line in lines:
                    if line.state in (WAITING, PEOPLE, DRAWING):
                        line.state = UNFINISHED
            made = str(archive) if archive.exists() else None
            button = gr.DownloadButton(value=made, visible=made is not None)
            yield gr.Markdown(listed(lines), elem_classes=[]), button

    def _one_of_several(
        self,
        session: Session,
        source: Path,
        number: int,
        archive: Path,
        settings: Settings,
    ) -> Iterator[str]:
        """Processes one video; yields its state, and in the end the verdict on its result."""
        try:
            clip = session.take(source, self.examples, of_page=False)
            yield PEOPLE
            analysed = self._analyse(session, clip, _WHOLE, Countdown(None), of_page=False)
            try:
                yield DRAWING
                result = self._render(session, analysed, settings, Countdown(None), of_page=False)
                add(archive, number, result, settings)
                session.discard(result.colorized.parent)
            finally:
                session.discard(analysed.folder)
            yield verdict(result.report)[1]
        except (GaitDemoError, OSError) as error:
            yield f"Not done: {error_message(error)}"

    def preview(self, request: gr.Request):
        """Preview the gaits of a few seeds for the clip's walker, if the clip is not too long.
        Runs only while no visitor waits for a worker."""
        session = self._sessions.of(request.session_hash)
        settings, analysed = session.shown, self._analysed(session)
        if analysed is None:
            return gr.skip()
        wanted = analysed.folder, settings.strength, settings.anonymizer
        if session.previewed == wanted:
            return gr.skip()
        part_s = min(settings.end_s, session.inspection.duration_s) - settings.start_s
        if size_of(session.inspection, part_s).frames > _MOST_PREVIEWED:
            session.previewed = wanted
            return gr.HTML(visible=False)
        options = _options(session, analysed, replace(settings, who=EVERYONE))
        try:
            with session.run() as (_, unwanted):
                strips = self._when_idle(
                    "preview_gaits", analysed.folder, options, SEEDS, unwanted=unwanted
                )
        except (GaitDemoError, Cancelled):
            return gr.skip()
        if session.analysed is not analysed:
            return gr.skip()
        session.previewed = wanted
        return gr.HTML(pictures(strips), visible=True) if strips else gr.HTML(visible=False)

    def take_gait(self, chosen: gr.EventData) -> int:
        """One of the pictured gaits was clicked."""
        return int(chosen.seed)

    def _analysed(self, session: Session) -> Analysed | None:
        """The analysis of the result on the page; None while another part is being analysed."""
        if session.shown is None or session.inspection is None:
            return None
        return session.analysis_of(session.clip, _part(session, session.shown))

    def begin(self, page) -> Callable:
        """A run is about to start."""
        return lambda: _untroubled(page) | {page.status: WORKING}

    def mend(self, page) -> Callable:
        """Apply the settings that an error message offers."""

        def mend(settings: Settings) -> dict:
            values = zip(page.settings, astuple(settings), strict=True)
            return _untroubled(page) | {page.status: WORKING} | dict(values)

        return mend

    def supersede(self, page) -> Callable:
        """Other settings were chosen: stop rendering with the previous ones."""

        def supersede(request: gr.Request, *values) -> dict:
            self._sessions.of(request.session_hash).supersede(Settings(*values))
            return _untroubled(page) | {page.status: WORKING}

        return supersede

    def anonymize(
        self,
        video: str,
        seed: float,
        person: float,
        start: float,
        end: float,
        strength: float,
        colour: str,
        anonymizer: str,
        numbers: str,
        request: gr.Request,
    ) -> tuple:
        """Give the people in a video another gait: everyone (person 0), or one person by number.

        start and end are in seconds; an end of 0 means the end of the video. strength is over 0 and
        at most 1: how far the gait moves from the old one to the new one; less hides less. colour
        is sharp (the video's own pixels), paper (C-NET's colours, as in the paper) or plain (grey).
        anonymizer is anet or stgan. People are numbered differently in every part of a video: to
        choose a person in a part, first call for this part with person 0, then pass the report's
        `numbers`. Returns the original without metadata and sound, the new silhouettes, the new
        walkers in colour, all three side by side, and the report.
        """
        session = self._sessions.of(request.session_hash)
        with gradio_errors():
            if not video:
                raise VideoError("No video was given: pass handle_file(PATH) as video.")
            with option_errors():
                options_of((start, end or None), seed, person, strength, colour, anonymizer)
                settings = Settings(
                    start_s=start, end_s=end, seed=seed, who=person, strength=strength,
                    colour=colour, anonymizer=anonymizer,
                )  # fmt: skip
            clip = session.take(Path(video), self.examples)
            session.settle()
            numbering = _numbering(clip, start, end, session.secret)
            if person and (start or end) and numbers != numbering:
                session.drop(clip)
                raise VideoError(
                    "People are numbered differently in this part of the video: first call for "
                    "this part with person 0, then pass the report's `numbers` with the person."
                )
            countdown = Countdown(None)
            try:
                part = float(start), end or None
                analysed = self._analyse(session, clip, part, countdown)
                countdown.wait()
                result = self._render(session, analysed, settings, countdown)
            finally:
                session.drop(clip)
        videos = result.original, result.binary, result.colorized, result.comparison
        return *videos, result.report | {"numbers": numbering}

    def forget(self, page) -> Callable:
        """The clip was removed from the page."""

        def forget(request: gr.Request) -> dict:
            self._sessions.of(request.session_hash).forget()
            return _cleared(page) | {page.status: READY}

        return forget

    def cancel(self, request: gr.Request) -> str:
        """Cancel was pressed. A run over several videos then ends with those that are finished."""
        self._sessions.of(request.session_hash).cancel()
        return STOPPED

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self._sessions.end(request.session_hash)

    def _analyse(
        self,
        session: Session,
        clip: Path,
        part: tuple,
        countdown: Countdown,
        of_page: bool = True,
    ) -> Analysed:
        if clip in self.examples and part == _WHOLE:
            return self._analyse_example(session, clip, countdown)
        with session.run(of_page=of_page) as (folder, unwanted), self._wanted():
            result = self._engine.run(
                "analyse", clip, folder, options_of(part),
                on_progress=countdown, unwanted=unwanted,
            )  # fmt: skip
        return Analysed(clip, part, folder, *result)

    def _analyse_example(self, session: Session, clip: Path, countdown: Countdown) -> Analysed:
        """Analyses an example once for all visitors; others wait for it."""
        with session.run() as (_, unwanted), self._wanted():
            while not self._analysing[clip].acquire(timeout=_ASKS_EVERY_S):
                if unwanted():
                    raise Cancelled
            try:
                if clip not in self._analysed_examples:
                    self._analysed_examples[clip] = self._first_analysis(clip, countdown, unwanted)
                return self._analysed_examples[clip]
            finally:
                self._analysing[clip].release()

    def _first_analysis(
        self, clip: Path, countdown: Countdown, unwanted: Callable[[], bool]
    ) -> Analysed:
        self.folder.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="analysis-", dir=self.folder))
        try:
            result = self._engine.run(
                "analyse", clip, folder, options_of(_WHOLE),
                on_progress=countdown, unwanted=unwanted,
            )  # fmt: skip
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return Analysed(clip, _WHOLE, folder, *result)

    @contextmanager
    def _wanted(self) -> Iterator[None]:
        """Counts a run that a visitor waits for; background work gives way to it."""
        with self._lock:
            self._runs += 1
        try:
            yield
        finally:
            with self._lock:
                self._runs -= 1

    def _when_idle(self, job: str, *arguments: object, unwanted: Callable[[], bool]) -> Any:
        """Does a background job while no visitor waits for a run. If one comes, the job is stopped
        and started again afterwards."""
        while True:
            while self._runs and not unwanted():
                time.sleep(_ASKS_EVERY_S)
            try:
                return self._engine.run(
                    job, *arguments, unwanted=lambda: unwanted() or self._runs > 0
                )
            except Cancelled:
                if unwanted():
                    raise

    def _render(
        self,
        session: Session,
        analysed: Analysed,
        settings: Settings,
        countdown: Countdown,
        of_page: bool = True,
    ) -> GaitResult:
        """Renders a result.

        Args:
            of_page: whether the result is for the player, where other settings supersede it.
        """
        options = _options(session, analysed, settings)
        run = session.run(settings if of_page else None, of_page)
        with run as (folder, unwanted), self._wanted():
            report = self._engine.run(
                "render", analysed.folder, folder, options,
                on_progress=countdown, unwanted=unwanted,
            )  # fmt: skip
        self.pace.learn(_size(report), countdown.finish())
        return GaitResult(*(folder / f"{name}.mp4" for name in OUTPUTS), report)


def _explained(page, path: Path, clip: str, settings: Settings) -> dict:
    """Updates of the page: what changed in a result, and how well recognisers find the walker."""
    found = ranks(path)
    words = place_in_crowd(*found) if found and found[1] else ""
    return {
        page.change: changed(path, clip, settings),
        page.found: gr.Markdown(words, visible=bool(words)),
    }


def _options(session: Session, analysed: Analysed, settings: Settings) -> Options:
    _, _, *chosen = astuple(settings)
    return options_of(analysed.part, *chosen, secret=session.secret)


def _numbering(clip: Path, start_s: float, end_s: float, secret: bytes) -> str:
    """Identifies the numbering of people in a part of a clip. Without the secret, nobody can tell
    from it which clip it is."""
    with clip.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").digest()
    part = f"{start_s:.3f}-{end_s:.3f}".encode()
    return hmac.new(secret, content + part, "sha256").hexdigest()[:16]


def _size(report: dict) -> Size:
    """The size of a finished run, on which its time depends."""
    return Size(report["frames_in"], report["width"] * report["height"] / 1e6, report["people"])


def _part(session: Session, settings: Settings) -> tuple[float, float | None]:
    """The part of the clip that the sliders select; None as its end stands for the clip's end, so
    that the last frame is included."""
    start_s, end_s = float(settings.start_s), float(settings.end_s)
    if end_s <= start_s:
        raise VideoError("Nothing is left of the video: the end must be after the start.")
    is_whole = end_s >= session.inspection.duration_s
    return start_s, None if is_whole else end_s


def _named(clip: Path, part: tuple[float, float | None]) -> str:
    """Identifies a part of a clip for the player."""
    return f"{clip.parent.name}/{clip.name} {part}"


def _people(page, analysed: Analysed) -> dict:
    """Updates of the page: the picture of numbered people and the choices, reset to everyone."""
    choices = [("Everyone", EVERYONE), *((f"Only person {n}", n) for n in analysed.walkers)]
    return {
        page.choice: gr.Accordion(visible=len(analysed.walkers) > 1),
        page.people: str(analysed.folder / "people.jpg"),
        page.numbers: analysed.folder.name,
        page.chosen: gr.Radio(choices, value=EVERYONE),
    }


def _untroubled(page) -> dict:
    return {
        page.trouble: gr.Markdown(visible=False),
        page.mend: gr.Button(visible=False),
        page.status: "",
    }


def _told(page, error: Exception, mended: Remedy | None = None) -> dict:
    """Updates of the page: an error message and, if there is a remedy, its button."""
    return _offered(page, f"**This did not work.** {error_message(error)}", mended)


def _offered(page, text: str, mended: Remedy | None) -> dict:
    updates = {page.trouble: gr.Markdown(text, visible=True), page.status: ""}
    if mended is None:
        return updates
    button = gr.Button(mended.label, visible=True)
    return updates | {page.mend: button, page.mended: mended.settings}


def _cleared(page) -> dict:
    """Updates of the page: removes everything that belongs to the previous clip."""
    return _untroubled(page) | {
        page.player: None,
        page.change: None,
        page.gaits: gr.HTML(None, visible=False),
        page.facts: gr.Markdown(visible=False),
        page.trim: gr.Accordion(visible=False),
        page.go: gr.Button(interactive=False),
        page.found: gr.Markdown(visible=False),
        page.details: gr.Markdown(""),
        page.choice: gr.Accordion(visible=False),
        page.people: None,
        page.numbers: "",
        page.chosen: gr.Radio([("Everyone", EVERYONE)], value=EVERYONE),
    }
