"""Mutated and random files: a result or a sentence, no traceback, no file left.

For half a minute every day, with the same files;
`GAIT_FUZZ_S=1800 GAIT_FUZZ_SEED=1 python -m pytest tests/serving/test_fuzz.py -s` goes on for half
an hour with others and prints what became of them.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count, islice, pairwise, takewhile
from pathlib import Path

import psutil
import pytest
from media import write_clip
from video_corpus import RECIPES, SIZE
from walker import crossing

from gait_demo.errors import GaitDemoError
from gait_demo.options import Options, VideoOptions
from gait_demo.serving.engine import Engine
from gait_demo.ui.session import Sessions
from gait_demo.video import probe, read_frames

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("GAIT_FUZZ_S", "30"))
SEED = int(os.environ.get("GAIT_FUZZ_SEED", "2026"))
FEWEST = 10  # files
RUNS_SHARE = 0.6  # of the time, for whole runs; the rest is for the reader alone
MOST_MB = 2000  # of the test's process and its workers
OPTIONS = Options(video=VideoOptions(max_duration_s=5))
MAGIC = [b"\x00\x00\x00\x18ftypmp42", b"\x1aE\xdf\xa3", b"RIFF\x00\x00\x01\x00AVI ", b"GIF89a", b""]


def flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([1, 8, 64, 512])):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def shuffled(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(data)) for _ in range(2))
    return data[:start] + data[end:] + data[start:end]


def headed(data: bytes, chance: random.Random) -> bytes:
    """Only the beginning, where sizes, rates and codecs are, is changed; and the end, of an mp4."""
    changed = bytearray(data)
    for _ in range(16):
        near = chance.randrange(min(400, len(changed)))
        changed[near if chance.random() < 0.5 else -1 - near] = chance.randrange(256)
    return bytes(changed)


def unchanged(data: bytes, chance: random.Random) -> bytes:
    return data


def noise(data: bytes, chance: random.Random) -> bytes:
    return chance.choice(MAGIC) + chance.randbytes(chance.randrange(1, 20_000))


def numbers(seconds: float) -> Iterator[int]:
    """0, 1, 2, ... for a while, and up to FEWEST on the busiest machine."""
    began = time.monotonic()
    yield from takewhile(lambda n: n < FEWEST or time.monotonic() - began < seconds, count())


def memory_mb(but: set[int]) -> float:
    """Of this process and its children, what each has for itself; without such children."""
    children = [one for one in psutil.Process().children() if one.pid not in but]
    used = psutil.Process().memory_full_info().uss
    for child in children:
        with suppress(psutil.NoSuchProcess):
            for process in (child, *child.children(recursive=True)):
                used += process.memory_full_info().uss
    return used / 1e6


@pytest.mark.timeout(300 + 2 * SECONDS)
def test_no_file_gets_more_than_a_sentence(tmp_path, caplog):
    folder = tmp_path / "clips"
    folder.mkdir()
    walk = crossing(folder / "walk.mp4", 30)
    clips = [
        walk,
        write_clip(folder / "a.webm", "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", frames=8),
        write_clip(folder / "a.avi", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", frames=8),
        write_clip(folder / "a.gif", frames=8),
        write_clip(folder / "a.mov", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", frames=8),
    ]
    originals = [(clip.suffix, clip.read_bytes()) for clip in clips]
    others = {one.pid for one in psutil.Process().children()}  # of other tests
    before_mb = memory_mb(others)
    sessions, engine = Sessions(tmp_path / "served"), Engine(1, limit_s=60)
    chance, most_mb = random.Random(SEED), 0.0
    ended = {"result": 0, "sentence": 0}
    try:
        engine.wait_until_ready()
        for number in numbers(RUNS_SHARE * SECONDS):
            suffix, data = chance.choice(originals)
            mutate = chance.choice([flipped, cut, shuffled, headed, noise])
            if number == 0:  # as it is, it gives a result
                (suffix, data), mutate = originals[0], unchanged
            upload = tmp_path / "served" / f"{number:064x}" / f"Anna{suffix}"
            upload.parent.mkdir(parents=True)
            upload.write_bytes(mutate(data, chance))
            session = sessions.of(str(number))
            try:
                clip = session.take(upload, [])
                session.settle()
                engine.run("inspect_clip", clip, OPTIONS)
                with session.run() as (analysed, _):
                    engine.run("analyse", clip, analysed, OPTIONS)
                with session.run() as (out, _):
                    engine.run("render", analysed, out, OPTIONS)
                ended["result"] += 1
            except GaitDemoError as error:
                assert len(str(error)) < 300 and "Traceback" not in str(error)
                ended["sentence"] += 1
                assert [path.parent.name[:4] for path in files(tmp_path / "served")] in (
                    ["clip"], ["clip"] + ["run-"] * 3
                ), mutate  # fmt: skip
            sessions.end(str(number))
            assert files(tmp_path / "served") == []
            most_mb = max(most_mb, memory_mb(others) - before_mb)
        print(f"\n{ended}, {most_mb:.0f} MB at most")
        assert most_mb < MOST_MB
        assert not caplog.messages
        assert min(ended.values()) > 0
        with pytest.raises(GaitDemoError):  # what breaks is logged, or the above could not fail
            engine.run("inspect_clip", None, OPTIONS)
        assert "inspect_clip failed: TypeError" in caplog.text
    finally:
        engine.close()


@pytest.mark.timeout(300 + 2 * SECONDS)
def test_a_mutated_video_is_read_or_refused_in_bounded_time(tmp_path):
    """Small files of many kinds, straight into the reader."""
    chosen = [one for one in RECIPES if one.refused is None and one.size in (None, SIZE)]
    chance = random.Random(SEED)
    originals = [
        (path.suffix, path.read_bytes())
        for path in (one.make(tmp_path) for one in chance.sample(chosen, 20))
    ]
    ended = {"result": 0, "sentence": 0}
    for number in numbers((1 - RUNS_SHARE) * SECONDS):
        suffix, data = chance.choice(originals)
        mutate = chance.choice([flipped, cut, shuffled, headed, noise])
        path = tmp_path / f"mutated{suffix}"
        path.write_bytes(mutate(data, chance))
        began = time.monotonic()
        try:
            info = probe(path)
            frames = list(islice(read_frames(path), 500))
            assert {frame.rgb.shape for frame in frames} == {(info.height, info.width, 3)}
            assert all(b.time > a.time for a, b in pairwise(frames)), (number, mutate)
            ended["result"] += 1
        except GaitDemoError as error:
            assert len(str(error)) < 300
            ended["sentence"] += 1
        except Exception as error:
            raise AssertionError(f"file {number}, {mutate.__name__} of {suffix}") from error
        assert time.monotonic() - began < 20, (number, mutate.__name__, suffix)
    print(f"\n{ended}")
    assert min(ended.values()) > 0


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
