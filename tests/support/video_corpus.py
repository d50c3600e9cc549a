"""Recipes of odd and ordinary video files, and what is right for each: by the recipe, not by us.

Every file shows `media.moving_square`, whose mean colour is the same in every frame.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from media import ffmpeg, moving_square

MEAN = moving_square(0).mean((0, 1))
FRAMES, FPS, SIZE = 20, Fraction(25), (96, 64)
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p")
B_FRAMES = (*H264, "-preset", "veryfast", "-bf", "2")
PAUSED = ("-vf", r"setpts=PTS+gte(N\,8)*3/TB", "-fps_mode", "passthrough")
FIELDS = ("-vf", "tinterlace=interleave_top", "-flags", "+ildct+ilme", "-c:v", "libx264", "-preset",
          "ultrafast", "-qp", 4, "-x264-params", "tff=1", "-pix_fmt", "yuv420p")  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How a file is made, and what must be read of it.

    Attributes:
        kind, name: the row of the table, and the file; its suffix says the container.
        encoding: FFmpeg's output options.
        source_frames, source_fps, source_size: of what is encoded.
        then: changes the file's bytes, or makes it of others beside it, in the end.
        frames, fps, duration_s, size: that are right; None of the first three: those of the source.
        tolerance: of the mean colour, in levels; None: it is not that of the source.
        pause_s: the longest interval between two frames, where it is not the usual one.
        refused: a part of the sentence that is right instead.
        warning: a part of the warning that is right.
    """

    kind: str
    name: str
    encoding: tuple[object, ...] = H264
    source_frames: int = FRAMES
    source_fps: Fraction | int = FPS
    source_size: tuple[int, int] = SIZE
    then: Callable[[Path], None] | None = None
    frames: int | None = None
    fps: Fraction | float | None = None
    duration_s: float | None = None
    size: tuple[int, int] | None = None
    tolerance: float | None = 3
    pause_s: float | None = None
    refused: str | None = None
    warning: str | None = None

    def make(self, folder: Path) -> Path:
        path = folder / self.name
        width, height = self.source_size
        source = (moving_square(i, (width, height)) for i in range(self.source_frames))
        raw = b"".join(rgb.tobytes() for rgb in source)
        video = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        ffmpeg(*video, "-r", self.source_fps, "-i", "-", *self.encoding, path, stdin=raw)
        if self.then is not None:
            self.then(path)
        return path


# Changing bytes


def boxes(data: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    found = []
    while start + 8 <= end:
        length, kind = struct.unpack(">I4s", data[start : start + 8])
        found.append((kind, start, start + length))
        start += length
    return found


def add_box(path: Path, new: bytes) -> None:
    """Put a box at the end of the first video's sample entry; the index must lie last."""
    data = bytearray(path.read_bytes())
    start, end, opened = 0, len(data), []
    skipped = {b"moov": 8, b"trak": 8, b"mdia": 8, b"minf": 8, b"stbl": 8, b"stsd": 16}
    for kind, skip in skipped.items():
        _, at, end = next(box for box in boxes(data, start, end) if box[0] == kind)
        opened.append(at)
        start = at + skip
    opened.append(start)  # the sample entry
    end = start + struct.unpack(">I", data[start : start + 4])[0]
    for at in opened:
        data[at : at + 4] = struct.pack(">I", struct.unpack(">I", data[at : at + 4])[0] + len(new))
    data[end:end] = new
    path.write_bytes(data)


def clean_aperture(width: int, height: int, right: int = 0, down: int = 0) -> Callable:
    """A `clap` box: size in pixels, and how far its centre is from the picture's, in halves."""
    fields = (width, 1, height, 1, right, 2, down, 2)
    return lambda path: add_box(path, struct.pack(">I4s8i", 40, b"clap", *fields))


def edit(*entries: tuple[float | None, float]) -> Callable[[Path], None]:
    """Give the first track an edit list: where each part begins in it, and how long it is shown, in
    seconds; None: nothing is shown for so long. The index must lie last."""

    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        movie, media = (
            struct.unpack_from(">I", data, data.index(kind) + 16)[0] for kind in (b"mvhd", b"mdhd")
        )
        at = data.index(b"elst") - 4
        size, _, _, _, _, zero = struct.unpack_from(">I4s4i", data, at)
        rows = (
            struct.pack(">IiI", round(length * movie), -1 if start is None
                        else zero + round(start * media), 1 << 16)
            for start, length in entries
        )  # fmt: skip
        new = struct.pack(">4sII", b"elst", 0, len(entries)) + b"".join(rows)
        data[at : at + size] = struct.pack(">I", len(new) + 4) + new
        for kind in (b"moov", b"trak", b"edts"):
            box = data.index(kind) - 4
            (old,) = struct.unpack_from(">I", data, box)
            struct.pack_into(">I", data, box, old + len(new) + 4 - size)
        path.write_bytes(data)

    return change


def in_turn(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        for one in changes:
            one(path)

    return change


def cut_to(share: float) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: round(share * len(data))])

    return change


def remade(*command: object, first: tuple[object, ...] = ()) -> Callable[[Path], None]:
    """Run FFmpeg on the file, with input options and output options."""

    def change(path: Path) -> None:
        old = path.with_name(f"old_{path.name}")
        path.rename(old)
        ffmpeg(*first, "-i", old, *command, path)
        old.unlink()

    return change


def joined_at(*offsets: float) -> Callable[[Path], None]:
    """The same transport stream several times, its clock beginning at each of the offsets."""

    def change(path: Path) -> None:
        parts = []
        for offset in offsets:
            part = path.with_name("part.ts")
            ffmpeg("-i", path, "-c", "copy", "-copyts", "-output_ts_offset", offset, part)
            parts.append(part.read_bytes())
            part.unlink()
        path.write_bytes(b"".join(parts))

    return change


def through_mp4(then: Callable[[Path], None]) -> Callable[[Path], None]:
    """What a recipe of MP4 does, copied into another container."""

    def change(path: Path) -> None:
        mp4 = path.with_suffix(".mp4")
        ffmpeg("-i", path, "-c", "copy", mp4)
        then(mp4)
        ffmpeg("-i", mp4, "-c", "copy", path)
        mp4.unlink()

    return change


def written(data: bytes | str) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data.encode() if isinstance(data, str) else data)


def beside(name: str, encoding: tuple[object, ...], *command: object, frames: int = FRAMES,
           size: tuple[int, int] = SIZE, swap: bool = False) -> Callable[[Path], None]:  # fmt: skip
    """Add a second track, made by another recipe, to a file."""

    def change(path: Path) -> None:
        other = Recipe("", name, encoding, frames, source_size=size).make(path.parent)
        old = path.with_name(f"old_{path.name}")
        path.rename(old)
        inputs = [other, old] if swap else [old, other]
        ffmpeg("-i", inputs[0], "-i", inputs[1], "-map", "0", "-map", "1", "-c", "copy",
               *command, path)  # fmt: skip
        other.unlink()
        old.unlink()

    return change


# Recipes


def _codecs() -> list[Recipe]:
    yuv = ("-pix_fmt", "yuv420p")
    x265 = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "12")
    mpeg4 = ("-c:v", "mpeg4", "-q:v", "2")
    vp8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M")
    vp9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M")
    av1 = ("-c:v", "libsvtav1", "-preset", "12", "-crf", "20")
    table = {
        "mp4 mov mkv avi ts flv m4v 3gp mpg mxf": H264,
        "b.mp4 b.mov b.mkv b.avi b.ts b.flv": B_FRAMES,
        "hevc.mp4 hevc.mov hevc.mkv hevc.ts": (*x265, *yuv),
        "ten.mp4 ten.mkv": (*x265, "-pix_fmt", "yuv420p10le"),
        "mpeg4.mp4 mpeg4.avi mpeg4.mkv mpeg4.mov": (*mpeg4, *yuv),
        "bmpeg4.mp4 bmpeg4.avi": (*mpeg4, *yuv, "-bf", "2"),
        "mpeg2.mpg mpeg2.ts mpeg2.mkv mpeg2.mxf": ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2"),
        "mpeg1.mpg": ("-c:v", "mpeg1video", "-q:v", "2"),
        "vp8.webm vp8.mkv": (*vp8, *yuv),
        "alt.webm": (*vp8, *yuv, "-auto-alt-ref", 1, "-lag-in-frames", 10, "-deadline", "good"),
        "vp9.webm vp9.mp4 vp9.mkv": (*vp9, *yuv),
        "alt9.webm": (*vp9, *yuv, "-auto-alt-ref", 1, "-lag-in-frames", 12, "-deadline", "good"),
        "av1.mp4 av1.mkv av1.webm": (*av1, *yuv),
        "mjpeg.avi mjpeg.mov mjpeg.mkv": ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"),
        "prores.mov prores.mkv": ("-c:v", "prores_ks"),
        "ffv1.mkv ffv1.avi": ("-c:v", "ffv1"),
        "huffyuv.avi": ("-c:v", "ffvhuff", "-pix_fmt", "yuv422p"),
        "utvideo.avi": ("-c:v", "utvideo", "-pix_fmt", "gbrp"),
        "raw.avi": ("-c:v", "rawvideo", "-pix_fmt", "yuv420p"),
        "raw.mov": ("-c:v", "rawvideo", "-pix_fmt", "uyvy422"),
        "rgb.avi": ("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
        "png.mov": ("-c:v", "png"),
        "animation.mov": ("-c:v", "qtrle", "-pix_fmt", "rgb24"),
        "theora.ogv theora.mkv": ("-c:v", "libtheora", "-q:v", "9", *yuv),
        "wmv2.wmv wmv2.asf": ("-c:v", "wmv2", "-q:v", "2"),
        "wmv1.avi": ("-c:v", "msmpeg4", "-q:v", "2"),
        "sorenson.flv": ("-c:v", "flv", "-q:v", "2"),
        "a.apng": (),
        "cinepak.avi": ("-c:v", "cinepak", "-q:v", "1"),
    }  # fmt: skip
    recipes = [
        Recipe("codecs and containers", name if "." in name else f"h264.{name}", encoding)
        for names, encoding in table.items()
        for name in names.split()
    ]
    loose = {"cinepak.avi": 8, "vp8.webm": 6, "vp8.mkv": 6, "alt.webm": 6, "av1.mp4": 5}
    recipes = [replace(one, tolerance=loose.get(one.name, one.tolerance)) for one in recipes]
    dv = ("-c:v", "dvvideo", "-vf", "scale=720:576:flags=neighbor", "-pix_fmt", "yuv420p")
    return recipes + [
        Recipe("codecs and containers", "a.gif", (), tolerance=4),
        Recipe("codecs and containers", "dv.avi", (*dv, "-aspect", "4:3"), size=(768, 576)),
        Recipe("codecs and containers", "dv.dv", (*dv, "-aspect", "4:3"), size=(768, 576)),
        Recipe("codecs and containers", "live.webm", (*vp8, *yuv, "-live", "1"), tolerance=6),
        Recipe("codecs and containers", "fragments.mp4",
               (*H264, "-g", "5", "-movflags", "frag_keyframe+empty_moov")),
        Recipe("codecs and containers", "first.mp4", (*H264, "-movflags", "+faststart")),
        Recipe("codecs and containers", "sound.mp4", H264, then=beside_sound("aac")),
        Recipe("codecs and containers", "sound.mkv", H264, then=beside_sound("libopus")),
        Recipe("codecs and containers", "odd.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv444p"),
               source_size=(97, 65), size=(97, 65), tolerance=5),
    ]  # fmt: skip


def beside_sound(codec: str) -> Callable[[Path], None]:
    sine = ("-f", "lavfi", "-i", "sine=d=2")

    def change(path: Path) -> None:
        old = path.with_name(f"old_{path.name}")
        path.rename(old)
        ffmpeg(*sine, "-i", old, "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", codec, path)
        old.unlink()

    return change


def _rates() -> list[Recipe]:
    rates = [1, 5, Fraction(15), Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 30, 50]
    rates += [Fraction(60000, 1001), 60, 90, 120, 240]
    recipes = [
        Recipe("rates", f"{float(fps):.3f}.{suffix}", H264, source_fps=Fraction(fps))
        for fps in rates
        for suffix in ("mp4", "mkv", "ts", "avi")
        if suffix in ("mp4", "mkv") or fps in (Fraction(30000, 1001), 25, 30, 60)
    ]
    recipes += [
        Recipe("rates", f"{fps}.gif", (), source_fps=Fraction(fps), tolerance=4)
        for fps in (5, 10, 15, 20, 25)
    ]
    vp8 = ("-c:v", "libvpx", "-b:v", "1M")
    recipes.append(Recipe("rates", "15.webm", vp8, source_fps=15, tolerance=6))
    # a claim in the header that the frames do not bear out
    claimed = ("-bsf:v", "h264_metadata=tick_rate=2000")
    recipes += [
        Recipe("rates", f"claims_1000.{suffix}", (*H264, *claimed))
        for suffix in ("mp4", "mkv", "ts")
    ]
    too = "frames per second; 1 to 1000"
    recipes.append(Recipe("rates", "quarter.mp4", H264, 4, Fraction(1, 4), refused=too))
    recipes.append(Recipe("rates", "5000.mp4", H264, 4, 5000, refused=too))
    return recipes


def _times() -> list[Recipe]:
    slower = ("-vf", r"setpts=(N+N*N/40)/25/TB", "-fps_mode", "passthrough")
    recipes = [
        Recipe("edit lists", f"{length:g}_from_{start:g}{kind}.{suffix}",
               B_FRAMES if kind else (*H264, "-bf", "0", "-g", "100"), 50,
               then=edit((start, length)), frames=round(length * 25), duration_s=length)
        for start, length in ((0, 1), (0.4, 1), (1, 0.6), (0.2, 1.8), (1.2, 0.4))
        for suffix, kind in (("mp4", ""), ("mov", "_b"))
    ]  # fmt: skip
    recipes += [
        Recipe("edit lists", "copied_part.mp4", B_FRAMES, 50,
               then=remade("-c", "copy", "-t", "0.8", first=("-ss", "0.6")), frames=22),
        *(
            Recipe("edit lists", name, B_FRAMES, 50, then=edit(*parts), frames=frames,
                   duration_s=frames / 25)
            for name, frames, parts in (
                ("two_parts.mp4", 25, [(0.2, 0.4), (1.2, 0.6)]),
                ("backwards.mp4", 25, [(1.2, 0.6), (0.2, 0.4)]),
                ("thrice.mp4", 30, [(0.2, 0.4)] * 3),
                ("later.mp4", 15, [(None, 1), (0.4, 0.6)]),
            )
        ),
        Recipe("edit lists", "late.mp4", then=remade("-c", "copy", first=("-itsoffset", "2"))),
    ]  # fmt: skip
    recipes += [
        Recipe("pauses", f"pause.{suffix}", (*encoding, *PAUSED), pause_s=3.04,
               duration_s=FRAMES / 25 + 3)
        for suffix, encoding in {
            "mp4": H264, "mov": B_FRAMES, "mkv": B_FRAMES, "ts": B_FRAMES, "flv": H264,
            "avi": ("-c:v", "mpeg4", "-q:v", "2"), "webm": ("-c:v", "libvpx-vp9", "-cpu-used", "8"),
        }.items()
    ] + [
        Recipe("pauses", "pause.gif", PAUSED, pause_s=3.04, duration_s=FRAMES / 25 + 3,
               tolerance=4),
        Recipe("pauses", "still_at_the_end.avi", ("-c:v", "mpeg4", "-q:v", "2", "-vf",
               r"setpts=PTS+gte(N\,19)*2/TB", "-fps_mode", "passthrough"), pause_s=2.04,
               duration_s=FRAMES / 25 + 2),
        *(
            Recipe("pauses", f"{name}.avi", (*encoding, *PAUSED), pause_s=3.04,
                   duration_s=FRAMES / 25 + 3)
            for name, encoding in {
                "mjpeg": ("-c:v", "mjpeg", "-q:v", "2"), "h264_b": B_FRAMES,
                "mpeg4_b": ("-c:v", "mpeg4", "-q:v", "2", "-bf", "2"),
            }.items()
        ),
        Recipe("pauses", "slower.mp4", (*H264, *slower), fps=None, duration_s=1.16, tolerance=3,
               pause_s=0.08),
    ]  # fmt: skip
    half = {
        "frames": 2 * FRAMES,
        "duration_s": 2 * FRAMES / 25,
        "warning": "time stamps jump at 0.8 s",
    }
    recipes += [
        Recipe("clocks", f"{name}{kind}.ts", encoding, then=joined_at(*offsets), **half)
        for kind, encoding in {"": H264, "_b": B_FRAMES}.items()
        for name, offsets in {
            "restarts": (10, 0), "again": (0, 0), "minute": (0, 61), "hour": (0, 3601),
            "back": (500, 20), "half": (10, 9.5),
        }.items()
    ]  # fmt: skip
    recipes += [
        Recipe("clocks", "sound.ts", then=in_turn(beside_sound("aac"), joined_at(0, 61)), **half),
        Recipe("pauses", "five.ts", B_FRAMES, then=joined_at(0, 5.8), frames=2 * FRAMES,
               duration_s=6.6, pause_s=5.04),
    ]  # fmt: skip
    recipes.append(
        Recipe("clocks", "thrice.ts", B_FRAMES, then=joined_at(0, 100, 3), frames=3 * FRAMES,
               duration_s=3 * FRAMES / 25, warning="time stamps jump at 0.8 s, 1.6 s"))  # fmt: skip
    return recipes


def _tracks() -> list[Recipe]:
    jpeg = ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p")
    small = {"size": (48, 32)}
    not_first = ("-disposition:v:0", "0", "-disposition:v:1", "default")
    both = ("-disposition:v:0", "default", "-disposition:v:1", "default")
    none = ("-disposition:v:0", "0", "-disposition:v:1", "0")
    table = {
        "one_frame_first.mp4": beside("x.mp4", jpeg, *not_first, frames=1, swap=True, **small),
        "one_frame_default.mp4": beside("x.mp4", jpeg, *both, frames=1, swap=True, **small),
        "one_frame.mkv": beside("x.mkv", jpeg, *both, frames=1, swap=True, **small),
        "one_large_frame.mp4": beside("x.mp4", jpeg, *both, frames=1, swap=True, size=(960, 640)),
        "proxy_first.mp4": beside("x.mp4", H264, *not_first, swap=True, **small),
        "proxy_first.mov": beside("x.mov", H264, *not_first, swap=True, **small),
        "proxy_first.mkv": beside("x.mkv", H264, *not_first, swap=True, **small),
        "proxy_last.mp4": beside("x.mp4", H264, **small),
        "both_default.mp4": beside("x.mp4", H264, *both, swap=True, **small),
        "both_default.mkv": beside("x.mkv", H264, *both, swap=True, **small),
        "none_default.mkv": beside("x.mkv", H264, *none, swap=True, **small),
        "proxy.ts": beside("x.ts", H264, swap=True, **small),
        "few_large.mkv": beside("x.mkv", H264, *none, frames=2, swap=True, size=(192, 128)),
        "cover.mp4": beside("x.mp4", jpeg, "-disposition:v:1", "attached_pic", frames=1),
        "cover.mkv": beside("x.mkv", jpeg, "-disposition:v:1", "attached_pic", frames=1),
        "large_default.mp4": beside("x.mp4", H264, *not_first, swap=True, size=(192, 128)),
    }
    return [Recipe("tracks", name, H264, then=then) for name, then in table.items()]


def _colours() -> list[Recipe]:
    recipes = []
    lossless = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4")
    for matrix, tag in {"bt709": "bt709", "smpte170m": "smpte170m", "bt470bg": "bt470bg"}.items():
        for span in ("tv", "pc"):
            for suffix in ("mp4", "mkv"):
                scaled = f"scale=out_color_matrix={matrix}:out_range={span}"
                recipes.append(Recipe(
                    "matrices and ranges", f"{matrix}_{span}.{suffix}",
                    (*lossless, "-vf", scaled, "-pix_fmt", "yuv420p", "-colorspace", tag,
                     "-color_range", span, "-color_primaries", tag, "-color_trc", tag
                     if tag != "bt470bg" else "smpte170m")))  # fmt: skip
    for pixels in ("yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuvj420p",
                   "yuvj444p"):  # fmt: skip
        recipes.append(Recipe("pixel formats", f"{pixels}.mkv", (*lossless, "-pix_fmt", pixels)))
    for pixels in ("yuva420p", "gbrp", "gbrp12le", "yuv420p12le", "bgr0", "rgb48le", "bgra"):
        encoding = ("-c:v", "ffv1", "-pix_fmt", pixels)
        recipes.append(Recipe("pixel formats", f"{pixels}.mkv", encoding))
    palette = ("-c:v", "msrle", "-pix_fmt", "pal8")
    recipes.append(Recipe("pixel formats", "palette.avi", palette, tolerance=6))
    for transfer in ("arib-std-b67", "smpte2084"):
        for suffix, codec in {
            "mov": ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "8", "-tag:v", "hvc1",
                    "-x265-params", "log-level=none"),
            "mkv": ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4"),
            "ts": ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "8", "-x265-params",
                   "log-level=none"),
            "webm": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-b:v", "2M"),
        }.items():  # fmt: skip
            recipes.append(_wide("HDR", transfer, "bt2020", f"{transfer}.{suffix}", codec))
    hlg = next(one for one in recipes if one.name == "arib-std-b67.mov")
    full = tuple(
        str(option).replace("r=limited", "r=full").replace("range=tv", "range=pc")
        for option in (*hlg.encoding[:-1], "pc")
    )
    turned = remade("-c", "copy", first=("-display_rotation", 90))
    recipes.append(replace(hlg, name="full_range.mov", encoding=full))
    recipes.append(replace(hlg, name="turned.mov", then=turned, size=SIZE[::-1]))
    for primaries in ("bt2020", "smpte432"):
        for suffix in ("mov", "mkv"):
            codec = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4")
            recipes.append(_wide("wide gamut", "bt709", primaries, f"{primaries}.{suffix}", codec))
    return recipes


def _wide(kind: str, transfer: str, primaries: str, name: str, codec: tuple[str, ...]) -> Recipe:
    """An SDR picture as an HDR or wide-gamut camera stores it, made by zimg."""
    matrix = "bt2020nc" if primaries == "bt2020" else "bt709"
    made = (
        "format=gbrpf32le,zscale=tin=bt709:pin=bt709:min=gbr:rin=full:"
        f"t={transfer}:p={primaries}:m={matrix}:r=limited:npl=203,format=yuv420p10le"
    )
    tags = ("-colorspace", matrix, "-color_primaries", primaries, "-color_trc", transfer)
    tagged = f"setparams=color_primaries={primaries}:color_trc={transfer}:colorspace={matrix}"
    encoding = (*codec, "-vf", f"{made},{tagged}:range=tv", *tags, "-color_range", "tv")
    return Recipe(kind, name, encoding, tolerance=10)


def _shapes() -> list[Recipe]:
    recipes = [
        Recipe("sample aspect", f"{sar.replace('/', '_')}.{suffix}",
               (*H264, "-vf", f"setsar={sar}"),
               source_size=(192, 128), size=size)
        for suffix in ("mp4", "mkv")
        for sar, size in {
            "1/1": (192, 128), "2/1": (384, 128), "4/3": (256, 128), "16/15": (205, 128),
            "8/9": (171, 128), "1/2": (96, 128), "100/99": (192, 128),
        }.items()
    ]  # fmt: skip
    long = "at most 10 times as long as the other"
    recipes += [
        Recipe("sample aspect", f"{name}.mp4", source_size=(512, 320), refused=refused,
               then=remade("-c", "copy", "-bsf:v", f"h264_metadata=sample_aspect_ratio={sar}"))
        for name, (sar, refused) in {
            "1_255": ("1/255", long), "200_1": ("200/1", long), "9_1": ("9/1", long),
            "255_1": ("255/1", long),
        }.items()
    ]  # fmt: skip
    recipes += [
        Recipe("picture shapes", f"{width}x{height}.mp4", H264, source_size=(width, height),
               refused=long)
        for width, height in ((1920, 32), (32, 1920), (704, 64), (64, 704))
    ] + [
        Recipe("picture shapes", f"{width}x{height}.mp4", H264, source_size=(width, height),
               size=(width, height), tolerance=None)
        for width, height in ((640, 64), (64, 640), (32, 32), (320, 32))
    ]  # fmt: skip
    for degrees in (0, 90, 180, 270):
        for flip in ((), ("-display_hflip",), ("-display_vflip",)):
            size = SIZE[::-1] if degrees % 180 else SIZE
            name = f"turned_{degrees}{''.join(flip)}.mp4"
            tag = ("-display_rotation", degrees, *flip)
            then = remade("-c", "copy", first=tag)
            recipes.append(Recipe("rotations", name, then=then, size=size))
    pad = "pad=iw+{0}:ih+{1}:{2}:{3}:color=lime"
    lossless = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4")
    for name, (right, down, x, y) in {
        "centre": (32, 16, 16, 8), "left": (32, 16, 0, 0), "right": (32, 16, 32, 16),
        "odd": (7, 5, 3, 2),
    }.items():  # fmt: skip
        pixels = "yuv444p" if name == "odd" else "yuv420p"
        encoding = (*lossless, "-vf", pad.format(right, down, x, y), "-pix_fmt", pixels)
        shift = (2 * x - right, 2 * y - down)
        for suffix in ("mp4", "mov"):
            recipes.append(Recipe("clean aperture", f"{name}.{suffix}", encoding,
                                  then=clean_aperture(*SIZE, *shift), size=SIZE))  # fmt: skip
        if name != "odd":
            then = through_mp4(clean_aperture(*SIZE, *shift))
            recipes.append(Recipe("clean aperture", f"{name}.mkv", encoding, then=then, size=SIZE))
    turned = remade("-c", "copy", first=("-display_rotation", 90))
    recipes += [
        Recipe("clean aperture", "turned.mov", (*lossless, "-vf", pad.format(32, 16, 16, 8),
               "-pix_fmt", "yuv420p"), then=in_turn(turned, clean_aperture(*SIZE)),
               size=SIZE[::-1]),
        Recipe("interlaced", "turned.mp4", (*FIELDS[4:], "-vf", "setfield=tff", "-flags",
               "+ildct+ilme"), then=turned, size=SIZE[::-1], tolerance=4),
    ]  # fmt: skip
    recipes += [
        Recipe("clean aperture", f"senseless_{n}.mp4", lossless + ("-pix_fmt", "yuv420p"),
               then=clean_aperture(*shape), size=SIZE)
        for n, shape in enumerate([(0, 0), (-5, 20), (500, 500), (96, 64, 50, 0), (2**31 - 1, 1)])
    ]  # fmt: skip
    fields = {"tff": ("tff=1", "tff"), "bff": ("bff=1", "bff")}
    for order, (x264, setfield) in fields.items():
        flags = ("-vf", f"setfield={setfield}", "-flags", "+ildct+ilme")
        for suffix, codec in {
            "mp4": ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4", "-x264-params", x264,
                    "-pix_fmt", "yuv420p"),
            "ts": ("-c:v", "mpeg2video", "-q:v", "2", "-pix_fmt", "yuv420p"),
            "mpg": ("-c:v", "mpeg2video", "-q:v", "2", "-pix_fmt", "yuv420p", "-bf", "2"),
            "mov": ("-c:v", "prores_ks"),
            "avi": ("-c:v", "mpeg4", "-q:v", "2"),
        }.items():  # fmt: skip
            recipes.append(Recipe("interlaced", f"{order}.{suffix}", (*codec, *flags),
                                  tolerance=4))  # fmt: skip
    return recipes


def _refused() -> list[Recipe]:
    kind = "not a whole video"
    cut = [
        Recipe(kind, f"cut_{share:.0%}{kind2}.{suffix}", encoding, then=cut_to(share),
               refused="cut off")
        for share in (0.3, 0.6, 0.85)
        for suffix, kind2, encoding in (
            ("mp4", "", H264), ("mp4", "_first", (*H264, "-movflags", "+faststart")),
            ("mkv", "", H264), ("avi", "", ("-c:v", "mjpeg")), ("mov", "", B_FRAMES),
            ("webm", "", ("-c:v", "libvpx", "-b:v", "1M")),
        )
    ]  # fmt: skip
    none = "is not a video"
    other = {
        "empty.mp4": ("", "is empty"), "text.mp4": ("words\n" * 99, none),
        "zeros.mp4": (bytes(5000), none), "html.avi": ("<html><video src=a.mp4></html>", none),
    }  # fmt: skip
    refused = [
        Recipe(kind, name, then=written(data), refused=sentence)
        for name, (data, sentence) in other.items()
    ]
    one = "only one frame"
    refused += [
        Recipe(kind, "one.mp4", H264, 1, refused=one),
        Recipe(kind, "one.gif", (), 1, refused=one),
        Recipe(kind, "one.mkv", ("-c:v", "mjpeg"), 1, refused=one),
        Recipe(kind, "still.mp4", ("-c:v", "png", "-f", "image2", "-update", "1"), 1, refused=none),
        Recipe(kind, "tiny.mp4", H264, source_size=(16, 16), refused="too small"),
        Recipe(kind, "raw.h264", H264, refused=none),
        Recipe(kind, "a.nut", H264, refused=none),
        Recipe(kind, "a.y4m", ("-pix_fmt", "yuv420p"), refused=none),
    ]
    return cut + refused


RECIPES: list[Recipe] = [
    *_codecs(), *_rates(), *_times(), *_tracks(), *_colours(), *_shapes(), *_refused(),
]  # fmt: skip
