"""Finding the clips that files, folders, patterns and lists stand for, and naming their results."""

from __future__ import annotations

import glob
import logging
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from gait_demo.errors import BatchError

VIDEO_SUFFIXES = frozenset((
    ".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
    ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m",
))  # fmt: skip
_LIST = ".txt"
_EMPTY_PLACE = re.compile(r"\d{3}-bkgrd-\d{3}")  # CASIA-B's background videos, without people
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clip:
    """A video, and the name of its results: a path without suffix, relative to the output."""

    path: Path
    name: str


def is_one_file(inputs: Sequence[str]) -> bool:
    """Whether the inputs are a single video, so that no batch is needed."""
    if len(inputs) != 1:
        return False
    path = Path(inputs[0])
    if path.exists():
        return path.is_file() and path.suffix != _LIST
    return not glob.has_magic(inputs[0])


def find_clips(inputs: Sequence[str], out: Path | None) -> list[Clip]:
    """The clips of all inputs, in order, without duplicates.

    Args:
        inputs: each is a video; a folder, whose videos are recognised by their suffix, also in
            subfolders; a pattern such as `walks/*.mp4`; or a .txt file that lists one input per
            line.
        out: the folder for the results; None if it is a URL.

    Raises:
        BatchError: an input has no clip, two clips would share a name, the output and the inputs
            overlap, or results would lie outside the output.
    """
    found = [pair for text in inputs for pair in _found(text, out)]
    roots = {os.path.abspath(root) for root, _ in found}
    root = os.path.commonpath(roots) if roots else ""
    clips: dict[Path, Clip] = {}
    for _, path in found:
        below = Path(os.path.relpath(path, root))
        clips.setdefault(path.resolve(), Clip(path, (below.parent / below.stem).as_posix()))
    empty = [path for path in clips if _EMPTY_PLACE.fullmatch(path.stem)]
    for path in empty:
        del clips[path]
    if empty:
        _log.info("%d background videos of CASIA-B are left out.", len(empty))
    if not clips:
        raise BatchError(f"There is no video in {', '.join(inputs) or 'nothing'}.")
    _check_names(clips.values())
    if out is not None:
        _check_output(clips, out.resolve())
    return list(clips.values())


def _found(text: str, out: Path | None) -> Iterator[tuple[Path, Path]]:
    """The videos of one input, each with the folder to which its name is relative."""
    path = Path(text)
    if path.is_dir():
        if out is not None and out.resolve().is_relative_to(path.resolve()):
            raise BatchError(
                f"The output {out} lies in the input {path}: results would be mistaken for clips. "
                "Choose a folder outside it."
            )
        videos = sorted(_videos(path))
        if not videos:
            raise BatchError(
                f"{path} holds no video: none of its files ends in .mp4, .avi, .mov or another "
                "usual suffix. Give videos with other suffixes one by one."
            )
        yield from ((path, video) for video in videos)
    elif path.is_file() and path.suffix == _LIST:
        try:
            for line in _lines(path):
                yield from _found(line, out)
        except BatchError as error:
            raise BatchError(
                f"{path} was read as a list of one video, folder or pattern per line. {error}"
            ) from error
    elif path.exists():
        yield path.parent, path
    elif matching := sorted(glob.glob(text, recursive=True)):
        fixed = Path(*takewhile(lambda part: not glob.has_magic(part), path.parts[:-1]))
        for match in matching:
            yield from ((fixed, video) for _, video in _found(match, out))
    elif glob.has_magic(text):
        raise BatchError(f"Nothing matches the pattern {text}: check it.")
    else:
        raise BatchError(f"There is no file or folder {text}: check its path.")


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise BatchError("It is empty.")
    if any(Path(line).suffix == _LIST for line in lines):
        raise BatchError("It names another list.")
    return lines


def _videos(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            if path.suffix.lower() in VIDEO_SUFFIXES and not name.startswith("."):
                yield path


def _check_names(clips: Iterable[Clip]) -> None:
    taken: dict[str, Clip] = {}
    for clip in clips:
        if ".." in Path(clip.name).parts:  # */../../x.mp4
            raise BatchError(
                f"The results of {clip.path} would lie outside the output: give its path without "
                "`..`."
            )
        key = unicodedata.normalize("NFC", clip.name).casefold()  # some file systems ignore case
        other = taken.setdefault(key, clip)
        if other is not clip:
            raise BatchError(
                f"{other.path} and {clip.path} would both be written to {clip.name}: rename one, "
                "or give them to two runs."
            )


def _check_output(clips: Iterable[Path], out: Path) -> None:
    for path in clips:
        if path.is_relative_to(out):
            raise BatchError(
                f"{path} lies in the output {out}, where results could replace it: choose another "
                "folder."
            )
