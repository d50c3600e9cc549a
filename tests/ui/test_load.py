"""Many visitors at once, and many runs one after the other.

Every day with few of both; `GAIT_LOAD_USERS=20 GAIT_LOAD_RUNS=50 python -m pytest
tests/ui/test_load.py -s` prints the figures of the README.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import psutil
import pytest
from gradio_client import Client, handle_file
from walker import crossing

from gait_demo.video import read_frames

pytestmark = pytest.mark.slow

USERS = int(os.environ.get("GAIT_LOAD_USERS", "3"))
RUNS = int(os.environ.get("GAIT_LOAD_RUNS", "4"))
GROWTH_MB = 60  # that no run may leave behind, of all processes together
SIZES = [(320, 240), (288, 216), (256, 192)]


def memory_mb(app) -> float:
    """Of the server and its workers, what no other process shares."""
    server = psutil.Process(app.process.pid)
    everything = [server, *server.children(recursive=True)]
    return sum(process.memory_full_info().uss for process in everything) / 1e6


def anonymize(app, clip, seed: int, folder) -> tuple[tuple, float]:
    patient = {"timeout": 300}  # where the machine is busy otherwise, too
    client = Client(app.url, verbose=False, download_files=folder, httpx_kwargs=patient)
    try:
        began = time.monotonic()
        result = client.predict(handle_file(clip), seed=seed, api_name="/anonymize")
        return result, time.monotonic() - began
    finally:
        client.close()


@pytest.mark.timeout(600 + 60 * USERS)
def test_users_who_click_at_once_all_get_their_own_result(app, tmp_path):
    clips = [
        crossing(
            tmp_path / f"{n}.mp4", 20 + n, width=SIZES[n % 3][0], height=SIZES[n % 3][1],
            person_height=110,
        )
        for n in range(USERS)
    ]  # fmt: skip
    began = time.monotonic()
    with ThreadPoolExecutor(USERS) as pool:
        jobs = [
            pool.submit(anonymize, app, clip, n, tmp_path / f"of {n}")
            for n, clip in enumerate(clips)
        ]
        results = [job.result() for job in jobs]
    waited = [seconds for _, seconds in results]
    print(
        f"\n{USERS} users at once: all served in {time.monotonic() - began:.0f} s; "
        f"the first after {min(waited):.0f} s, the last after {max(waited):.0f} s"
    )
    for n, ((original, *_, report), _) in enumerate(results):
        assert (report["frames_in"], report["seed"]) == (20 + n, n)
        assert (report["width"], report["height"]) == SIZES[n % 3]
        for theirs, mine in zip(read_frames(original), read_frames(clips[n]), strict=True):
            assert np.abs(theirs.rgb.astype(int) - mine.rgb).mean() < 4


@pytest.mark.timeout(600 + 60 * RUNS)
def test_memory_returns_to_its_base(app, tmp_path):
    clip = crossing(tmp_path / "walk.mp4", 30)
    before = set(app.files())  # uploads that other tests left alone stay for an hour
    base_mb = 0.0
    seen = []
    for n in range(RUNS):
        anonymize(app, clip, n, tmp_path / "mine")
        seen.append(memory_mb(app))
        if n == min(2, RUNS // 2):
            base_mb = seen[-1]  # whatever is built on first use is there
    print(
        f"\n{RUNS} runs: {base_mb:.0f} MB after the third, {seen[-1]:.0f} MB after the last, "
        f"{max(seen):.0f} MB at most; largest step {max(b - a for a, b in pairwise(seen)):.1f} MB"
    )
    assert seen[-1] - base_mb < GROWTH_MB
    deadline = time.monotonic() + 60
    while set(app.files()) - before and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not set(app.files()) - before
