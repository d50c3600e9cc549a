"""The files of a run appear together or not at all."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from gait_demo.errors import VideoError
from gait_demo.pipeline.outputs import appear_together, check


def test_files_appear_when_the_block_ends(tmp_path):
    out = tmp_path / "new" / "result"
    with appear_together(out, tmp_path / "walk.mp4") as part:
        (part / "report.json").write_text("{}")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_an_exception_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "report.json").write_text("of an earlier run")
    with pytest.raises(KeyboardInterrupt):
        with appear_together(tmp_path, tmp_path / "walk.mp4") as part:
            (part / "report.json").write_text("of this run")
            raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "of an earlier run"


def test_the_users_own_file_is_not_overwritten(tmp_path):
    source = tmp_path / "original.mp4"
    source.write_bytes(b"mine")
    with pytest.raises(VideoError, match="would overwrite original.mp4"):
        with appear_together(tmp_path, source) as part:
            (part / "original.mp4").write_bytes(b"not mine")
    assert source.read_bytes() == b"mine"


def test_a_folder_that_cannot_be_made_is_answered_with_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    for folder, sentence in (("file/result", "cannot be written"), ("file", "is a file, and the")):
        with pytest.raises(VideoError, match=sentence):
            with appear_together(tmp_path / folder, tmp_path / "walk.mp4"):
                pass


@pytest.mark.parametrize("name", ["original.mp4", "report.json"])
def test_a_folder_of_an_outputs_name_stays(tmp_path, name):
    (tmp_path / name / "of the user").mkdir(parents=True)
    with pytest.raises(VideoError, match=f"{name} is a folder"):
        with appear_together(tmp_path, tmp_path / "walk.mp4"):
            pytest.fail("the run began")
    assert (tmp_path / name / "of the user").is_dir()


def test_a_name_that_is_too_long_gets_a_sentence(tmp_path):
    with pytest.raises(VideoError, match="cannot be written"):
        with appear_together(tmp_path / ("a" * 300), tmp_path / "walk.mp4"):
            pytest.fail("the run began")


def test_a_place_is_checked_before_the_run_and_left_as_it_is(tmp_path):
    (tmp_path / "original.mp4").write_text("old")
    check(tmp_path, tmp_path / "walk.mp4")
    check(tmp_path / "new" / "result", tmp_path / "walk.mp4")
    for place in (tmp_path / "original.mp4", tmp_path / ("a" * 300), Path("/dev/null/result")):
        with pytest.raises(VideoError, match="cannot be written|is a file, and"):
            check(place, tmp_path / "walk.mp4")
    with pytest.raises(VideoError, match="would overwrite"):
        check(tmp_path, tmp_path / "original.mp4")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"original.mp4": "old"}


def test_files_of_two_runs_never_stand_side_by_side(tmp_path):
    for name in ("original.mp4", "colorized.mp4"):
        (tmp_path / name).write_text("old")
    (tmp_path / "holiday.jpg").write_text("of the user")
    with appear_together(tmp_path, tmp_path / "walk.mp4") as part:
        (part / "colorized.mp4").write_text("new")
        (part / "report.json").write_text("new")
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {
        "colorized.mp4": "new",
        "report.json": "new",
        "holiday.jpg": "of the user",
    }


def test_old_files_come_back_if_new_ones_cannot_be_moved(tmp_path):
    (tmp_path / "original.mp4").write_text("old")
    (tmp_path / "binary.mp4").write_text("old")
    with pytest.raises(VideoError, match="cannot be written"):
        with appear_together(tmp_path, tmp_path / "walk.mp4") as part:
            (part / "original.mp4").write_text("new")
            (part / "comparison.mp4").write_text("new")
            (tmp_path / "comparison.mp4").mkdir()  # by somebody else, during the run
    assert (tmp_path / "original.mp4").read_text() == "old"
    assert (tmp_path / "binary.mp4").read_text() == "old"


def test_a_second_run_into_the_same_folder_waits(tmp_path):
    out = tmp_path / "result"
    with appear_together(out, tmp_path / "walk.mp4") as part:
        (part / "report.json").write_text("first")
        with pytest.raises(VideoError, match="Another run is writing"):
            with appear_together(out, tmp_path / "walk.mp4"):
                pytest.fail("the second run began")
        with appear_together(tmp_path / "another", tmp_path / "walk.mp4"):
            pass
        assert part.is_dir()
    assert (out / "report.json").read_text() == "first"


def left_open(out: Path) -> None:
    with appear_together(out, out / "walk.mp4") as part:
        (part / "original.mp4").write_text("clear")
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on POSIX")
def test_what_a_killed_run_leaves_is_removed_by_the_next(tmp_path):
    out = tmp_path / "result"
    run = multiprocessing.get_context("fork").Process(target=left_open, args=(out,))
    run.start()
    run.join()
    assert not out.exists() and len(list(tmp_path.iterdir())) == 1
    with appear_together(tmp_path / "another", tmp_path / "walk.mp4") as part:
        assert list(tmp_path.iterdir()) == [part]
    assert [path.name for path in tmp_path.iterdir()] == ["another"]
