"""What the server keeps for one visitor, and how that visitor stops a run."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gait_demo.pipeline import Analysis


class Cancelled(Exception):
    """The visitor pressed Cancel."""


class Session:
    """A private folder, the analysis of the visitor's clip, and one run at a time."""

    def __init__(self, parent: str | Path):
        """parent: folder from which the app may serve files."""
        Path(parent).mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="gait-", dir=parent))
        self._stop = threading.Event()
        self._runs: list[Path] = []
        self.analysis: Analysis | None = None

    @contextmanager
    def run(self) -> Iterator[tuple[Path, Callable[[], None]]]:
        """One run; its files stay only if it ends well.

        Yields:
            A new folder for its files, and a check that raises Cancelled once the run is to stop.
        """
        stop = self._stop = threading.Event()
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self._folder))

        def check() -> None:
            if stop.is_set():
                raise Cancelled

        try:
            yield folder, check
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._runs.append(folder)
        self._delete_what_is_not_shown()

    def _delete_what_is_not_shown(self) -> None:
        """All but the last two runs, which players may still be loading, and the clip's own."""
        for folder in self._runs[:-2]:
            if self.analysis is None or folder not in self.analysis.original.parents:
                shutil.rmtree(folder, ignore_errors=True)
        self._runs = [folder for folder in self._runs if folder.exists()]

    def analysis_of(self, source: Path) -> Analysis | None:
        """The analysis that is kept, if it is of this clip."""
        kept = self.analysis
        return kept if kept is not None and kept.source == source else None

    def forget(self) -> None:
        """Another clip was chosen: its seeds are not those of the clip before."""
        self.analysis = None

    def cancel(self) -> None:
        self._stop.set()

    def close(self) -> None:
        """Stop the run and delete every file."""
        self.cancel()
        shutil.rmtree(self._folder, ignore_errors=True)
