"""What the server keeps for one visitor, for how long, and how that visitor stops a run."""

from __future__ import annotations

import logging
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gait_demo.errors import VideoError
from gait_demo.options import fresh_secret
from gait_demo.serving.worker import place
from gait_demo.types import Look
from gait_demo.video.linking import link_or_copy

_log = logging.getLogger("gait_demo")
KEPT_S = 3600  # seconds; what was not used for so long is deleted
KEPT_RUNS = 16  # the last, which players may still be loading
SWEPT_EVERY_S = 60
_UPLOAD = re.compile(r"[0-9a-f]{64}")  # name of the folder that Gradio makes for each upload


@dataclass(frozen=True)
class Analysed:
    """A clip, the part of it, and where the analysis that all its seeds share is kept.

    Attributes:
        walkers: the numbers of everybody.
        times: of the frames of the part, in seconds since the first.
    """

    source: Path
    part: tuple[float, float | None]
    folder: Path
    walkers: tuple[int, ...]
    times: tuple[float, ...]


@dataclass(frozen=True)
class _Run:
    settings: object
    of_page: bool


class Session:
    """A private folder with everything of one visitor.

    Attributes:
        clip: the one on the page, once it was looked at; `look` is what was seen.
        analysed: of that clip.
        secret: of the noise of all results; it is never written.
        shown: the settings of the result on the page, None while there is none.
        previewed: what the pictured gaits depend on.
    """

    def __init__(self, root: Path):
        """root: where Gradio puts uploads, and from where it serves files."""
        self._root = root
        self._folder = root / "sessions" / secrets.token_hex(16)  # nobody can guess it
        self._folder.mkdir(parents=True, mode=0o700)
        self._taken: dict[Path, Path] = {}
        self._lasting: set[Path] = set()  # of what was taken
        self._runs: dict[bool, list[Path]] = {True: [], False: []}  # of the page, and others
        self._stops: dict[threading.Event, _Run] = {}
        self._used = time.monotonic()
        self._is_closed = False
        self.secret = fresh_secret()
        self.analysed: Analysed | None = None
        self.clip: Path | None = None
        self.look: Look | None = None
        self.shown: object = None
        self.previewed: object = None

    def take(self, path: Path, free: list[Path], of_page: bool = True) -> Path:
        """Give an upload a place in the session's folder. Where it was it stays until `settle`,
        since the page may still be loading it from there.

        Args:
            path: as a client tells it, which may be any.
            free: files that everybody may use; they stay where they are.
            of_page: whether it is for the page, and goes when another clip is chosen there.

        Returns:
            Where it is now. What was taken before is found again.

        Raises:
            VideoError: it is neither free, nor this session's, nor just uploaded.
        """
        path = Path(path)
        if path in free or path in self._taken.values():
            return path
        if path not in self._taken:
            self._taken[path] = self._linked(path)
        mine = self._taken[path]
        if not of_page:
            self._lasting.add(mine)
        return mine

    def _linked(self, path: Path) -> Path:
        folder = path.parent
        is_upload = folder.parent == self._root and _UPLOAD.fullmatch(folder.name)
        if not is_upload or ".." in path.parts or path.is_symlink() or not path.is_file():
            raise VideoError("This video is no longer here: choose or record it again.")
        suffix = path.suffix if re.fullmatch(r"\.\w{1,5}", path.suffix, re.ASCII) else ""
        mine = self._new_folder("clip-") / f"clip{suffix}"
        link_or_copy(path, mine)
        return mine

    def settle(self) -> None:
        """Delete uploads from where Gradio put them; what was taken of them stays."""
        for upload in list(self._taken):
            shutil.rmtree(upload.parent, ignore_errors=True)

    @contextmanager
    def run(
        self, settings: object = None, of_page: bool = True
    ) -> Iterator[tuple[Path, Callable[[], bool]]]:
        """One run; its files stay only if it ends well.

        Args:
            settings: whose result it makes; None: no matter, as `supersede` is told.
            of_page: whether it is of the clip on the page, and ends when another is chosen.

        Yields:
            A new folder for its files, and whether the run is no longer wanted.
        """
        stop = threading.Event()
        folder = self._new_folder("run-")
        self._stops[stop] = _Run(settings, of_page)
        try:
            yield folder, stop.is_set
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            del self._stops[stop]
            self.use()
            if self._is_closed:
                shutil.rmtree(self._folder, ignore_errors=True)
        self._runs[of_page].append(folder)
        self._delete_what_is_not_shown()

    def discard(self, folder: Path) -> None:
        """Delete what a run has made; folders that are no run's of this session stay."""
        for runs in self._runs.values():
            if folder in runs:
                runs.remove(folder)
                shutil.rmtree(folder, ignore_errors=True)

    def analysis_of(self, source: Path, part: tuple[float, float | None]) -> Analysed | None:
        """The analysis that is kept, if it is of this part of this clip."""
        kept = self.analysed
        return kept if kept and (kept.source, kept.part) == (source, part) else None

    def forget(self, but: Path | None = None) -> None:
        """Another clip was chosen: the one before goes, and with it what was made of it."""
        for stop, run in list(self._stops.items()):
            if run.of_page:
                stop.set()
        self.analysed = self.clip = self.look = self.shown = self.previewed = None
        for clip in set(list(self._taken.values())) - self._lasting - {but}:
            self.drop(clip)

    def drop(self, clip: Path) -> None:
        """Delete a clip that was taken."""
        for upload, taken in list(self._taken.items()):
            if taken == clip:
                shutil.rmtree(clip.parent, ignore_errors=True)
                shutil.rmtree(upload.parent, ignore_errors=True)
                del self._taken[upload]

    def cancel(self) -> None:
        for stop in list(self._stops):
            stop.set()

    def supersede(self, settings: object) -> None:
        """Stop runs that make a result of other settings."""
        for stop, run in list(self._stops.items()):
            if run.settings not in (None, settings):
                stop.set()

    def close(self) -> None:
        """Stop the runs and delete every file."""
        self._is_closed = True
        self.cancel()
        self.settle()
        shutil.rmtree(self._folder, ignore_errors=True)

    def use(self) -> None:
        self._used = time.monotonic()

    @property
    def unused_s(self) -> float:
        return 0 if self._stops else time.monotonic() - self._used

    def _new_folder(self, prefix: str) -> Path:
        folder = self._folder / f"{prefix}{secrets.token_hex(16)}"
        folder.mkdir()
        return folder

    def _delete_what_is_not_shown(self) -> None:
        for runs in self._runs.values():
            for folder in runs[:-KEPT_RUNS]:
                if self.analysed is None or folder != self.analysed.folder:
                    shutil.rmtree(folder, ignore_errors=True)
            for folder in [one for one in list(runs) if not one.exists()]:
                runs.remove(folder)


class Sessions:
    """Every visitor's session, by the number that Gradio gives a page or a client."""

    def __init__(self, root: Path):
        """root: as for `Session`; all in it belongs to this server."""
        self._root = root
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}

    def of(self, number: str | None) -> Session:
        """The session, opened if need be; a client without a number gets a new one every time."""
        number = number or secrets.token_hex(16)
        with self._lock:
            if number not in self._open:
                self._open[number] = Session(self._root)
            session = self._open[number]
            session.use()
            return session

    def cancel(self, number: str) -> None:
        """Stop what runs for a visitor."""
        with self._lock:
            session = self._open.get(number)
        if session is not None:
            session.cancel()

    def end(self, number: str) -> None:
        """The visitor has gone."""
        with self._lock:
            session = self._open.pop(number, None)
        if session is not None:
            session.close()

    def sweep(self) -> None:
        """Delete what was not used for an hour: sessions, and uploads that nobody took."""
        with self._lock:
            unused = [n for n, session in self._open.items() if session.unused_s > KEPT_S]
        for number in unused:
            self.end(number)
        for path in self._root.iterdir():
            try:
                is_old = time.time() - path.stat().st_mtime > KEPT_S
            except FileNotFoundError:  # its visitor has just taken it
                continue
            if is_old and _UPLOAD.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)
            elif is_old and path.is_file():  # an upload that was broken off
                path.unlink(missing_ok=True)

    def sweep_forever(self) -> None:
        """In a thread of its own."""

        def sweep() -> None:
            while True:
                time.sleep(SWEPT_EVERY_S)
                try:
                    self.sweep()
                except Exception as error:  # the next one must come
                    _log.error("unexpected: %s", place(error))

        threading.Thread(target=sweep, daemon=True).start()
