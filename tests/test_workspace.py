"""Files that are written whole or not at all."""

import pytest

from gait_demo.workspace import write_whole


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path):
    path = tmp_path / "settings.json"
    write_whole(path, "before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half of it \ud800")
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]
