"""What a server leaves behind that was killed."""

import subprocess
import sys

import pytest

from gait_demo.errors import VideoError
from gait_demo.ui.privacy import private_root
from gait_demo.workspace import working_folder

KILLED = """
import os, signal, sys
from gait_demo.ui.privacy import private_root
with private_root(sys.argv[1]) as root:
    (root / "original.mp4").write_text("clear")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("next_one", [private_root, lambda folder: working_folder(folder, "a run")])
def test_what_a_killed_server_leaves_goes_at_the_next_start_of_server_or_run(tmp_path, next_one):
    with private_root(tmp_path) as running:
        subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
        assert len(list(tmp_path.rglob("original.mp4"))) == 1
        with next_one(tmp_path):
            assert not list(tmp_path.rglob("original.mp4"))
            assert running.is_dir()
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_in_use_is_told(tmp_path):
    with working_folder(tmp_path, "a"), pytest.raises(VideoError, match="Another run"):
        with working_folder(tmp_path, "a"):
            pytest.fail("the second began")
