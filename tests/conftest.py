import os
from pathlib import Path

import pytest
from served import serve

TEST_TIMEOUT_S = 300

os.environ["GAIT_DEMO_OFFLINE"] = "1"  # also for the processes that tests start


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real walking clips (`videos/`, `kth/`), named by GAIT_REAL_DATA."""
    folder = os.environ.get("GAIT_REAL_DATA")
    if not folder:
        pytest.skip("GAIT_REAL_DATA is not set: nothing was tested on real clips")
    return Path(folder)


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    """The app, served in a process of its own on a free loopback port."""
    with serve(tmp_path_factory.mktemp("app")) as served:
        yield served
