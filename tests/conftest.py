from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import chromium, write_y4m
from fake_study import Rated
from served import serve

from gait_demo.errors import WeightsError
from gait_demo.weights import FACE, PERSON, RELEASED, find

if TYPE_CHECKING:
    from gait_demo.pipeline import Models

# xdist fills the cores; threads that outnumber them spend the time waiting for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")

_UI = "tests/ui/"
_TOGETHER = (_UI, "tests/synthesis/")
_RELEASED_WEIGHTS = pytest.StashKey[dict[str, Path | str]]()  # or why there are none


def pytest_configure(config):
    found = config.stash[_RELEASED_WEIGHTS] = {}
    for name in RELEASED:
        try:  # the only time that the network is asked: into the user's cache, once
            found[name] = find(name).path
        except WeightsError as error:
            found[name] = f"{name} was not tested: {error}"
    os.environ["GAIT_DEMO_OFFLINE"] = "1"  # also for the processes that tests start


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        """A file stays in one process, and so do folders: tests/ui, whose files share an app, and
        tests/synthesis, whose body model takes minutes to build for the first time."""

        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return next((folder for folder in _TOGETHER if file.startswith(folder)), file)

    return ByFile(config, log)


def pytest_collection_modifyitems(items):
    """First the app's tests, then files with slow ones: at the end no process waits for another."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (not item.nodeid.startswith(_UI), item.path not in slow))


def _released(config, *names: str) -> dict[str, Path]:
    found = {name: config.stash[_RELEASED_WEIGHTS][name] for name in names}
    for why in found.values():
        if isinstance(why, str):
            pytest.skip(why)
    return found


@pytest.fixture(scope="session")
def person_weights(pytestconfig) -> dict[str, Path]:
    """The files of the pinned networks that find people, by name."""
    return _released(pytestconfig, *PERSON)


@pytest.fixture(scope="session")
def face_weights(pytestconfig) -> Path:
    """The file of the pinned face detector."""
    return _released(pytestconfig, FACE)[FACE]


@pytest.fixture(scope="session")
def models() -> Models:
    """The shipped networks."""
    from gait_demo.pipeline import Models  # most tests need none

    return Models.load()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real walking clips (`videos/`, `kth/`), named by GAIT_REAL_DATA."""
    folder = os.environ.get("GAIT_REAL_DATA")
    if not folder:
        pytest.skip("GAIT_REAL_DATA is not set: nothing was tested on real clips")
    return Path(folder)


@pytest.fixture(scope="session")
def rated(tmp_path_factory) -> Rated:
    """What visitors of `app` rate."""
    return Rated.write(tmp_path_factory.mktemp("rated"))


@pytest.fixture(scope="session")
def app(rated, tmp_path_factory):
    """The app, served in a process of its own on a free loopback port."""
    with serve(tmp_path_factory.mktemp("app"), **rated.settings) as served:
        yield served


@pytest.fixture(scope="session")
def camera(tmp_path_factory) -> Path:
    """What the camera of `browser` films: a rendered walker."""
    return write_y4m(tmp_path_factory.mktemp("camera") / "walker.y4m")


@pytest.fixture(scope="module")  # while it runs, nothing else can have an event loop in this thread
def browser(camera):
    """Chromium with a camera."""
    with chromium(camera) as browser:
        yield browser
