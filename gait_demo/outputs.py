"""The files of a run: encoded side by side, and put in place together or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from gait_demo.errors import VideoError
from gait_demo.structures import VideoInfo
from gait_demo.video import VideoWriter

NAMES = ("original.mp4", "binary.mp4", "colorized.mp4", "comparison.mp4", "report.json")
LABELS = ("Original", "New silhouette", "New walker")
MAX_PANEL_WIDTH_PX = 480  # of each of the three in the comparison
_LABEL_HEIGHT_PX = 32
_LABEL_INSET_PX = 12
_WAITING_FRAMES = 6  # between computing and encoding
_QUALITY = {"crf": 20, "preset": "superfast"}  # half the time of the writer's own choice

Write = Callable[[np.ndarray, Fraction], None]
ResultWrite = Callable[[np.ndarray, np.ndarray, np.ndarray, Fraction], None]


@contextmanager
def appear_together(folder: Path, source: Path) -> Iterator[Path]:
    """A hidden folder whose files move into `folder` when the block ends.

    If an exception ends the block, nothing is left behind and `folder` stays as it was.

    Args:
        folder: made if need be.
        source: the user's own file, which no output may replace.

    Raises:
        VideoError: `folder` cannot be written, or holds the user's file under an output's name.
    """
    folder = folder.absolute()
    if any(_same_file(folder / name, source) for name in NAMES):
        raise VideoError(f"The results would overwrite {source.name}: choose another folder.")
    beside = next(path for path in (folder, *folder.parents) if path.exists())
    part = beside / f".{uuid.uuid4().hex}"
    try:
        part.mkdir()
        yield part
        folder.mkdir(parents=True, exist_ok=True)
        for path in part.iterdir():
            path.replace(folder / path.name)
    except OSError as error:
        raise VideoError(
            f"The results cannot be written to {folder}: {error.strerror}. "
            "Choose another folder or make room."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def link_or_copy(path: Path, to: Path) -> None:
    """Give a finished file a second place without writing it again where that is possible."""
    try:
        os.link(path, to)
    except OSError:
        shutil.copyfile(path, to)


@contextmanager
def open_writer(
    path: Path, size: tuple[int, int], fps: Fraction, sound: Path | None
) -> Iterator[Write]:
    """A VideoWriter with a thread of its own, so that encoding and computing overlap.

    Args:
        size: width and height of every frame.
        sound: a file whose sound is added; None for silence.

    Yields:
        The writer's `write`; the frames it is given must not change afterwards. What goes wrong
        in the thread is raised by a later call or at the end of the block.
    """
    waiting: deque[Future] = deque()
    writer = VideoWriter(path, *size, fps, audio_from=sound, **_QUALITY)
    with writer, ThreadPoolExecutor(max_workers=1) as thread:

        def write(rgb: np.ndarray, time: Fraction) -> None:
            if len(waiting) == _WAITING_FRAMES:
                waiting.popleft().result()
            waiting.append(thread.submit(writer.write, rgb, time))

        try:
            yield write
        except BaseException:
            thread.shutdown(cancel_futures=True)
            raise
        for future in waiting:
            future.result()


@contextmanager
def result_videos(folder: Path, info: VideoInfo, sound: Path | None) -> Iterator[ResultWrite]:
    """Writes binary.mp4, colorized.mp4 and comparison.mp4 into a folder.

    Args:
        info: of the clip.
        sound: a file whose sound is added to all three; None for silence.

    Yields:
        A function of the original, binary and colorized frame, each (H, W, 3) uint8 RGB, and of
        their time in seconds.
    """
    panel = _panel_size(info)
    labels = np.hstack([_label(text, panel[0]) for text in LABELS])
    whole = (info.width, info.height)
    wide = (3 * panel[0], labels.shape[0] + panel[1])
    with ExitStack() as stack:

        write_binary, write_colorized, write_comparison = (
            stack.enter_context(open_writer(folder / name, size, info.fps, sound))
            for name, size in zip(NAMES[1:], (whole, whole, wide), strict=False)
        )

        def write(
            original: np.ndarray, binary: np.ndarray, colorized: np.ndarray, time: Fraction
        ) -> None:
            write_binary(binary, time)
            write_colorized(colorized, time)
            panels = [
                cv2.resize(image, panel, interpolation=cv2.INTER_AREA)
                for image in (original, binary, colorized)
            ]
            write_comparison(np.vstack([labels, np.hstack(panels)]), time)

        yield write


def _panel_size(info: VideoInfo) -> tuple[int, int]:
    """(width, height) of one panel of the comparison: even, and never larger than the frame."""
    width = min(info.width, MAX_PANEL_WIDTH_PX)
    height = info.height * width / info.width
    return max(2, width // 2 * 2), max(2, round(height / 2) * 2)


def _label(text: str, width: int) -> np.ndarray:
    """(32, width, 3) uint8: light text on dark, made smaller where it would not fit."""
    image = np.full((_LABEL_HEIGHT_PX, width, 3), 24, np.uint8)
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.6
    room = width - 2 * _LABEL_INSET_PX
    scale *= min(1.0, room / cv2.getTextSize(text, font, scale, 1)[0][0])
    at = (_LABEL_INSET_PX, round(0.68 * _LABEL_HEIGHT_PX))
    return cv2.putText(image, text, at, font, scale, (235, 235, 235), 1, cv2.LINE_AA)


def _same_file(path: Path, other: Path) -> bool:
    return path.exists() and other.exists() and path.samefile(other)
