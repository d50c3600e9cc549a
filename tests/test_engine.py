"""Jobs in processes of their own: what breaks one breaks no other, and nothing is told of it."""

import logging
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest
from walker import background, crossing, write_clip

from gait_demo.errors import EngineError, NoPersonError, VideoError
from gait_demo.options import PipelineOptions, VideoOptions
from gait_demo.serving.engine import Cancelled, Engine
from gait_demo.serving.pace import Pace
from gait_demo.video import probe

EXAMPLE = Path(__file__).parents[1] / "assets" / "street_090.mp4"
OPTIONS = PipelineOptions()


@pytest.fixture(scope="module")
def engine():
    engine = Engine(2)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return crossing(tmp_path_factory.mktemp("clip") / "walk.mp4", 40)


def anonymized(engine, clip, folder):
    assert engine.run("analyse", clip, folder, OPTIONS) == (1,)
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


def test_a_clip_is_looked_at(engine):
    look = engine.run("look", EXAMPLE, OPTIONS)
    assert (look.info, look.people) == (probe(EXAMPLE), 1)
    assert look.duration_s == pytest.approx(4.6)


def test_errors_of_the_package_arrive_as_they_are(engine, tmp_path):
    (tmp_path / "a.mp4").write_text("no video")
    with pytest.raises(VideoError, match="a.mp4 is not a video"):
        engine.run("look", tmp_path / "a.mp4", OPTIONS)
    empty = write_clip(tmp_path / "b.mp4", (background(320, 240) for _ in range(30)))
    with pytest.raises(NoPersonError, match="Nobody was seen"):
        engine.run("analyse", empty, tmp_path, OPTIONS)


def test_an_unwanted_job_stops_within_two_seconds(engine, tmp_path):
    stop = threading.Event()
    error, spent_s = interrupted(engine, tmp_path, stop.set, stop.is_set)
    assert isinstance(error, Cancelled) and spent_s < 2


def test_a_worker_that_dies_leaves_the_others_alive(engine, clip, tmp_path, caplog):
    def kill():
        busy = [worker for worker in engine._workers if worker not in engine._idle.queue]
        os.kill(busy[0].pid, signal.SIGKILL)

    error, _ = interrupted(engine, tmp_path / "dead", kill)
    assert "broke the program" in str(error)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(anonymized, engine, clip, tmp_path / str(n)) for n in range(2)]
        assert all(run.result().report["frames_out"] == 40 for run in runs)
    assert all(worker.is_alive for worker in engine._workers)
    assert str(tmp_path) not in caplog.text and EXAMPLE.name not in caplog.text


def test_a_job_that_nobody_foresaw_to_fail_tells_the_operator_the_place_only(
    engine, tmp_path, caplog
):
    with caplog.at_level(logging.ERROR), pytest.raises(EngineError, match="not your fault"):
        engine.run("render", tmp_path / "Anna at the station", tmp_path, OPTIONS)
    assert "render failed: FileNotFoundError in jobs.py" in caplog.text
    assert "Anna" not in caplog.text


def test_a_job_that_takes_too_long_is_given_up_and_who_waits_can_leave(tmp_path):
    hasty = Engine(1, limit_s=0.5)
    try:
        with ThreadPoolExecutor(1) as pool:
            long = pool.submit(hasty.run, "analyse", EXAMPLE, tmp_path, OPTIONS)
            while not hasty._idle.empty():
                time.sleep(0.01)
            with pytest.raises(Cancelled):
                hasty.run("look", EXAMPLE, OPTIONS, unwanted=lambda: True)
            with pytest.raises(EngineError, match="given up"):
                long.result()
    finally:
        hasty.close()


def test_a_part_is_analysed_and_rendered_alike(engine, clip, tmp_path):
    options = PipelineOptions(video=VideoOptions(start_s=0.4, end_s=1.2))
    engine.run("analyse", clip, tmp_path, options)
    report = engine.run("render", tmp_path, tmp_path / "out", options).report
    assert report["frames_in"] == report["frames_out"] == 20
    assert probe(tmp_path / "out" / "colorized.mp4").duration_s == pytest.approx(0.8)


def test_the_pace_of_a_run_foretells_the_same_run():
    timings = {"background": 2.0, "decode": 3.0, "encode": 1.0, "composite": 2.0, "detector": 4.0}
    report = {"frames_in": 100, "width": 1000, "height": 500, "timings": timings}
    pace = Pace.of(report)
    assert pace.estimate_s(100, 1000, 500) == pytest.approx(sum(timings.values()))
    assert pace.estimate_s(200, 1000, 500) == pytest.approx(2 + 2 * 10)
    assert pace.estimate_s(100, 2000, 1000) == pytest.approx(2 + 4 + 4 * 6)
    assert isinstance(pace.estimate_s(float(Fraction(10)), 10, 10), float)
