"""`anonymize` for many videos: a progress bar, then a summary."""

from __future__ import annotations

import argparse
import io
import json
import logging
import sys
import threading
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from time import monotonic

from tqdm import tqdm

from gait_demo.batch import Batch, ClipResult
from gait_demo.options import Options


def anonymize_many(
    parsed: argparse.Namespace, options: Options, weights: Mapping[str, Path]
) -> int:
    """Run a batch and print a summary as JSON.

    Returns:
        The exit status: 1 if a clip failed, otherwise 0.
    """
    if parsed.verbose:
        logging.getLogger("gait_demo.batch").setLevel(logging.INFO)
    batch = Batch(
        parsed.inputs,
        parsed.out,
        options,
        workers=parsed.workers,
        ray=parsed.ray,
        weights=weights,
    )
    began, results = monotonic(), []
    talk = sys.stderr if parsed.verbose else io.StringIO()  # Ray's messages on standard output
    bar = _Bar(len(batch.clips), parsed.quiet, parsed.verbose)
    with bar, redirect_stdout(talk):
        for result in batch.run(bar.watch):
            bar.tell(result)
            results.append(result)
    failed = sum(result.error is not None for result in results)
    print(json.dumps({
        "clips": len(results),
        "failed": failed,
        "resumed": sum(result.resumed for result in results),
        "with_warnings": sum(bool(result.warnings) for result in results),
        "frames": sum(result.frames for result in results if not result.resumed),
        "seconds": round(monotonic() - began, 1),
    }))  # fmt: skip
    return 1 if failed else 0


class _Bar:
    """A progress bar with clips, frames per second and time left, if standard error is a
    terminal."""

    def __init__(self, clips: int, quiet: bool, verbose: bool):
        self._verbose = verbose
        self._bar = tqdm(
            total=clips, unit="clip", file=sys.stderr, disable=True if quiet else None,
            dynamic_ncols=True,
        )  # fmt: skip
        self._began = monotonic()
        self._frames = 0
        self._under_way: dict[str, int] = {}  # frames done of clips that are being processed
        self._lock = threading.Lock()

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def watch(self, name: str, stage: str, done: int, total: int) -> None:
        if stage == "render":
            with self._lock:
                self._under_way[name] = done
        self._show()

    def tell(self, result: ClipResult) -> None:
        with self._lock:
            self._under_way.pop(result.name, None)
            self._frames += 0 if result.resumed else result.frames
        if result.error is not None:
            self._say(f"{result.input}: {result.error}")
        elif self._verbose and result.resumed:
            self._say(f"{result.input}: finished before")
        elif self._verbose:
            self._say(f"{result.input}: {result.frames} frames, {result.seconds:.1f} s")
            for warning in result.warnings:
                self._say(f"{result.input}: {warning}")
        if result.resumed:
            self._bar.total -= 1  # resumed clips must not count in the estimate of the time left
            self._bar.refresh()
        else:
            self._bar.update()
            self._show()

    def _show(self) -> None:
        with self._lock:
            frames = self._frames + sum(self._under_way.values())
        rate = frames / max(1e-3, monotonic() - self._began)
        self._bar.set_postfix_str(f"{rate:.1f} frames/s")

    def _say(self, line: str) -> None:
        self._bar.write(line, file=sys.stderr)
