"""File properties that PyAV does not give: the declared file size, and the clean aperture.

MP4 and MOV (ISO 14496-12) are trees of boxes, Matroska and WebM (RFC 9559) trees of elements, and
AVI is one RIFF chunk; each node declares its length.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import av

_MEDIA = (b"moov", b"moof", b"mdat")
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_RIFF, _EBML = b"RIFF", b"\x1a\x45\xdf\xa3"
_TO_TRACKS = (b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae")  # Segment, Tracks, TrackEntry
_VIDEO = b"\xe0"
_CROP = (b"\x54\xcc", b"\x54\xbb", b"\x54\xdd", b"\x54\xaa")  # left, top, right, bottom
_MOST_CHILDREN = 10_000  # of one box or element; limits the time for malicious files


@dataclass(frozen=True)
class Crop:
    """Borders of a coded picture that are not displayed, in pixels."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


@dataclass(frozen=True)
class _Node:
    kind: bytes
    start: int  # of the content
    end: int

    def read(self, file: BinaryIO, most: int = 256) -> bytes:
        file.seek(self.start)
        return file.read(min(most, self.end - self.start))


_Children = Callable[[BinaryIO, int, int], Iterator[_Node]]


def missing_share(path: Path) -> float:
    """Share in [0, 1) of the bytes that a file declares, but that are missing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == _RIFF:
            declared = 8 + int.from_bytes(head[4:8], "little")
        elif head[:4] == _EBML:
            declared = max((node.end for node in _elements(file, 0, size)), default=size)
        elif head[4:8] in _FIRST_BOXES:
            boxes = list(_boxes(file, 0, size))
            declared = boxes[-1].end if boxes and boxes[-1].kind in _MEDIA else size
        else:
            declared = size
    return max(0.0, 1 - size / max(declared, 1))


def crop_of(path: Path, stream: av.VideoStream) -> Crop:
    """The borders that a stream does not display: by the clean aperture of MP4 and MOV, or the
    cropping of Matroska."""
    with path.open("rb") as file:
        head, whole = file.read(8), _Node(b"", 0, _size(file))
        if head[:4] == _EBML:
            return _matroska_crop(file, whole, stream.index)
        if head[4:] in _FIRST_BOXES:
            return _clean_aperture(file, whole, stream.id)
    return Crop()


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Node]:
    end = min(end, _size(file))
    for _ in range(_MOST_CHILDREN):
        if start + 8 > end:
            return
        file.seek(start)
        head = file.read(16)
        length, content = int.from_bytes(head[:4], "big"), start + 8
        if length == 0:
            length = end - start
        elif length == 1:
            length, content = int.from_bytes(head[8:16], "big"), start + 16
        if start + length < content:
            return
        yield _Node(head[4:8], content, start + length)
        start += length


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[_Node]:
    end = min(end, _size(file))
    for _ in range(_MOST_CHILDREN):
        if start >= end:
            return
        file.seek(start)
        head = file.read(12)
        if head[0] < 0x10:
            return
        kind = head[: 9 - head[0].bit_length()]
        size = head[len(kind) :]
        if not size or not size[0]:
            return
        width = 9 - size[0].bit_length()
        length = int.from_bytes(size[:width], "big") - (1 << 7 * width)
        content = start + len(kind) + width
        unknown = length == (1 << 7 * width) - 1
        start = end if unknown else content + length
        yield _Node(kind, content, start)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _within(children: _Children, file: BinaryIO, node: _Node, *kinds: bytes) -> Iterator[_Node]:
    """All nodes below `node` that are reached by the path `kinds`."""
    for child in children(file, node.start, node.end):
        if child.kind == kinds[0]:
            if len(kinds) == 1:
                yield child
            else:
                yield from _within(children, file, child, *kinds[1:])


def _clean_aperture(file: BinaryIO, whole: _Node, track: int) -> Crop:
    for trak in _within(_boxes, file, whole, b"moov", b"trak"):
        numbers = (_track_number(box.read(file)) for box in _within(_boxes, file, trak, b"tkhd"))
        if track not in numbers:
            continue
        for table in _within(_boxes, file, trak, b"mdia", b"minf", b"stbl", b"stsd"):
            for entry in _boxes(file, table.start + 8, table.end):
                fields = entry.read(file)
                shape = (int.from_bytes(fields[at : at + 2], "big") for at in (24, 26))
                for box in _boxes(file, entry.start + 78, entry.end):
                    if box.kind == b"clap":
                        return _aperture(box.read(file), *shape)
    return Crop()


def _track_number(header: bytes) -> int:
    at = 20 if header[:1] == b"\x01" else 12  # version 1 has 64-bit times before the number
    return int.from_bytes(header[at : at + 4], "big")


def _aperture(fields: bytes, width: int, height: int) -> Crop:
    """The crop of a `clap` box, which holds fractions: width, height, and the offset of the
    aperture's centre from the picture's."""
    parts = [int.from_bytes(fields[at : at + 4], "big", signed=True) for at in range(0, 32, 4)]
    if len(fields) < 32 or 0 in parts[1::2]:
        return Crop()
    wide, high, right, down = (a / b for a, b in zip(parts[::2], parts[1::2], strict=True))
    left, top = round((width - wide) / 2 + right), round((height - high) / 2 + down)
    return Crop(left, top, width - round(wide) - left, height - round(high) - top)


def _matroska_crop(file: BinaryIO, whole: _Node, index: int) -> Crop:
    for entry in islice(_within(_elements, file, whole, *_TO_TRACKS), index, index + 1):
        sides = {
            node.kind: int.from_bytes(node.read(file, 8), "big")
            for video in _within(_elements, file, entry, _VIDEO)
            for node in _elements(file, video.start, video.end)
        }
        return Crop(*(sides.get(kind, 0) for kind in _CROP))
    return Crop()
