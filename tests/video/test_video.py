"""What we read and write, checked against the FFmpeg program and moviepy."""

from __future__ import annotations

import os
import random
import socketserver
import struct
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import media
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc
from media import ffmpeg, moving_square, write_clip
from moviepy.video.io.ffmpeg_reader import ffmpeg_parse_infos
from video_corpus import B_FRAMES, FIELDS, PAUSED, Recipe, edit, joined_at

from gait_demo.errors import VideoError
from gait_demo.video import VideoWriter, probe, read_frames
from gait_demo.video.colour import as_bt709
from gait_demo.video.display import prepared
from gait_demo.video.layout import Crop

BT2020, ARIB_STD_B67 = ColorPrimaries.BT2020, ColorTrc.ARIB_STD_B67
SMPTE2084 = ColorTrc.SMPTE2084
NTSC = Fraction(30000, 1001)


def stored_times(path: Path, *options: str) -> tuple[list[Fraction], Fraction]:
    """Times of the pictures that FFmpeg finds, and the end of the last one."""
    kept = ["-fps_mode", "passthrough", "-enc_time_base", "demux"]
    command = ["-i", path, "-map", "0:v:0", *kept, *options, "-f", "framecrc", "-"]
    out = ffmpeg(*command).stdout.decode()
    tick = Fraction(next(x for x in out.splitlines() if x.startswith("#tb")).split()[-1])
    rows = [list(map(int, x.split(",")[:4])) for x in out.splitlines() if x[0] != "#"]
    return [row[2] * tick for row in rows], (rows[-1][2] + rows[-1][3]) * tick


def pictures(path: Path, size: tuple[int, int]) -> np.ndarray:
    """(T, H, W, 3) uint8 as FFmpeg decodes and turns them; size is (width, height)."""
    raw = ffmpeg(
        "-i", path, "-fps_mode", "passthrough", "-sws_flags", "accurate_rnd+full_chroma_int",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
    ).stdout  # fmt: skip
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def sound(path: Path) -> np.ndarray:
    """(N,) int16 samples at 48 kHz."""
    raw = ffmpeg("-i", path, "-vn", "-ac", "1", "-ar", "48000", "-f", "s16le", "-").stdout
    return np.frombuffer(raw, np.int16)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * np.log10(255**2 / max(np.mean((a.astype(float) - b) ** 2), 1e-9))


def write(path: Path, frames: list[np.ndarray], times: list[Fraction], fps, **options) -> Path:
    height, width, _ = frames[0].shape
    with VideoWriter(path, width, height, fps, **options) as writer:
        for rgb, time in zip(frames, times, strict=True):
            writer.write(rgb, time)
    return path


def write_square(path: Path, count: int = 12, fps: Fraction = Fraction(25), **options) -> Path:
    return write(
        path, [moving_square(i) for i in range(count)], [i / fps for i in range(count)], fps,
        **options,
    )  # fmt: skip


# Reading


@pytest.mark.parametrize(
    ("name", "encoding", "fps"),
    [
        ("h264.mp4", ["-pix_fmt", "yuv420p"], NTSC),
        ("film.mkv", ["-pix_fmt", "yuv420p"], Fraction(24000, 1001)),
        ("ten_bit.mov", ["-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"], 60),
        ("vp9.webm", ["-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p"], NTSC),
        ("mjpeg.avi", ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "2"], 10),
        ("no_pts.avi", ["-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p"], 25),
        ("anim.gif", [], 10),
    ],
)
def test_reads_every_frame_of(tmp_path, name, encoding, fps):
    clip = write_clip(tmp_path / name, *encoding, fps=fps, frames=14)
    frames = list(read_frames(clip))
    assert probe(clip).fps == fps
    assert [f.index for f in frames] == list(range(14))
    assert [f.time for f in frames] == [i / Fraction(fps) for i in range(14)]
    oracle = pictures(clip, (96, 64))
    assert len(oracle) == 14
    for frame, expected in zip(frames, oracle, strict=True):
        assert frame.rgb.dtype == np.uint8 and frame.rgb.flags.c_contiguous
        assert psnr(frame.rgb, expected) > 30


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turns_frames_upright(tmp_path, rotation, mirror):
    clip = write_clip(tmp_path / "a.mov", "-pix_fmt", "yuv444p", rotation=rotation, mirror=mirror)
    width, height = (64, 96) if rotation % 180 else (96, 64)
    info = probe(clip)
    assert (info.width, info.height) == (width, height)
    first = next(read_frames(clip)).rgb
    assert psnr(first, pictures(clip, (width, height))[0]) > 30


def test_makes_pixels_square(tmp_path):
    clip = write_clip(tmp_path / "wide.mp4", "-vf", "setsar=2", "-pix_fmt", "yuv420p")
    assert (probe(clip).width, probe(clip).height) == (192, 64)
    assert next(read_frames(clip)).rgb.shape == (64, 192, 3)


@pytest.mark.parametrize("order", ["top", "bottom"])
def test_fields_become_whole_frames(tmp_path, order):
    fields = f"fps=50,tinterlace=interleave_{order}"
    first = order[0] + "ff"
    encoding = ["-vf", fields, "-c:v", "ffv1", "-pix_fmt", "yuv444p", "-field_order", first[0] * 2]
    clip = write_clip(tmp_path / "a.mkv", *encoding, frames=24, fps=50, size=(192, 128))
    combed = pictures(clip, (192, 128))
    raw = ffmpeg("-i", clip, "-vf", f"setfield={first},bwdif=send_frame", "-f", "rawvideo",
                 "-pix_fmt", "rgb24", "-").stdout  # fmt: skip
    oracle = np.frombuffer(raw, np.uint8).reshape(-1, 128, 192, 3)
    frames = list(read_frames(clip))
    assert [frame.time for frame in frames] == [Fraction(i, 25) for i in range(12)]
    for frame, expected, fields in zip(frames, oracle, combed, strict=True):
        assert psnr(frame.rgb, expected) > 40
        assert combing(fields) > 5 * combing(frame.rgb) or frame.index in (0, 11)


def combing(rgb: np.ndarray) -> float:
    """How much rows differ from both of their neighbours."""
    rows = rgb.astype(float)
    above, below = rows[1:-1] - rows[:-2], rows[1:-1] - rows[2:]
    return float(np.maximum(above * below, 0).mean())


def test_damaged_frames_are_the_same_in_every_pass(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", "-pix_fmt", "yuv420p", "-bf", "2", frames=60,
                      size=(480, 320))  # fmt: skip
    data, chance = bytearray(clip.read_bytes()), random.Random(3)
    for _ in range(60):
        data[chance.randrange(data.index(b"mdat") + 3000, data.index(b"moov") - 4)] ^= 0xFF
    clip.write_bytes(data)
    passes = [[hash(frame.rgb.tobytes()) for frame in read_frames(clip)] for _ in range(4)]
    assert len(passes[0]) > 30
    assert all(one == passes[0] for one in passes)


def test_only_the_frames_of_the_edit_list_are_shown(tmp_path):
    whole = write_clip(tmp_path / "a.mp4", "-pix_fmt", "yuv420p", "-bf", "2", frames=50)
    shown = pictures(whole, (96, 64))
    clip = tmp_path / "part.mp4"
    clip.write_bytes(whole.read_bytes())
    edit((0.4, 1))(clip)
    frames = list(read_frames(clip))
    assert len(frames) == 25
    assert all(psnr(a.rgb, b) > 30 for a, b in zip(frames, shown[10:35], strict=True))


def test_light_of_hdr_is_that_of_the_formulas():
    """White, middle grey and the peak, by the tables of BT.2100 and BT.2408."""
    levels = {ARIB_STD_B67: (0.75, 0.38, 1.0), SMPTE2084: (0.5807, 0.3771, 0.7518)}
    for transfer, signals in levels.items():
        grey = np.repeat(np.array(signals)[:, None], 3, axis=1)
        white, middle, peak = as_bt709(grey, transfer, BT2020)
        assert np.ptp(white) < 0.002 and np.ptp(middle) < 0.002
        assert 0.9 < white[0] < 1 and peak == pytest.approx(1, abs=0.002)
        assert middle[0] == pytest.approx((26 / 203) ** (1 / 2.4), abs=0.02)


def test_keeps_a_variable_frame_rate(tmp_path):
    clip = write_clip(tmp_path / "a.gif", "-vf", "setpts=N*(N+3)/100/TB", "-fps_mode", "vfr")
    times, _ = stored_times(clip)
    assert len({b - a for a, b in pairwise(times)}) > 5
    assert [f.time for f in read_frames(clip)] == times


def test_browser_recording_without_duration(tmp_path):
    encoding = ["-c:v", "libvpx", "-live", "1", "-pix_fmt", "yuv420p", "-f", "webm"]
    clip = tmp_path / "recorder.webm"
    clip.write_bytes(write_clip_to_pipe(encoding))
    info = probe(clip)
    assert (info.frames, info.fps) == (30, 30)
    assert info.duration_s == pytest.approx(1, abs=0.002)
    assert [f.time for f in read_frames(clip)] == [Fraction(i, 30) for i in range(30)]
    with pytest.raises(VideoError, match="1.0 s long; the limit is 0.5 s: trim it"):
        list(read_frames(clip, max_duration_s=0.5))


def write_clip_to_pipe(encoding: list[str]) -> bytes:
    raw = b"".join(moving_square(i).tobytes() for i in range(30))
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "96x64", "-r", "30", "-i", "-"]
    return ffmpeg(*source, *encoding, "-", stdin=raw).stdout


def test_size_and_clock_that_change_in_the_middle(tmp_path):
    parts = [
        write_clip(tmp_path / f"{size[0]}.ts", "-pix_fmt", "yuv420p", size=size)
        for size in [(96, 64), (128, 96)]
    ]
    clip = tmp_path / "joined.ts"
    clip.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames = list(read_frames(clip))
    assert len(frames) == len(stored_times(clip)[0])
    assert {f.rgb.shape for f in frames} == {(64, 96, 3)}
    assert all(b.time > a.time for a, b in pairwise(frames))


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("a.mp4", ["-movflags", "+faststart"]),
        ("a.mkv", []),
        ("a.avi", ["-c:v", "mpeg4"]),
    ],
)
def test_clip_that_is_cut_off_is_refused_at_once(tmp_path, name, encoding):
    clip = write_clip(tmp_path / name, *encoding, "-pix_fmt", "yuv420p", frames=40)
    whole = clip.read_bytes()
    clip.write_bytes(whole[: len(whole) * 6 // 10])
    with pytest.raises(VideoError, match="is cut off, 40% of it is missing"):
        probe(clip)
    clip.write_bytes(whole[: len(whole) * 95 // 100])
    assert "The last 5% of the video file is missing." in probe(clip).warnings
    assert len(list(read_frames(clip))) > 20


def test_refuses_long_clips_before_decoding(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", "-pix_fmt", "yuv420p", frames=50)
    with pytest.raises(VideoError, match="2.0 s long; the limit is 1.5 s: trim it"):
        next(read_frames(clip, max_duration_s=1.5))
    assert len(list(read_frames(clip, max_duration_s=2))) == 50


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("b_frames.mp4", ["-bf", "2", "-g", "20", "-pix_fmt", "yuv420p"]),
        ("hevc.mov", ["-c:v", "libx265", "-g", "20", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"]),
        ("vp9.webm", ["-c:v", "libvpx-vp9", "-g", "20", "-pix_fmt", "yuv420p"]),
        ("stream.ts", ["-g", "20", "-pix_fmt", "yuv420p"]),
        ("old.avi", ["-bf", "2", "-pix_fmt", "yuv420p"]),
        ("anim.gif", []),
    ],
)
@pytest.mark.parametrize(("start", "end"), [(0, 0.5), (0.7, 1.2), (2.5, 2.9), (3.1, None)])
def test_a_part_is_the_same_as_cut_from_the_whole(tmp_path, name, encoding, start, end):
    clip = write_clip(tmp_path / name, *encoding, frames=80, fps=20)
    whole = list(read_frames(clip))
    low, high = Fraction(str(start)), Fraction(str(end or 9))
    wanted = [f for f in whole if low <= f.time < high]
    part = list(read_frames(clip, start_s=start, end_s=end))
    assert [f.time for f in part] == [f.time - wanted[0].time for f in wanted]
    assert [f.index for f in part] == list(range(len(wanted)))
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(part, wanted, strict=True))


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe("", "edited.mp4", (*B_FRAMES, "-g", 20), 150, then=edit((0.52, 5))),
        Recipe("", "paused.avi", ("-c:v", "mpeg4", "-g", 20, *PAUSED), 90),
        Recipe("", "paused.ts", (*B_FRAMES, "-g", 20, *PAUSED), 90),
        Recipe("", "leaps.ts", (*B_FRAMES, "-g", 20), 60, then=joined_at(0, 61)),
        Recipe("", "fields.mp4", (*FIELDS, "-g", 20), 100),
    ],
    ids=lambda recipe: recipe.name,
)
def test_a_part_of_an_odd_file_is_the_same_as_cut_from_the_whole(tmp_path, recipe):
    clip = recipe.make(tmp_path)
    whole = list(read_frames(clip))
    for start in (2.2, 3.61):
        wanted = [frame for frame in whole if frame.time >= Fraction(str(start))]
        part = list(read_frames(clip, start_s=start))
        assert [f.time for f in part] == [f.time - wanted[0].time for f in wanted]
        assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(part, wanted, strict=True))


def test_many_frames_in_a_short_time_are_refused_before_decoding(tmp_path):
    encoding = ["-pix_fmt", "yuv420p", "-preset", "ultrafast"]
    clip = write_clip(tmp_path / "a.mp4", *encoding, frames=300, fps=1000)
    limits = {"max_duration_s": 60, "max_frames": 100}
    with pytest.raises(VideoError, match="has 300 frames; the limit is 100: trim it"):
        next(read_frames(clip, **limits))
    assert len(list(read_frames(clip, end_s=0.1, **limits))) == 100


def test_only_the_part_is_measured_against_the_limit(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", "-pix_fmt", "yuv420p", frames=50)
    part = {"start_s": 1, "max_duration_s": 0.5}
    assert len(list(read_frames(clip, end_s=1.5, **part))) == 12 + 1
    with pytest.raises(VideoError, match="1.0 s long; the limit is 0.5 s"):
        next(read_frames(clip, **part))
    with pytest.raises(VideoError, match=r"is 2.0 s long, so nothing of it comes after 5 s"):
        next(read_frames(clip, start_s=5))
    with pytest.raises(VideoError, match="fewer than two frames from 1.96 s to its end"):
        list(read_frames(clip, start_s=1.96))


@pytest.mark.parametrize("fps", [Fraction(1, 4), 5000])
def test_a_rate_at_which_nobody_walks_is_refused(tmp_path, fps):
    clip = write_clip(tmp_path / "a.mp4", "-pix_fmt", "yuv420p", fps=fps, frames=4)
    with pytest.raises(VideoError, match="frames per second; 1 to 1000 are possible"):
        probe(clip)


def test_more_than_4k_is_refused_before_it_is_converted(tmp_path):
    clip = write_clip(tmp_path / "8k.mp4", "-vf", "scale=7680:4320", "-pix_fmt", "yuv420p",
                      "-preset", "ultrafast", frames=2)  # fmt: skip
    with pytest.raises(VideoError, match="too large, 7680x4320 pixels: at most 4K"):
        probe(clip)


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path):
    """16000x16000 pixels need a gigabyte."""
    clip = write_clip(tmp_path / "a.gif", frames=8)
    content = bytearray(clip.read_bytes())
    content[6:10] = struct.pack("<HH", 16000, 16000)
    clip.write_bytes(content)
    tell = (
        "import sys; from gait_demo.video import probe\n"
        "try: probe(sys.argv[1])\n"
        "except Exception as error: print(error)\n"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    said, most, _ = subprocess.check_output(
        [sys.executable, "-c", tell, clip], text=True
    ).splitlines()
    assert "too large, 16000x16000 pixels: at most 4K" in said
    assert int(most.split()[1]) < 300_000  # kB


def test_probe_measures_size_as_displayed(tmp_path):
    encoding = ["-pix_fmt", "yuv420p", "-preset", "ultrafast"]
    for shape, sentence in {
        "scale=3000:2000,setsar=2": "too large, 6000x2000 pixels",
        "scale=960:540,setsar=100": "96000x540 pixels, but one side may be at most 10 times",
    }.items():
        clip = write_clip(tmp_path / "wide.mp4", "-vf", shape, *encoding, frames=2)
        with pytest.raises(VideoError, match=sentence):
            probe(clip)


def bad_input(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.mp4"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("not a video\n" * 100)
    elif kind == "playlist":
        write_clip(folder / "part.ts", "-pix_fmt", "yuv420p")
        path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.5,\npart.ts\n#EXT-X-ENDLIST\n")
    elif kind == "truncated":
        whole = write_clip(folder / "whole.mp4", "-pix_fmt", "yuv420p").read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "sound":
        ffmpeg("-f", "lavfi", "-i", "sine=d=0.5", path)
    elif kind == "one_frame":
        write_clip(path, "-pix_fmt", "yuv420p", frames=1)
    elif kind == "one_frame_gif":
        path = write_clip(folder / "one.gif", frames=1)
    elif kind == "still":
        path = write_clip(folder / "still.png", frames=1)
    elif kind == "tiny":
        write_clip(path, "-pix_fmt", "yuv420p", size=(16, 16))
    elif kind == "undecodable":
        whole = write_clip(folder / "whole.mp4", "-pix_fmt", "yuv420p").read_bytes()
        start = whole.index(b"mdat") + 4
        path.write_bytes(whole[:start] + bytes(whole.index(b"moov") - 4 - start)
                         + whole[whole.index(b"moov") - 4 :])  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "There is no file"),
        ("empty", "is empty"),
        ("text", "is not a video"),
        ("playlist", "is not a video"),
        ("truncated", "cut off"),
        ("sound", "no picture, only sound"),
        ("one_frame", "only one frame, which shows no walk"),
        ("one_frame_gif", "only one frame, which shows no walk"),
        ("still", "is not a video"),
        ("tiny", "too small, 16x16 pixels"),
        ("undecodable", "no picture that can be decoded"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(tmp_path, kind, sentence):
    path = bad_input(kind, tmp_path)
    with pytest.raises(VideoError, match=sentence):
        probe(path)
    with pytest.raises(VideoError, match=sentence):
        next(read_frames(path))


REFERENCES = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.5,\n{it}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{it}'\n",
    "session": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:{it}\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation '
    'id="1" bandwidth="1"><BaseURL>{it}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="99"><image href="{it}"/></svg>',
    "asx": '<asx version="3.0"><entry><ref href="{it}"/></entry></asx>',
    "real": "{it}\n",
    "reference": "[Reference]\nRef1={it}\n",
}


@pytest.mark.parametrize("kind", REFERENCES)
def test_files_that_refer_to_others_are_refused_unread(tmp_path, kind):
    other = write_clip(tmp_path / "other.ts", "-pix_fmt", "yuv420p")
    with socketserver.TCPServer(("127.0.0.1", 0), None) as server:
        server.timeout = 0
        server.finish_request = lambda *_: asked.append(kind)
        asked: list[str] = []
        address = f"http://127.0.0.1:{server.server_address[1]}/a.ts"
        for it in (other, other.name, f"file://{other}", address):
            path = tmp_path / "v.mp4"
            path.write_text(REFERENCES[kind].format(it=it))
            for read in (probe, lambda file: next(read_frames(file))):
                with pytest.raises(VideoError, match="is not a video"):
                    read(path)
        with pytest.raises(VideoError, match="There is no file"):
            probe(address)
        server.handle_request()
    assert asked == []


def test_pictures_kept_in_another_file_are_not_fetched(tmp_path):
    """A QuickTime track whose data reference names another file."""
    clip = write_clip(tmp_path / "a.mov", "-pix_fmt", "yuv420p")
    other = tmp_path / "other.mov"
    other.write_bytes(clip.read_bytes())
    data = clip.read_bytes()
    at = data.index(b"dref")
    start, entry = at - 4, data[at + 12 :]
    old = int.from_bytes(entry[:4], "big")
    name = b"other.mov"
    alias = bytearray(150)
    alias[4:8] = (150).to_bytes(4, "big")
    alias[50 : 51 + len(name)] = bytes([len(name)]) + name
    alias += (2).to_bytes(2, "big") + len(bytes(other)).to_bytes(2, "big") + bytes(other)
    alias += bytes(len(alias) % 2) + b"\xff\xff\x00\x00"
    new = (12 + len(alias)).to_bytes(4, "big") + b"alis" + bytes(4) + bytes(alias)
    changed = bytearray(data[: at + 12] + new + data[at + 12 + old :])
    growth = len(new) - old
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        box = changed.index(kind) - 4
        size = int.from_bytes(changed[box : box + 4], "big") + growth
        changed[box : box + 4] = size.to_bytes(4, "big")
    assert start > data.index(b"mdat")
    clip.write_bytes(changed)
    followed = ["-enable_drefs", "1", "-use_absolute_path", "1"]
    assert b"frame=   12" in ffmpeg(*followed, "-i", clip, "-f", "null", "-").stderr
    with pytest.raises(VideoError, match="no picture that can be decoded"):
        probe(clip)


@pytest.mark.parametrize(
    "name", ["a" * 300 + ".mp4", "nul\0.mp4", "-i.mp4", "a%03d.mp4", "concat:b"]
)
def test_odd_names_get_a_sentence_or_a_result(tmp_path, name):
    path = tmp_path / name
    if len(name) > 255 or "\0" in name:
        with pytest.raises(VideoError, match="cannot be opened|There is no file"):
            probe(path)
        return
    write_clip(tmp_path / "a.mkv", "-pix_fmt", "yuv420p").rename(path)
    assert probe(path).frames == 12


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed on Linux")
def test_closing_the_generator_closes_the_file(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", "-pix_fmt", "yuv420p")
    frames = read_frames(clip)
    next(frames)
    assert clip in open_files()
    frames.close()
    assert clip not in open_files()


def open_files() -> set[Path]:
    links = Path("/proc/self/fd").iterdir()
    return {Path(os.readlink(link)) for link in links if link.is_symlink()}


# Writing


@pytest.mark.parametrize("fps", [NTSC, Fraction(24000, 1001), Fraction(60), Fraction(10)])
def test_writes_a_constant_rate_exactly(tmp_path, fps):
    clip = write_square(tmp_path / "a.mp4", 20, fps)
    times, end = stored_times(clip, "-c", "copy")
    assert times == [i / fps for i in range(20)]
    assert end == 20 / fps
    assert probe(clip).fps == fps
    assert [f.time for f in read_frames(clip)] == times
    infos = ffmpeg_parse_infos(str(clip))
    assert infos["video_fps"] == pytest.approx(float(fps), abs=0.005)
    assert infos["duration"] == pytest.approx(float(20 / fps), abs=0.01)
    assert infos["video_codec_name"] == "h264"


def test_writes_a_variable_rate(tmp_path):
    times = [Fraction(n, 1000) for n in (0, 33, 40, 110, 143, 500, 533)]
    clip = write(tmp_path / "a.mp4", [moving_square(i) for i in range(7)], times, NTSC)
    stored, end = stored_times(clip, "-c", "copy")
    assert stored == pytest.approx(times, abs=1 / 90_000)
    assert end - stored[-1] == 1 / NTSC


@pytest.mark.parametrize("size", [(97, 64), (96, 65), (97, 65)])
def test_odd_sizes_grow_by_a_copy_of_the_edge(tmp_path, size):
    rgb = np.full((size[1], size[0], 3), 90, np.uint8)
    rgb[-9:] = rgb[:, -9:] = 250
    clip = write(tmp_path / "a.mp4", [rgb] * 3, [Fraction(i, 25) for i in range(3)], Fraction(25))
    even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
    stored = pictures(clip, even)[0]
    assert stored[-1].min() > 240 and stored[:, -1].min() > 240
    assert psnr(stored[: size[1], : size[0]], rgb) > 35


@pytest.mark.parametrize("size", [(96, 64), (1280, 720)])
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)])
def test_colours_survive(tmp_path, size, colour):
    rgb = np.full((size[1], size[0], 3), colour, np.uint8)
    clip = write(tmp_path / "a.mp4", [rgb] * 2, [Fraction(0), Fraction(1, 25)], Fraction(25))
    for decoded in (pictures(clip, size)[1], next(read_frames(clip)).rgb):
        assert np.abs(decoded.astype(int) - rgb).max() <= 4
    assert b"yuv420p(tv, bt709, progressive)" in ffmpeg("-i", clip, "-f", "null", "-").stderr


@pytest.mark.parametrize(("size", "matrix"), [((96, 64), "bt601"), ((1280, 720), "bt709")])
def test_untagged_colours_are_guessed_from_the_size(tmp_path, size, matrix):
    untagged = f"scale=out_color_matrix={matrix},setparams=colorspace=unknown"
    encoding = ["-vf", untagged, "-pix_fmt", "yuv420p", "-crf", "5"]
    clip = write_clip(tmp_path / "a.mkv", *encoding, size=size, frames=2)
    assert np.abs(next(read_frames(clip)).rgb[4, 4].astype(int) - media.CORNER).max() <= 4


def test_round_trip_is_visually_lossless(tmp_path):
    rng = np.random.default_rng(0)
    coarse = rng.integers(30, 220, (6, 8, 1)) + rng.integers(-25, 26, (6, 8, 3))
    rgb = np.kron(coarse, np.ones((20, 20, 1)))
    for axis in (0, 1):
        rgb = sum(np.roll(rgb, shift, axis) for shift in range(-6, 7)) / 13
    rgb = rgb.astype(np.uint8)
    clip = write(tmp_path / "a.mp4", [rgb] * 5, [Fraction(i, 25) for i in range(5)], Fraction(25))
    assert min(psnr(stored, rgb) for stored in pictures(clip, (160, 120))) > 40
    assert min(psnr(frame.rgb, rgb) for frame in read_frames(clip)) > 40


@pytest.mark.parametrize("size", [(320, 180), (97, 65)])
def test_grey_frames_are_stored_as_their_colours_would_be(tmp_path, size):
    grey = cv2.resize(np.arange(256, dtype=np.uint8)[None], size, interpolation=cv2.INTER_NEAREST)
    times = [Fraction(0), Fraction(1, 25)]
    with VideoWriter(tmp_path / "grey.mp4", *size, Fraction(25)) as writer:
        for time in times:
            writer.write(grey, time)
    rgb = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    write(tmp_path / "rgb.mp4", [rgb] * 2, times, Fraction(25))
    stored, expected = (next(read_frames(tmp_path / name)).rgb for name in ("grey.mp4", "rgb.mp4"))
    assert np.abs(stored.astype(int) - expected).max() <= 3
    assert np.abs(stored[: size[1], : size[0]].astype(int) - rgb).mean() < 2


def test_index_comes_first_and_nothing_tells_where_it_is_from(tmp_path):
    tags = ["-metadata", "title=Secret", "-metadata:s:a", "title=Secret"]
    source = write_clip(tmp_path / "a.mov", *tags, "-pix_fmt", "yuv420p", audio="pcm_s16le")
    clip = write_square(tmp_path / "a.mp4", audio_from=source)
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert all(word not in data for word in (b"Secret", b"Lavf", b"Lavc"))
    listed = ffmpeg("-i", clip, "-f", "ffmetadata", "-").stdout.decode().lower()
    keys = {line.split("=")[0] for line in listed.splitlines() if "=" in line}
    assert keys <= {"major_brand", "minor_version", "compatible_brands", "encoder"}


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "aac"),
        ("b.mp4", "libmp3lame"),
        ("c.webm", "libopus"),
        ("d.mov", "pcm_s16le"),
    ],
)
def test_sound_is_aligned_and_cut(tmp_path, name, codec):
    source = write_clip(tmp_path / name, "-pix_fmt", "yuv420p", frames=50, audio=codec)
    assert probe(source).has_audio
    clip = write_square(tmp_path / "out.mp4", 25, audio_from=source)
    stderr = ffmpeg("-i", clip, "-f", "null", "-").stderr
    assert b"Audio: aac" in stderr
    samples = sound(clip)
    assert len(samples) / 48000 == pytest.approx(1, abs=0.03)
    click = np.flatnonzero(np.abs(samples.astype(int)) > 8000)
    assert click[0] / 48000 == pytest.approx(0.2, abs=0.004)


def test_sound_starts_with_the_first_picture(tmp_path):
    plain = write_clip(tmp_path / "a.mp4", "-pix_fmt", "yuv420p", frames=25, audio="aac")
    late = tmp_path / "late.mp4"
    ffmpeg("-itsoffset", "0.1", "-i", plain, "-i", plain, "-map", "0:v", "-map", "1:a",
           "-c", "copy", late)  # fmt: skip
    clip = write_square(tmp_path / "out.mp4", 20, audio_from=late)
    click = np.flatnonzero(np.abs(sound(clip).astype(int)) > 8000)
    assert click[0] / 48000 == pytest.approx(0.1, abs=0.004)


def test_sound_of_a_part_starts_with_it(tmp_path):
    source = write_clip(tmp_path / "a.mp4", "-pix_fmt", "yuv420p", frames=25, audio="aac")
    clip = write_square(tmp_path / "out.mp4", 20, audio_from=source, audio_start_s=0.12)
    click = np.flatnonzero(np.abs(sound(clip).astype(int)) > 8000)
    assert click[0] / 48000 == pytest.approx(0.08, abs=0.004)


def test_source_without_sound_is_no_error(tmp_path):
    source = write_clip(tmp_path / "silent.mp4", "-pix_fmt", "yuv420p")
    assert not probe(write_square(tmp_path / "a.mp4", audio_from=source)).has_audio


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_a_failed_block_leaves_the_folder_as_it_was(tmp_path, error):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"earlier result")
    with pytest.raises(error), VideoWriter(path, 96, 64, Fraction(25)) as writer:
        for i in range(100):
            writer.write(moving_square(i), Fraction(i, 25))
        raise error
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"earlier result"


def test_writing_nothing_or_nowhere_is_an_error(tmp_path):
    with pytest.raises(VideoError, match="no frames"):
        with VideoWriter(tmp_path / "a.mp4", 96, 64, Fraction(25)):
            pass
    with pytest.raises(VideoError, match="cannot be written"):
        write_square(tmp_path / "missing" / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_frames_that_do_not_fit_are_refused(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", 96, 64, Fraction(25)) as writer:
        writer.write(moving_square(0), Fraction(0))
        with pytest.raises(ValueError, match="expected"):
            writer.write(moving_square(1), Fraction(0))
        with pytest.raises(ValueError, match="expected"):
            writer.write(moving_square(1, (64, 96)), Fraction(1, 25))


# Real clips


@pytest.fixture
def robust(real_data) -> Path:
    return real_data / "videos" / "robust"


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("hevc_hvc1.mov", (960, 540)),
        ("odd_425x237_mjpeg.avi", (425, 237)),
        ("rot90_tag_h264.mov", (540, 960)),
        ("vp9.webm", (960, 540)),
        ("with_audio.mp4", (960, 540)),
    ],
)
def test_real_clip(robust, name, size):
    times, _ = stored_times(robust / name)
    oracle = ffmpeg("-i", robust / name, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24",
                    "-").stdout  # fmt: skip
    count = 0
    for frame, time in zip(read_frames(robust / name), times, strict=True):
        count += 1
        assert frame.time == pytest.approx(time, abs=0.001)
        if frame.index == 0:
            first = np.frombuffer(oracle, np.uint8).reshape(size[1], size[0], 3)
            assert psnr(frame.rgb, first) > 35
    assert count == len(times) == 124


@pytest.mark.parametrize("name", ["single_frame.mp4", "truncated_no_moov.mp4", "zero_bytes.mp4"])
def test_real_bad_clip(robust, name):
    with pytest.raises(VideoError, match=name):
        probe(robust / name)


def test_frames_that_cannot_be_deinterlaced_are_damaged_ones(tmp_path):
    flat = write_clip(
        tmp_path / "a.mkv", "-c:v", "mpeg4", "-flags", "+ildct+ilme", size=(4000, 6), frames=4
    )
    with pytest.raises(VideoError, match="has no picture that can be decoded"):
        probe(flat)


def test_frames_without_a_time_base_keep_their_time_stamps():
    """As those that a damaged file gives after its last packet."""
    frames = [av.VideoFrame(96, 64, "yuv420p10le") for _ in range(3)]
    for pts, frame in zip((3, 7, 500), frames, strict=True):
        frame.pts, frame.color_trc = pts, ColorTrc.ARIB_STD_B67
    shown = list(prepared(frames, Crop(0, 0, 0, 0)))
    assert [frame.pts for frame in shown] == [3, 7, 500]
    assert {frame.format.name for frame in shown} == {"rgb24"}
