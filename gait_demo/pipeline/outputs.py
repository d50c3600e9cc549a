"""The output files of a run: encoded in parallel, and put in place all together or not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from gait_demo.errors import VideoError, not_written
from gait_demo.imaging.resizing import shrink
from gait_demo.options import OUTPUTS, Options
from gait_demo.types import VideoInfo
from gait_demo.video import VideoWriter
from gait_demo.workspace import working_folder

NAMES = (*(f"{name}.mp4" for name in OUTPUTS), "report.json")
LABELS = ("Original", "New silhouette", "New walker")
MAX_PANEL_WIDTH_PX = 480  # width of each of the three panels of the comparison
_LABEL_HEIGHT_PX = 32
_LABEL_INSET_PX = 12
_WAITING_FRAMES = 6  # maximum number of frames of one video that wait for its encoder
_WAITING_BYTES = 64_000_000  # maximum size of these frames
QUALITY = {"qp": 18, "preset": "ultrafast"}  # takes a fifth of the time of the writer's defaults

Write = Callable[..., None]
Sound = tuple[Path, float]


@contextmanager
def appear_together(folder: Path, source: Path) -> Iterator[Path]:
    """A hidden folder whose files move into `folder` when the block ends, in place of those of an
    earlier run.

    If an exception ends the block, nothing is left behind and `folder` stays as it was; if the
    process is killed, `folder` never holds files of two runs, and the next run removes the rest.

    Args:
        folder: created if missing.
        source: the user's own file, which no output may replace.

    Yields:
        The hidden folder; its files with a name of `NAMES` are the outputs.

    Raises:
        VideoError: `folder` cannot be written, another run is writing to it, or the user's file or
            a folder has the name of an output.
    """
    folder = folder.absolute()
    with _writing(folder, source) as part:
        yield part
        folder.mkdir(parents=True, exist_ok=True)
        _put_in_place(part, folder)


def check(folder: Path, source: Path) -> None:
    """Checks before a run that `appear_together` can write to `folder`.

    Raises:
        VideoError: as for `appear_together`.
    """
    with _writing(folder.absolute(), source):
        pass


@contextmanager
def _writing(folder: Path, source: Path) -> Iterator[Path]:
    with _sentences(folder):
        if folder.is_file():
            raise VideoError(f"{folder} is a file, and the results need a folder: choose another.")
        for name in NAMES:
            if _same_file(folder / name, source):
                raise VideoError(
                    f"The results would overwrite {source.name}: choose another folder."
                )
            if (folder / name).is_dir():
                raise VideoError(f"{folder / name} is a folder: choose another folder.")
        beside = next(path for path in (folder, *folder.parents) if path.exists())
        with working_folder(beside, str(folder)) as part:
            yield part


@contextmanager
def _sentences(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        sentence = (
            f"The results cannot be written to {folder}: {error.strerror}. "
            "Choose another folder or make room."
        )
        raise not_written(sentence, error) from error


def _put_in_place(part: Path, folder: Path) -> None:
    """Moves the outputs of a run into their folder. Those of an earlier run are set aside first,
    and come back if a move fails."""
    old, moved = part / "old", []
    old.mkdir()
    try:
        for name in NAMES:
            if (folder / name).is_file():
                (folder / name).replace(old / name)
        for name in NAMES:
            if (part / name).exists():
                (part / name).replace(folder / name)
                moved.append(name)
    except BaseException:
        for name in moved:
            (folder / name).unlink()
        for path in old.iterdir():
            path.replace(folder / path.name)
        raise


@contextmanager
def open_writer(
    path: Path,
    size: tuple[int, int],
    fps: Fraction,
    sound: Sound | None,
    threads: int = 0,
    picture: Callable[..., np.ndarray] | None = None,
) -> Iterator[Write]:
    """A VideoWriter with a thread of its own, so that encoding and computing overlap.

    Args:
        size: width and height of every frame, in pixels.
        sound: the file to take sound from, and the second to start at; None for silence.
        threads: number of x264's threads, as for `VideoWriter`.
        picture: makes the frame from the arrays that `write` is given; called in the thread. None:
            `write` is given the frame itself.

    Yields:
        `write(time, *arrays)`; the arrays must not change afterwards. An error in the thread is
        raised by a later call or at the end of the block.
    """
    waiting: deque[Future] = deque()
    most = max(1, min(_WAITING_FRAMES, _WAITING_BYTES // (3 * size[0] * size[1])))
    source, start_s = sound or (None, 0)
    audio = {"audio_from": source, "audio_start_s": start_s}
    writer = VideoWriter(path, *size, fps, **audio, **QUALITY, threads=threads)
    with writer, ThreadPoolExecutor(max_workers=1) as thread:

        def encode(time: Fraction, *arrays: np.ndarray) -> None:
            writer.write(picture(*arrays) if picture else arrays[0], time)

        def write(time: Fraction, *arrays: np.ndarray) -> None:
            if len(waiting) == most:
                waiting.popleft().result()
            waiting.append(thread.submit(encode, time, *arrays))

        try:
            yield write
        except BaseException:
            thread.shutdown(cancel_futures=True)
            raise
        for future in waiting:
            future.result()


@contextmanager
def result_videos(
    folder: Path, info: VideoInfo, sound: Sound | None, options: Options
) -> Iterator[Write]:
    """Writes those of binary.mp4, colorized.mp4 and comparison.mp4 that the options ask for.

    Args:
        folder: where they are written.
        info: properties of the clip.
        sound: the file to take sound from, for all three, and the second to start at; None for
            silence.
        options: the videos to write, and the number of threads.

    Yields:
        `write(time, original, binary, colorized)`: seconds, and frames (H, W, 3) uint8 RGB; the
        binary one is (H, W) uint8.
    """
    panel = _panel_size(info)
    labels = np.hstack([_label(text, panel[0]) for text in LABELS])
    whole = (info.width, info.height)
    wide = (3 * panel[0], labels.shape[0] + panel[1])

    def side_by_side(original: np.ndarray, binary: np.ndarray, colorized: np.ndarray) -> np.ndarray:
        binary = cv2.cvtColor(shrink(binary, panel), cv2.COLOR_GRAY2RGB)
        panels = shrink(original, panel), binary, shrink(colorized, panel)
        return np.vstack([labels, np.hstack(panels)])

    with ExitStack() as stack:

        def opened(name: str, size: tuple[int, int], picture: Callable | None = None) -> Write:
            if name not in options.video.only:
                return write_nothing
            path, threads = folder / f"{name}.mp4", options.threads or 0
            writer = open_writer(path, size, info.fps, sound, threads, picture)
            return stack.enter_context(writer)

        write_binary = opened("binary", whole)
        write_colorized = opened("colorized", whole)
        write_comparison = opened("comparison", wide, side_by_side)

        def write(
            time: Fraction, original: np.ndarray, binary: np.ndarray, colorized: np.ndarray
        ) -> None:
            write_binary(time, binary)
            write_colorized(time, colorized)
            write_comparison(time, original, binary, colorized)

        yield write


def write_nothing(time: Fraction, *arrays: np.ndarray) -> None:
    pass


def _panel_size(info: VideoInfo) -> tuple[int, int]:
    """(width, height) of one panel of the comparison: even, and never larger than the frame."""
    width = min(info.width, MAX_PANEL_WIDTH_PX)
    height = info.height * width / info.width
    return max(2, width // 2 * 2), max(2, round(height / 2) * 2)


def _label(text: str, width: int) -> np.ndarray:
    """(32, width, 3) uint8: light text on dark, scaled down to fit."""
    image = np.full((_LABEL_HEIGHT_PX, width, 3), 24, np.uint8)
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.6
    room = width - 2 * _LABEL_INSET_PX
    scale *= min(1.0, room / cv2.getTextSize(text, font, scale, 1)[0][0])
    at = (_LABEL_INSET_PX, round(0.68 * _LABEL_HEIGHT_PX))
    return cv2.putText(image, text, at, font, scale, (235, 235, 235), 1, cv2.LINE_AA)


def _same_file(path: Path, other: Path) -> bool:
    return path.exists() and other.exists() and path.samefile(other)
