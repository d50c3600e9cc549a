"""Jobs in processes of their own: what breaks one breaks no other, and nothing is told of it."""

import logging
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import endless_jobs
import psutil
import pytest
from walker import background, crossing, write_clip

from gait_demo.errors import EngineError, NoPersonError, NotStartedError, VideoError
from gait_demo.options import Options, VideoOptions
from gait_demo.serving.engine import Cancelled, Engine
from gait_demo.serving.messages import CHANGE
from gait_demo.serving.pace import RENDERED, Countdown, Pace, Size
from gait_demo.ui.change import ranks
from gait_demo.video import probe

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "assets" / "street_090.mp4"
OPTIONS = Options()


@pytest.fixture(scope="module")
def engine():
    engine = Engine(2)
    yield engine
    engine.close()


@pytest.fixture
def endless(monkeypatch):
    """The arguments of an `Engine` of one worker whose jobs do not end by themselves."""
    monkeypatch.setenv("PYTHONPATH", str(Path(endless_jobs.__file__).parent))
    return {"workers": 1, "jobs": endless_jobs.__name__}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return crossing(tmp_path_factory.mktemp("clip") / "walk.mp4", 40)


def anonymized(engine, clip, folder):
    people, times = engine.run("analyse", clip, folder, OPTIONS)
    assert people == (1,) and times == pytest.approx([n / 25 for n in range(40)], abs=1e-6)
    return engine.run("render", folder, folder / "out", OPTIONS)


def interrupted(engine, folder, then, unwanted=lambda: False):
    """Analyse the example and, once that is under way, do something: the error, and how many
    seconds later it came."""
    began = []

    def report(stage, done, total):
        if stage == "people" and not began:
            then()
            began.append(time.monotonic())

    with pytest.raises((Cancelled, EngineError)) as caught:
        engine.run("analyse", EXAMPLE, folder, OPTIONS, on_progress=report, unwanted=unwanted)
    return caught.value, time.monotonic() - began[0]


def test_an_engine_that_is_closed_starts_no_process_for_who_waits(endless, tmp_path):
    closing = Engine(**endless)
    closing.wait_until_ready()
    with ThreadPoolExecutor(1) as waiting:
        second = []

        def close():
            second.append(waiting.submit(closing.run, "inspect_clip", EXAMPLE, OPTIONS))
            time.sleep(0.3)
            closing.close()

        error, _ = interrupted(closing, tmp_path, close)
        assert "is ending" in str(error)
        with pytest.raises(EngineError, match="is ending"):
            second[0].result(timeout=20)
    time.sleep(0.5)
    assert not any(map(psutil.pid_exists, closing.pids))


def test_a_clip_is_looked_at(engine):
    inspection = engine.run("inspect_clip", EXAMPLE, OPTIONS)
    assert (inspection.info, inspection.people) == (probe(EXAMPLE), 1)
    assert inspection.duration_s == pytest.approx(4.6)


def test_errors_of_the_package_arrive_as_they_are(engine, tmp_path):
    (tmp_path / "a.mp4").write_text("no video")
    with pytest.raises(VideoError, match="a.mp4 is not a video"):
        engine.run("inspect_clip", tmp_path / "a.mp4", OPTIONS)
    empty = write_clip(tmp_path / "b.mp4", (background(320, 240) for _ in range(30)))
    with pytest.raises(NoPersonError, match="Nobody was seen"):
        engine.run("analyse", empty, tmp_path, OPTIONS)


def test_an_unwanted_job_stops_within_two_seconds(engine, tmp_path):
    stop = threading.Event()
    error, spent_s = interrupted(engine, tmp_path, stop.set, stop.is_set)
    assert isinstance(error, Cancelled) and spent_s < 2


def reads(process: psutil.Process, path: Path) -> bool:
    return str(path) in (file.path for file in process.open_files())


def test_a_worker_that_dies_leaves_the_others_alive(engine, clip, tmp_path, caplog):
    def kill():
        (busy,) = (one for one in map(psutil.Process, engine.pids) if reads(one, EXAMPLE))
        busy.kill()

    error, _ = interrupted(engine, tmp_path / "dead", kill)
    assert "broke the program" in str(error)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(anonymized, engine, clip, tmp_path / str(n)) for n in range(2)]
        assert all(run.result()["frames_out"] == 40 for run in runs)
    assert all(map(psutil.pid_exists, engine.pids))
    assert str(tmp_path) not in caplog.text and EXAMPLE.name not in caplog.text


def test_a_job_that_nobody_foresaw_to_fail_tells_the_operator_the_place_only(
    engine, tmp_path, caplog
):
    with caplog.at_level(logging.ERROR), pytest.raises(EngineError, match="not your fault"):
        engine.run("render", tmp_path / "Anna at the station", tmp_path, OPTIONS)
    assert "render failed: FileNotFoundError in jobs.py" in caplog.text
    assert "Anna" not in caplog.text


def test_a_run_whose_change_cannot_be_told_is_delivered_and_logged_in_one_line(
    engine, clip, tmp_path, caplog
):
    folder = tmp_path / "Anna at the station"
    (folder / "out" / CHANGE).mkdir(parents=True)  # nothing can be written there
    with caplog.at_level(logging.INFO):
        report = anonymized(engine, clip, folder)
    (said,) = caplog.messages
    assert said.startswith("what changed could not be described: IsADirectoryError in jobs.py:")
    assert "Anna" not in said and str(tmp_path) not in said
    assert report["frames_out"] == 40 and (folder / "out" / "colorized.mp4").is_file()
    assert ranks(folder / "out" / CHANGE) is None


def test_a_job_that_takes_too_long_is_given_up_and_who_waits_can_leave(endless, tmp_path):
    hasty, began = Engine(**endless, limit_s=0.5), threading.Event()
    try:
        with ThreadPoolExecutor(1) as pool:
            job = "analyse", EXAMPLE, tmp_path, OPTIONS
            long = pool.submit(hasty.run, *job, on_progress=lambda *_: began.set())
            assert began.wait(20)
            with pytest.raises(Cancelled):
                hasty.run("inspect_clip", EXAMPLE, OPTIONS, unwanted=lambda: True)
            with pytest.raises(EngineError, match="given up"):
                long.result()
    finally:
        hasty.close()


def test_a_worker_that_cannot_start_does_not_blame_the_video(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    broken = Engine(1)
    try:
        with pytest.raises(NotStartedError, match="could not be started"):
            broken.run("inspect_clip", EXAMPLE, OPTIONS)
    finally:
        broken.close()


def test_a_part_is_analysed_and_rendered_alike(engine, clip, tmp_path):
    options = Options(video=VideoOptions(start_s=0.4, end_s=1.2))
    engine.run("analyse", clip, tmp_path, options)
    report = engine.run("render", tmp_path, tmp_path / "out", options)
    assert report["frames_in"] == report["frames_out"] == 20
    assert probe(tmp_path / "out" / "colorized.mp4").duration_s == pytest.approx(0.8)


def test_the_pace_of_recent_runs_foretells_the_next():
    pace, size = Pace(), Size(frames=100, megapixels=0.5, people=1)
    assert pace.estimate(size) is None
    seconds = {"people": 6.0, "removal": 1.0, "anonymize": 2.0, "render": 4.0}
    pace.learn(size, seconds)
    assert pace.estimate(size) == pytest.approx(seconds)
    longer, wider, crowded = Size(200, 0.5, 1), Size(100, 2, 1), Size(100, 0.5, 3)
    assert 1.5 * 13 < sum(pace.estimate(longer).values()) < 2 * 13
    assert pace.estimate(wider)["render"] > 2 * 4 and pace.estimate(wider)["anonymize"] == 2
    assert pace.estimate(crowded)["anonymize"] == pytest.approx(6)
    for _ in range(8):  # this machine has become slower
        pace.learn(size, {stage: 2 * s for stage, s in seconds.items()})
    assert pace.estimate(size, RENDERED) == pytest.approx({"anonymize": 4, "render": 8})


def test_a_countdown_is_one_bar_and_learns_how_far_off_it_is():
    told, now = [], [0.0]
    expected = {"people": 6.0, "removal": 1.0, "anonymize": 1.0, "render": 2.0}
    countdown = Countdown(expected, lambda *one: told.append(one), lambda: now[0])
    steps = [(0, "people", 0), (6, "people", 5), (12, "removal", 0), (14, "render", 0)]
    for now[0], stage, done in steps:
        countdown(stage, done, 10)
    shares, left = [share for _, share, _ in told], [left_s for _, _, left_s in told]
    assert shares == pytest.approx([0, 0.3, 0.6, 0.8])
    assert left[0] == 10  # as estimated
    assert 4 < left[2] < 8 and 2 < left[3] < 4  # it takes twice as long as it should
    now[0] = 18
    assert countdown.finish() == {"people": 12, "removal": 2, "render": 4}


def test_waiting_teaches_no_pace():
    now = [0.0]
    countdown = Countdown(None, clock=lambda: now[0])
    for now[0], stage, done in [(50, "people", 0), (53, "removal", 0), (54, "removal", 9)]:
        countdown(stage, done, 10)
    countdown.wait()
    for now[0], stage, done in [(90, "anonymize", 0), (91, "render", 0)]:
        countdown(stage, done, 10)
    now[0] = 95
    assert countdown.finish() == {"people": 3, "removal": 1, "anonymize": 1, "render": 4}
    assert countdown.spent_s == 3 + 1 + 1 + 4
