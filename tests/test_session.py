"""What the server keeps for a visitor, and for how long."""

from types import SimpleNamespace

import pytest

from gait_demo.ui.session import Cancelled, Session


@pytest.fixture
def session(tmp_path):
    return Session(tmp_path / "served")


def files(tmp_path):
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file())


def finished_run(session, name):
    with session.run() as (folder, _):
        (folder / name).touch()
    return folder


def test_a_run_that_is_stopped_or_fails_leaves_no_file(session, tmp_path):
    with pytest.raises(Cancelled), session.run() as (folder, check):
        (folder / "original.mp4").touch()
        check()
        session.cancel()
        check()
    with pytest.raises(ValueError), session.run() as (folder, _):
        (folder / "original.mp4").touch()
        raise ValueError
    assert files(tmp_path) == []


def test_the_last_two_runs_and_the_clip_stay(session, tmp_path):
    clip = finished_run(session, "clip.mp4")
    session.analysis = SimpleNamespace(source=clip, original=clip / "clip.mp4")
    assert session.analysis_of(clip) is session.analysis
    assert session.analysis_of(tmp_path / "another.mp4") is None
    for seed in range(4):
        finished_run(session, f"seed{seed}.mp4")
    assert files(tmp_path) == ["clip.mp4", "seed2.mp4", "seed3.mp4"]
    session.forget()
    assert session.analysis_of(clip) is None
    finished_run(session, "next.mp4")
    assert files(tmp_path) == ["next.mp4", "seed3.mp4"]
    session.close()
    assert files(tmp_path) == []
