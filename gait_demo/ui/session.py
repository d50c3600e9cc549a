"""Sessions: what the server keeps for each visitor and for how long, and stopping their runs."""

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
from gait_demo.serving.worker import error_location
from gait_demo.types import Inspection
from gait_demo.video.linking import link_or_copy

_log = logging.getLogger("gait_demo")
KEPT_S = 3600  # what is not used for so many seconds is deleted
KEPT_RUNS = 16  # number of latest runs whose files are kept, as players may still load them
SWEPT_EVERY_S = 60
_UPLOAD = re.compile(r"[0-9a-f]{64}")  # name of the folder that Gradio makes for each upload


@dataclass(frozen=True)
class Analysed:
    """The analysis of a part of a clip, which all seeds share.

    Attributes:
        source: the clip.
        part: (start, end) in seconds; an end of None is the clip's end.
        folder: that holds the analysis.
        walkers: numbers of all people.
        times: of the part's frames, in seconds since the first.
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
    """All data of one visitor, with their files in a private folder.

    Attributes:
        clip: the clip on the page, after its inspection.
        inspection: of this clip.
        analysed: the analysis of this clip.
        secret: for the noise of all results; it is never written to disk.
        shown: the settings of the result on the page; None without a result.
        previewed: identifies the previewed gaits.
    """

    def __init__(self, root: Path):
        """
        Args:
            root: where Gradio stores uploads and serves files from.
        """
        self._root = root
        self._folder = root / "sessions" / secrets.token_hex(16)  # a name that nobody can guess
        self._folder.mkdir(parents=True, mode=0o700)
        self._taken: dict[Path, Path] = {}  # upload: its place in the session's folder
        self._lasting: set[Path] = set()  # clips that stay when another is chosen on the page
        self._runs: dict[bool, list[Path]] = {True: [], False: []}  # folders, by `of_page`
        self._stops: dict[threading.Event, _Run] = {}
        self._used = time.monotonic()
        self._is_closed = False
        self.secret = fresh_secret()
        self.analysed: Analysed | None = None
        self.clip: Path | None = None
        self.inspection: Inspection | None = None
        self.shown: object = None
        self.previewed: object = None

    def take(self, path: Path, free: list[Path], of_page: bool = True) -> Path:
        """Links an upload into the session's folder. Until `settle`, it also stays where it was, as
        the page may still be loading it from there.

        Args:
            path: from the client, so not to be trusted.
            free: files that all visitors may use; they stay where they are.
            of_page: whether the clip is for the page, and deleted when another is chosen there.

        Returns:
            Its place in the session's folder; the same for the same upload.

        Raises:
            VideoError: the path is neither free, nor this session's, nor a new upload.
        """
        path = Path(path)
        if path in free or path in self._taken.values():
            return path
        if path not in self._taken:
            self._taken[path] = self._linked(path)
        taken = self._taken[path]
        if not of_page:
            self._lasting.add(taken)
        return taken

    def _linked(self, path: Path) -> Path:
        folder = path.parent
        is_upload = folder.parent == self._root and _UPLOAD.fullmatch(folder.name)
        if not is_upload or ".." in path.parts or path.is_symlink() or not path.is_file():
            raise VideoError("This video is no longer here: choose or record it again.")
        suffix = path.suffix if re.fullmatch(r"\.\w{1,5}", path.suffix, re.ASCII) else ""
        clip = self._new_folder("clip-") / f"clip{suffix}"
        link_or_copy(path, clip)
        return clip

    def settle(self) -> None:
        """Deletes uploads from where Gradio stored them; the session's own links stay."""
        for upload in list(self._taken):
            shutil.rmtree(upload.parent, ignore_errors=True)

    @contextmanager
    def run(
        self, settings: object = None, of_page: bool = True
    ) -> Iterator[tuple[Path, Callable[[], bool]]]:
        """A run; its files are deleted if it fails or is stopped.

        Args:
            settings: of its result; `supersede` stops it when others are chosen. None: never.
            of_page: whether it is for the clip on the page, and stopped when another is chosen.

        Yields:
            A new folder for its files, and a function that tells whether it should stop.
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
        """Deletes the files of a run; other folders are left alone."""
        for runs in self._runs.values():
            if folder in runs:
                runs.remove(folder)
                shutil.rmtree(folder, ignore_errors=True)

    def analysis_of(self, source: Path, part: tuple[float, float | None]) -> Analysed | None:
        """The stored analysis, if it is of this part of this clip; otherwise None."""
        kept = self.analysed
        return kept if kept and (kept.source, kept.part) == (source, part) else None

    def forget(self, but: Path | None = None) -> None:
        """Another clip was chosen: stops the runs of the previous one and deletes it, but not the
        clip `but`."""
        for stop, run in list(self._stops.items()):
            if run.of_page:
                stop.set()
        self.analysed = self.clip = self.inspection = self.shown = self.previewed = None
        for clip in set(list(self._taken.values())) - self._lasting - {but}:
            self.drop(clip)

    def drop(self, clip: Path) -> None:
        """Deletes a clip and its upload."""
        for upload, taken in list(self._taken.items()):
            if taken == clip:
                shutil.rmtree(clip.parent, ignore_errors=True)
                shutil.rmtree(upload.parent, ignore_errors=True)
                del self._taken[upload]

    def cancel(self) -> None:
        for stop in list(self._stops):
            stop.set()

    def supersede(self, settings: object) -> None:
        """Stops runs with other settings than these."""
        for stop, run in list(self._stops.items()):
            if run.settings not in (None, settings):
                stop.set()

    def close(self) -> None:
        """Stops all runs and deletes all files."""
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
            for folder in [run for run in list(runs) if not run.exists()]:
                runs.remove(folder)


class Sessions:
    """The sessions of all visitors, by Gradio's session hash of a page or client."""

    def __init__(self, root: Path):
        """
        Args:
            root: as for `Session`; only this server uses it.
        """
        self._root = root
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}

    def of(self, session_hash: str | None) -> Session:
        """The session of a page or client, created if necessary; without a hash always new."""
        session_hash = session_hash or secrets.token_hex(16)
        with self._lock:
            if session_hash not in self._open:
                self._open[session_hash] = Session(self._root)
            session = self._open[session_hash]
            session.use()
            return session

    def cancel(self, session_hash: str) -> None:
        """Stops all runs of a visitor."""
        with self._lock:
            session = self._open.get(session_hash)
        if session is not None:
            session.cancel()

    def end(self, session_hash: str) -> None:
        """The visitor has left: stops their runs and deletes their files."""
        with self._lock:
            session = self._open.pop(session_hash, None)
        if session is not None:
            session.close()

    def sweep(self) -> None:
        """Deletes sessions that were not used for an hour, and uploads that no session took."""
        with self._lock:
            unused = [name for name, session in self._open.items() if session.unused_s > KEPT_S]
        for name in unused:
            self.end(name)
        for path in self._root.iterdir():
            try:
                is_old = time.time() - path.stat().st_mtime > KEPT_S
            except FileNotFoundError:  # its visitor has just taken it
                continue
            if is_old and _UPLOAD.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)
            elif is_old and path.is_file():  # an incomplete upload
                path.unlink(missing_ok=True)

    def sweep_forever(self) -> None:
        """Calls `sweep` regularly, in a daemon thread."""

        def sweep() -> None:
            while True:
                time.sleep(SWEPT_EVERY_S)
                try:
                    self.sweep()
                except Exception as error:  # the next sweep must still take place
                    _log.error("unexpected: %s", error_location(error))

        threading.Thread(target=sweep, daemon=True).start()
