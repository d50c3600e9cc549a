"""Where weights come from; the Hub is a stand-in on loopback, and every step a process."""

import hashlib
import json
import os
import pty
import signal
import termios
import time
from pathlib import Path

import pytest
from fake_hub import FakeHub, environment, start

from gait_demo import weights
from gait_demo.errors import WeightsError
from gait_demo.pipeline import models

WRITTEN = 10 * 1024**2  # bytes that huggingface_hub gathers before it writes them
LARGE = bytes(range(256)) * (WRITTEN // 256 + 1000)
FIND = """
import sys
from pathlib import Path
from gait_demo import weights
from gait_demo.errors import WeightsError
try:
    found = weights.find("anet", folder=Path(sys.argv[1]))
    print(found.sha256, found.source, found.path)
except WeightsError as error:
    print("refused", error)
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "anet.safetensors").write_bytes(b"weights")
    (tmp_path / "manifest.json").write_text(
        json.dumps({"anet.safetensors": {"sha256": sha256(b"weights")}})
    )
    return tmp_path


def test_checkpoints_come_first_and_are_verified(folder):
    found = weights.find("anet", folder=folder)
    assert (found.path, found.source) == (folder / "anet.safetensors", "checkpoints")
    assert found.sha256 == sha256(b"weights")
    (folder / "anet.safetensors").write_bytes(b"tampered")
    with pytest.raises(WeightsError, match=sha256(b"tampered")):
        weights.find("anet", folder=folder)


def test_an_explicit_path_comes_first_and_is_not_compared(folder):
    own = folder / "own.safetensors"
    own.write_bytes(b"mine")
    found = weights.find("anet", own, folder=folder)
    assert (found.path, found.source) == (own, "path")
    assert found.sha256 == sha256(b"mine")


def test_an_explicit_path_without_a_file_is_an_error(folder):
    with pytest.raises(WeightsError, match=r"none\.pt"):
        weights.find("yolo", folder / "none.pt", folder=folder)


def test_the_detector_is_not_looked_for_before_it_is_used(monkeypatch):
    asked = []

    def find(name, explicit=None):
        asked.append(name)
        return weights.find(name, explicit)

    monkeypatch.setattr(models, "find", find)
    loaded = models.Models.load({"yolo": Path("none.pt")})
    assert asked == ["anet", "cnet"]
    with pytest.raises(WeightsError, match=r"none\.pt"):
        _ = loaded.detector
    assert asked == ["anet", "cnet", "yolo"]


def test_a_pickle_beside_our_weights_is_never_taken(folder):
    (folder / "yolo11n-seg.pt").write_bytes(b"runs code")
    with pytest.raises(WeightsError, match=r"no weights yolo\.safetensors"):
        weights.find("yolo", folder=folder)


def test_what_the_manifest_does_not_list_is_not_asked_for(folder, monkeypatch):
    monkeypatch.setenv("GAIT_DEMO_HUB_REPO", "someone/gait")
    with pytest.raises(
        WeightsError, match=r"no weights stgan.*does not list it.*put the file into"
    ):
        weights.find("stgan", folder=folder)


@pytest.fixture
def hub():
    """Has the large weights in someone/gait, of which nothing is in the checkpoints."""
    with FakeHub() as hub:
        hub.commit = hub.add("someone/gait", {"anet.safetensors": LARGE})
        yield hub


@pytest.fixture
def begin(hub, folder, tmp_path):
    """Starts a process that looks for the large weights on the Hub."""
    (folder / "anet.safetensors").unlink()
    listed = {"sha256": sha256(LARGE), "hub": f"someone/gait@{hub.commit}"}
    (folder / "manifest.json").write_text(json.dumps({"anet.safetensors": listed}))

    def begin(**env):
        return start(
            ["-c", FIND, str(folder)], environment(hub.server_port, tmp_path / "home", **env)
        )

    return begin


@pytest.fixture
def find(begin):
    def find(**env) -> str:
        """What the process says."""
        process = begin(**env)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return out

    return find


def test_a_download_that_is_cut_goes_on_where_it_was_and_is_cached(hub, find):
    hub.cut_after = [WRITTEN + 1000]
    assert find().startswith(f"{sha256(LARGE)} someone/gait@{hub.commit} ")
    assert hub.deliveries() == [None, f"bytes={WRITTEN}-"]
    for offline in ("GAIT_DEMO_OFFLINE", "HF_HUB_OFFLINE"):
        assert find(**{offline: "1"}).startswith(sha256(LARGE))
    asked = len(hub.asked)
    assert find(HF_HUB_DISABLE_TELEMETRY="1").startswith(sha256(LARGE))
    assert "HEAD" not in {method for method, _, _ in hub.asked[asked:]}


def test_a_damaged_cache_is_fetched_anew(hub, find):
    path = Path(find().split()[-1])
    path.resolve().write_bytes(LARGE[:1000])
    said = find(GAIT_DEMO_OFFLINE="1")
    assert said.startswith("refused") and sha256(LARGE[:1000]) in said and sha256(LARGE) in said
    assert find().startswith(sha256(LARGE)) and path.read_bytes() == LARGE


def test_a_download_that_was_killed_is_never_used(hub, find, begin, tmp_path):
    hub.slowly = True
    process = begin()
    deadline = time.monotonic() + 30
    while not any(f.stat().st_size for f in (tmp_path / "home").rglob("*.incomplete")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert "not in the cache" in find(GAIT_DEMO_OFFLINE="1")
    hub.slowly = False
    assert find().startswith(sha256(LARGE))


def test_two_processes_at_once_both_get_the_whole_file(hub, begin):
    both = [begin() for _ in range(2)]
    paths = {process.communicate(timeout=60)[0] for process in both}
    assert len(paths) == 1 and paths.pop().startswith(sha256(LARGE))


def test_the_bar_is_shown_on_a_terminal(hub, folder, begin, tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    env = environment(hub.server_port, tmp_path / "home")
    with open(ours, "rb", buffering=0) as terminal:
        process = start(["-c", FIND, str(folder)], env, stderr=theirs)
        assert process.communicate(timeout=60)[0].startswith(sha256(LARGE))
        os.close(theirs)
        shown = b""
        try:
            while part := terminal.read(65536):
                shown += part
        except OSError:  # how Linux says that the other end is closed
            pass
    assert b"anet.safetensors: 100%" in shown


def test_another_repository_is_verified_too(hub, find):
    hub.add("else/where", {"anet.safetensors": b"other"})
    said = find(GAIT_DEMO_HUB_REPO="else/where")
    assert said.startswith("refused") and "else/where" in said and sha256(b"other") in said
    hub.add("else/where", {"anet.safetensors": LARGE})
    assert find(GAIT_DEMO_HUB_REPO="else/where").startswith(f"{sha256(LARGE)} else/where")


def test_one_error_of_the_hub_is_waited_out(hub, find):
    hub.statuses["resolve"] = [503]
    assert find().startswith(sha256(LARGE))


@pytest.mark.parametrize(
    ("env", "statuses", "said"),
    [
        ({"GAIT_DEMO_OFFLINE": "1"}, {}, "not in the cache, and offline"),
        ({"GAIT_DEMO_HUB_REPO": "no/body"}, {}, "does not exist, or you may not use it"),
        ({"GAIT_DEMO_HUB_REPO": "someone/gait@v9"}, {}, "no such revision"),
        ({"GAIT_DEMO_HUB_REPO": "someone/empty"}, {}, "no such file"),
        ({"GAIT_DEMO_HUB_REPO": "some one"}, {}, "not the name of a repository"),
        ({}, {"resolve": [401]}, "`hf auth login` signs you in"),
        ({}, {"/store/": [503]}, "status 503"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_fails_is_said_with_what_to_do(hub, find, folder, env, statuses, said):
    hub.add("someone/empty", {"README.md": b""})
    hub.statuses.update(statuses)
    sentence = find(**env)
    assert sentence.startswith("refused There are no weights anet.safetensors") and said in sentence
    assert f"not in {folder}" in sentence and "Without a network, put the file into" in sentence


def test_what_the_manifest_does_not_list_is_refused(tmp_path):
    (tmp_path / "anet.safetensors").write_bytes(b"anything")
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(WeightsError, match="lists no such file"):
        weights.find("anet", folder=tmp_path)
