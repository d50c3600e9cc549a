"""The copy of votes on the Hub: a wiped disk loses nothing, an absent Hub blocks nothing."""

import threading
import time

import pytest
from fake_study import write_study
from huggingface_hub import HfApi

from gait_demo.errors import StudyError
from gait_demo.mos.backup import HubCopy, restore
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

    @property
    def copies(self):
        return sorted(self.folder.glob("*.sqlite"))

    def create_repo(self, repo_id, *, private=None, **_):
        assert private

    def list_repo_files(self, repo_id, **_):
        self._answer()
        return [".gitattributes", *(path.name for path in self.folder.iterdir())]

    def hf_hub_download(self, repo_id, filename, **_):
        return str(self.folder / filename)

    def upload_file(self, *, path_or_fileobj, path_in_repo, **_):
        self._answer()
        (self.folder / path_in_repo).write_bytes(path_or_fileobj)


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
        file = folder / "mos.sqlite"
        restore(file, "lab/votes", hub)
        self.store = Store(study, Database(str(file)), lambda: self.now)
        self.copy = HubCopy(file, "lab/votes", hub, every_s=0.05)

    def vote(self, token: str, score: int) -> None:
        clip = self.store.trial(token).clip
        self.now += 5
        self.store.vote(token, clip.id, score)


def test_a_wiped_disk_loses_nothing(study, hub, tmp_path):
    first = Machine(study, hub, tmp_path / "first")
    token = first.store.join()
    for score in (3, 4, 5):
        first.vote(token, score)
    first.copy.close()
    second = Machine(study, hub, tmp_path / "second")
    assert second.store.votes() == first.store.votes() and len(first.store.votes()) == 2
    assert second.store.trial(token).clip == first.store.trial(token).clip
    second.now = first.now
    second.vote(token, 1)
    second.copy.close()
    assert len(hub.copies) == 2  # each process has a file of its own
    third = Machine(study, hub, tmp_path / "third")
    assert third.store.votes() == second.store.votes()
    third.copy.close()


def test_a_file_that_is_there_stays(study, hub, tmp_path):
    first = Machine(study, hub, tmp_path / "disk")
    token = first.store.join()
    first.copy.close()
    first.vote(token, 3)
    again = Machine(study, hub, tmp_path / "disk")
    assert again.store.trial(token) == first.store.trial(token)
    again.copy.close()


def test_a_hub_that_is_away_loses_and_blocks_nothing(study, hub, tmp_path):
    machine = Machine(study, hub, tmp_path / "disk")
    token = machine.store.join()
    hub.away = True
    machine.vote(token, 2)
    hub.silent = threading.Event()  # an upload that hangs
    time.sleep(0.1)
    began = time.monotonic()
    machine.vote(token, 2)
    assert time.monotonic() - began < 1
    hub.silent.set()
    hub.away = False
    machine.copy.close()
    copied = Store(study, Database(str(hub.copies[-1])))
    assert copied.votes() == machine.store.votes() and len(copied.votes()) == 1


def test_without_an_answer_no_new_file_takes_the_place_of_the_copy(hub, tmp_path):
    hub.away = True
    with pytest.raises(StudyError, match="cannot be fetched from lab/votes"):
        restore(tmp_path / "mos.sqlite", "lab/votes", hub)
    assert not (tmp_path / "mos.sqlite").exists()
