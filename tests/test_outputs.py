"""The files of a run appear together or not at all."""

import pytest

from gait_demo.errors import VideoError
from gait_demo.pipeline.outputs import appear_together


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
    with pytest.raises(VideoError, match="cannot be written"):
        with appear_together(tmp_path / "file" / "result", tmp_path / "walk.mp4"):
            pass
