"""What the server keeps for one visitor, and how that visitor stops a run."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from gait_demo.pipeline import Analysis


class Cancelled(Exception):
    """The visitor pressed Cancel or started another run."""


class Session:
    """A private folder, the analysis of the visitor's clip, and one run at a time."""

    def __init__(self, parent: str | Path):
        """parent: folder from which the app may serve files."""
        Path(parent).mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="gait-", dir=parent))
        self._stop = threading.Event()
        self._runs: list[Path] = []
        self.analysis: Analysis | None = None

    def start(self) -> tuple[Path, Callable[[], None]]:
        """Begin a run, stopping the one before it.

        Returns:
            A new folder for its files, and a check that raises Cancelled once the run is to stop.
        """
        self.cancel()
        stop = self._stop = threading.Event()
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self._folder))
        self._runs.append(folder)

        def check() -> None:
            if stop.is_set():
                raise Cancelled

        return folder, check

    def finish(self, analysis: Analysis) -> None:
        """Keep the analysis for further renderings, and delete what is no longer shown."""
        self.analysis = analysis
        shown = self._runs[-2:]
        for folder in self._runs[:-2]:
            if folder in analysis.original.parents:
                shown.insert(0, folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
        self._runs = shown

    def cancel(self) -> None:
        self._stop.set()

    def close(self) -> None:
        """Stop the run and delete every file."""
        self.cancel()
        shutil.rmtree(self._folder, ignore_errors=True)
