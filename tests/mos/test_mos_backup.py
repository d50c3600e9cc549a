"""The copy of votes on the Hub: a wiped disk loses nothing, an absent Hub blocks nothing."""

import json
import shutil
import threading
import time

import pytest
from fake_study import write_study
from huggingface_hub import HfApi, RepoUrl

from gait_demo.mos.backup import HubCopy
from gait_demo.mos.database import Database
from gait_demo.mos.store import Store

LIMIT_S = 20


class FakeHub(HfApi):
    """A dataset repository that is a folder; it can be away, or never answer."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        folder.mkdir()
        self.away = False
        self.silent: threading.Event | None = None

    def _answer(self):
        if self.silent:
            self.silent.wait(LIMIT_S)
        if self.away:
            raise ConnectionError("no route to the Hub")

    def create_repo(self, repo_id, *, private=None, **_):
        self._answer()
        assert private
        return RepoUrl(f"hf://datasets/{repo_id}")

    def snapshot_download(self, repo_id, *, local_dir, **_):
        self._answer()
        shutil.copytree(self.folder, local_dir, dirs_exist_ok=True)

    def create_commit(self, repo_id, operations, **_):
        self._answer()
        for operation in operations:
            with operation.as_file() as file:
                (self.folder / operation.path_in_repo).write_bytes(file.read())


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"), rated=4)


@pytest.fixture
def hub(tmp_path):
    return FakeHub(tmp_path / "hub")


class Machine:
    """A disk of its own, with a database and a copy of it."""

    def __init__(self, study, hub, folder):
        self.now = 1000.0
        self.store = Store(study, Database(str(folder / "mos.sqlite")), lambda: self.now)
        self.copy = HubCopy(self.store, "lab/votes", folder / "copy", hub, 0.002, 0.05)

    def vote(self, token: str, score: int) -> None:
        clip = self.store.trial(token).clip
        self.now += 5
        self.store.vote(token, clip.id, score)


def until(condition) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def uploaded(hub) -> int:
    lines = "".join(path.read_text() for path in hub.folder.glob("*.jsonl")).splitlines()
    return sum(json.loads(line)["kind"] == "vote" for line in lines)


def test_a_wiped_disk_loses_nothing(study, hub, tmp_path):
    first = Machine(study, hub, tmp_path / "first")
    token = first.store.join()
    for score in (3, 4, 5):
        first.vote(token, score)
    until(lambda: uploaded(hub) == 3)
    first.copy.close()
    second = Machine(study, hub, tmp_path / "second")
    until(lambda: len(second.store.votes()) == 2)  # the third was for training
    assert second.store.trial(token).clip == first.store.trial(token).clip
    second.vote(token, 1)
    until(lambda: uploaded(hub) == 4)
    assert len(list(hub.folder.glob("*.jsonl"))) == 2  # each process has a file of its own
    second.copy.close()


def test_a_hub_that_is_away_loses_and_blocks_nothing(study, hub, tmp_path):
    hub.away = True
    machine = Machine(study, hub, tmp_path / "disk")
    token = machine.store.join()
    machine.vote(token, 2)
    machine.vote(token, 2)
    assert len(machine.store.votes()) == 1 and uploaded(hub) == 0
    hub.away = False
    until(lambda: uploaded(hub) == 2)
    hub.silent = threading.Event()  # an upload that hangs
    began = time.monotonic()
    machine.vote(token, 3)
    assert time.monotonic() - began < 1
    hub.silent.set()
    until(lambda: uploaded(hub) == 3)
    machine.copy.close()


def test_votes_from_before_there_was_a_copy_are_copied(study, hub, tmp_path):
    alone = Store(study, Database(str(tmp_path / "disk" / "mos.sqlite")), lambda: 2000.0)
    alone.trial(alone.join())
    machine = Machine(study, hub, tmp_path / "disk")
    until(lambda: len(list(hub.folder.glob("*.jsonl"))) == 1)
    machine.copy.close()


def test_a_copy_that_cannot_be_written_does_not_undo_a_vote(study, hub, tmp_path):
    machine = Machine(study, hub, tmp_path / "disk")
    until(machine.copy.read.is_set)
    shutil.rmtree(tmp_path / "disk" / "copy")
    (tmp_path / "disk" / "copy").touch()
    token = machine.store.join()
    machine.vote(token, 3)
    machine.vote(token, 3)
    assert len(machine.store.votes()) == 1
    machine.copy.close()
