"""Which clips are meant, and what their results are called."""

from pathlib import Path

import pytest

from gait_demo.__main__ import main
from gait_demo.batch import Batch
from gait_demo.batch.inputs import find_clips
from gait_demo.errors import BatchError


@pytest.fixture
def videos(tmp_path, monkeypatch):
    """A folder with files of some names, which is the working directory."""
    monkeypatch.chdir(tmp_path)

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        return tmp_path

    return make


def names(*inputs, out="results"):
    return [clip.name for clip in Batch(inputs, out).clips]


def test_a_folder_gives_its_videos_with_those_below_in_order(videos):
    videos("in/b.MOV", "in/a.mp4", "in/day/c.avi", "in/notes.txt", "in/.hidden.mp4", "in/.x/d.mp4")
    assert names("in") == ["a", "b", "day/c"]


def test_casia_bs_layout_is_kept_and_empty_places_are_left_out(videos):
    videos(
        "casia/DatasetB-1/video/001-nm-01-090.avi",
        "casia/DatasetB-1/video/001-bkgrd-090.avi",
        "casia/DatasetB-2/video/075-cl-02-180.avi",
        "casia/GaitDatasetB-silh/001.tar.gz",
    )
    assert names("casia") == ["DatasetB-1/video/001-nm-01-090", "DatasetB-2/video/075-cl-02-180"]


def test_files_of_one_folder_are_called_as_they_are(videos):
    videos("in/a.mp4", "in/b.mp4")
    assert names("in/a.mp4", "in/b.mp4") == ["a", "b"]


def test_files_of_several_folders_keep_the_part_that_differs(videos):
    videos("in/1/walk.mp4", "in/2/walk.mp4")
    assert names("in/1/walk.mp4", "in/2/walk.mp4") == ["1/walk", "2/walk"]
    assert names("in/1", "in/2") == ["1/walk", "2/walk"]


def test_a_pattern_names_from_its_fixed_part_on_however_many_match(videos):
    videos("in/1/walk.mp4", "in/1/other.mp4")
    assert names("in/*/walk.mp4") == ["1/walk"]
    videos("in/2/walk.mp4")
    assert names("in/*/walk.mp4") == ["1/walk", "2/walk"]
    assert names("in/**/*.mp4") == ["1/other", "1/walk", "2/walk"]


def test_a_list_is_read_as_if_its_lines_stood_there(videos):
    videos("in/a.mp4", "more/b.mp4", "more/c.mov").joinpath("list.txt").write_text(
        "# two inputs\nin/a.mp4\n\nmore/*.mp4\n"
    )
    assert names("list.txt") == ["in/a", "more/b"]


def test_no_path_leads_out_of_the_output(videos, monkeypatch):
    root = videos("a/x.mp4", "in/b/y.mp4")
    monkeypatch.chdir(root / "in")
    assert names("../a/x.mp4", "b/y.mp4") == ["a/x", "in/b/y"]
    assert names("b/../../a/*.mp4") == ["x"]
    with pytest.raises(BatchError, match="a/x.mp4 would lie outside the output"):
        Batch(["*/../../a/x.mp4"], "results")


def test_a_clip_that_is_named_twice_is_one(videos):
    videos("in/a.mp4")
    assert names("in", "in/a.mp4", "in/*.mp4") == ["a"]


@pytest.mark.parametrize(
    ("inputs", "out", "says"),
    [
        (["empty"], "out", "empty holds no video"),
        (["none"], "out", "no file or folder none"),
        (["in/*.avi"], "out", "Nothing matches the pattern in/"),
        (["in", "blank.txt"], "out", "blank.txt was read as a list.* It is empty"),
        (["binary.txt"], "out", "binary.txt was read as a list"),
        (["chain.txt"], "out", "chain.txt was read as a list.* names another list"),
        (["twice"], "out", "twice/A.mov and twice/a.mp4 would both be written to a"),
        (["in"], "in/out", "in/out lies in the input in"),
        (["in"], "in", "lies in the input in"),
        (["in/a.mp4", "in/b.mp4"], "in", "in the output .*in, where results could replace it"),
    ],
)
def test_unusable_inputs_get_one_sentence_and_nothing_is_written(videos, capsys, inputs, out, says):
    root = videos("in/a.mp4", "in/b.mp4", "twice/a.mp4", "twice/A.mov", "empty/notes.md")
    (root / "blank.txt").write_text("\n# nothing\n")
    (root / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (root / "chain.txt").write_text("chain.txt\n")
    before = sorted(root.rglob("*"))
    with pytest.raises(BatchError, match=says) as caught:
        Batch(inputs, out)
    assert "\n" not in str(caught.value)
    if len(inputs) > 1 or not inputs[0].endswith("none"):  # one missing file is no batch
        assert main(["anonymize", *inputs, "--out", out]) == 2
        assert capsys.readouterr().err.strip() == str(caught.value)
    assert sorted(root.rglob("*")) == before


def test_an_output_that_cannot_be_made_gets_a_sentence(videos):
    videos("in/a.mp4", "in/b.mp4", "file")
    with pytest.raises(BatchError, match="file/out cannot be used: Not a directory"):
        next(Batch(["in"], "file/out").run())
    with pytest.raises(BatchError, match="nosuch://x cannot be used: Protocol not known"):
        next(Batch(["in"], "nosuch://x").run())
    assert sorted(path.name for path in Path().iterdir()) == ["file", "in"]


def test_a_text_that_names_no_video_is_said_to_have_been_read_as_a_list(tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("Dear Anna, the walks are in the other folder.")
    with pytest.raises(BatchError, match="note.txt was read as a list.*no file .* Dear Anna"):
        find_clips([str(note)], None)
