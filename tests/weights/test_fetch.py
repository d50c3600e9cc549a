"""The command `fetch`, in a copy of the program with small weights."""

import hashlib
import json
import shutil

import pytest
from fake_hub import ROOT, environment, start
from fake_index import FakeIndex, entries

CLOSED = 9  # a port on which nothing listens


@pytest.fixture
def fetch(tmp_path):
    """Runs `fetch` in the copy; returns exit status, output and errors."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "gait_demo", project / "gait_demo")
    checkpoints = project / "checkpoints"
    checkpoints.mkdir()
    (checkpoints / "anet.safetensors").write_bytes(b"ours")
    listed = {"anet.safetensors": {"sha256": hashlib.sha256(b"ours").hexdigest()}} | entries()
    (checkpoints / "manifest.json").write_text(json.dumps(listed))

    def fetch(**env: str) -> tuple[int, str, str]:
        env = environment(CLOSED, tmp_path / "home", **env)
        process = start(["-m", "gait_demo", "fetch"], env, folder=project)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    return fetch


def test_fetch_prints_name_path_and_source_of_each_file_and_works_offline_afterwards(fetch):
    with FakeIndex() as index:
        status, out, err = fetch(**index.pip())
    assert status == 0, err
    rows = [line.split("\t") for line in out.splitlines()]
    assert [(name, source) for name, _, source in rows] == [
        ("anet", "checkpoints"),
        ("pose_detection", "mediapipe==0.10.21"),
        ("pose_landmark", "mediapipe==0.10.21"),
    ]
    assert "Fetching weights: mediapipe 0.10.21 from the package index, 36 MB" in err
    assert fetch(GAIT_DEMO_OFFLINE="1")[:2] == (0, out)


def test_fetch_says_what_it_could_not_get_and_gets_the_rest(fetch):
    with FakeIndex() as index:
        index.statuses["/"] = 404
        status, out, err = fetch(**index.pip())
    assert status == 2 and out.startswith("anet\t") and len(out.splitlines()) == 1
    sentences = [line for line in err.splitlines() if line.startswith("There are no weights")]
    assert len(sentences) == 2 and "Traceback" not in err
