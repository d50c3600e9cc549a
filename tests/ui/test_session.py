"""What the server keeps for a visitor, and for how long."""

import os
import time

import pytest

from gait_demo.errors import VideoError
from gait_demo.ui.session import KEPT_RUNS, KEPT_S, Analysed, Sessions


@pytest.fixture
def sessions(tmp_path):
    return Sessions(tmp_path)


def files(tmp_path):
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file())


def upload(tmp_path, name="walk.mp4", digit="a"):
    path = tmp_path / (digit * 64) / name
    path.parent.mkdir()
    path.touch()
    return path


def finished_run(session, name):
    with session.run() as (folder, _):
        (folder / name).touch()
    return folder


def test_a_run_that_fails_leaves_no_file(sessions, tmp_path):
    with pytest.raises(ValueError), sessions.of("a").run() as (folder, unwanted):
        (folder / "original.mp4").touch()
        assert not unwanted()
        sessions.of("a").cancel()
        assert unwanted()
        raise ValueError
    assert files(tmp_path) == []


def test_a_run_with_other_settings_is_superseded_and_an_analysis_is_not(sessions):
    session = sessions.of("a")
    with session.run() as (_, analysis), session.run("seed 1") as (_, one):
        session.supersede("seed 1")
        assert not one() and not analysis()
        session.supersede("seed 2")
        assert one() and not analysis()


def test_the_last_runs_and_the_analysis_stay(sessions, tmp_path):
    session = sessions.of("a")
    folder = finished_run(session, "analysis")
    clip = upload(tmp_path)
    session.analysed = Analysed(clip, (0, None), folder, (1,), (0.0,))
    for seed in range(KEPT_RUNS + 2):
        finished_run(session, f"seed{seed}.mp4")
    kept = [f"seed{seed}.mp4" for seed in range(2, KEPT_RUNS + 2)]
    assert files(tmp_path) == sorted(["analysis", *kept, "walk.mp4"])
    assert session.analysis_of(clip, (0, None)) is session.analysed
    assert session.analysis_of(clip, (1, None)) is None
    session.forget()
    assert session.analysis_of(clip, (0, None)) is None


def test_only_a_run_of_the_session_is_discarded(sessions, tmp_path):
    folder = finished_run(sessions.of("a"), "seed1.mp4")
    sessions.of("b").discard(folder)
    assert files(tmp_path) == ["seed1.mp4"]
    sessions.of("a").discard(folder)
    assert files(tmp_path) == []


def test_an_upload_moves_into_the_session_and_stays_its_own(sessions, tmp_path):
    path = upload(tmp_path, "Anna at the station.MOV")
    mine = sessions.of("a").take(path, [])
    assert mine.name == "clip.MOV" and path.exists()  # the page may still be loading it
    sessions.of("a").settle()
    assert not path.parent.exists()
    assert sessions.of("a").take(mine, []) == mine == sessions.of("a").take(path, [])
    for known in (mine, path):
        with pytest.raises(VideoError, match="no longer here"):
            sessions.of("b").take(known, [])
    assert files(tmp_path) == ["clip.MOV"]
    sessions.of("a").forget()
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "path",
    ["/etc/hostname", "{root}/secret", "{root}/{hash}/../secret", "{root}/{hash}/link", "secret"],
)
def test_no_other_file_is_taken(sessions, tmp_path, path):
    (tmp_path / "secret").touch()
    folder = upload(tmp_path).parent
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(VideoError, match="no longer here"):
        sessions.of("a").take(path.format(root=tmp_path, hash=folder.name), [])
    assert (tmp_path / "secret").exists()


def test_an_example_stays_where_it_is(sessions, tmp_path):
    example = tmp_path / "example.mp4"
    example.touch()
    assert sessions.of("a").take(example, [example]) == example
    sessions.of("a").forget()
    assert example.exists()


def test_who_leaves_or_stays_away_for_an_hour_leaves_nothing(sessions, tmp_path, monkeypatch):
    for visitor in "ab":
        sessions.of(visitor).take(upload(tmp_path, digit=visitor), [])
        sessions.of(visitor).settle()
    sessions.end("a")
    assert files(tmp_path) == ["clip.mp4"]
    upload(tmp_path, "nobody took it.mp4", "c")
    (tmp_path / "broken off").touch()
    sessions.sweep()
    assert len(files(tmp_path)) == 3
    later = time.monotonic() + KEPT_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    for path in ("c" * 64, "broken off"):
        os.utime(tmp_path / path, (0, 0))
    with sessions.of("b").run():
        sessions.sweep()
        assert len(files(tmp_path)) == 1  # in use
    monkeypatch.setattr(time, "monotonic", lambda: later + KEPT_S + 1)
    sessions.sweep()
    assert files(tmp_path) == []


def test_a_run_outlived_by_its_session_leaves_nothing(sessions, tmp_path):
    with sessions.of("a").run() as (folder, unwanted):
        sessions.end("a")
        assert unwanted()
        folder.mkdir(parents=True)
        (folder / "late.mp4").touch()
    assert files(tmp_path) == []
