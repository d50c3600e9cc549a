"""What a Hugging Face Space makes of this repository, as far as that can be seen without one."""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import gradio
import pytest
import yaml

from gait_demo import zero_gpu

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
FAKE_SPACES = """
import sys
asked = []
def GPU(task):
    asked.append([task.__name__, "torch" in sys.modules])
    return task
"""
IMPORT = """
import json
import app, gradio, spaces
print(json.dumps([isinstance(app.demo, gradio.Blocks), app.demo.is_running, spaces.asked]))
"""
START_S = 120


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def test_front_matter_is_what_the_hub_takes():
    """Against the Hub's reference of a Space's configuration."""
    front = yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert front["title"] and len(front["emoji"]) == 1 and not front["emoji"].isascii()
    assert {front["colorFrom"], front["colorTo"]} <= COLOURS
    assert front["sdk"] == "gradio" and (ROOT / front["app_file"]).is_file()
    assert version(front["python_version"])[:2] == (3, 11)
    assert (ROOT / "LICENSE").read_text().split()[:3] == ["GNU", "AFFERO", "GENERAL"]
    assert front["license"] == "agpl-3.0"
    assert 0 < len(front["short_description"]) <= 60
    assert front["models"] and all(REPOSITORY.fullmatch(name) for name in front["models"])
    assert "gait" in front["tags"] and all(re.fullmatch(r"[a-z0-9-]+", t) for t in front["tags"])


def test_the_gradio_of_the_space_is_one_that_is_tested():
    front = yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    asked = re.search(r"^gradio>=([\d.]+)$", (ROOT / "requirements.txt").read_text(), re.M)[1]
    served = version(front["sdk_version"])
    assert version(asked) <= served <= version(gradio.__version__)
    assert served[0] == version(gradio.__version__)[0]


def test_the_app_is_imported_without_launch_and_asks_zero_gpu_before_torch(tmp_path):
    (tmp_path / "spaces.py").write_text(FAKE_SPACES)
    before = files()
    done = subprocess.run(
        [sys.executable, "-c", IMPORT],
        cwd=ROOT,
        env=os.environ
        | {
            "PYTHONPATH": str(tmp_path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "GRADIO_TEMP_DIR": str(tmp_path / "served"),
            "HF_HOME": str(tmp_path / "hub"),
        },
        capture_output=True,
        text=True,
        timeout=START_S,
    )
    assert done.returncode == 0, done.stderr
    is_blocks, is_running, asked = json.loads(done.stdout)
    assert is_blocks and not is_running
    assert asked == [["_never_called", False]]
    assert files() == before, "a Space's disk is for the visitors' files, in one place"


def test_elsewhere_zero_gpu_is_no_matter(monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", None)  # as if it were not installed
    zero_gpu.declare()


def files() -> set[Path]:
    tops = ("gait_demo", "checkpoints", "assets")
    inside = {path for top in tops for path in (ROOT / top).rglob("*")}
    return {path for path in inside | set(ROOT.iterdir()) if "__pycache__" not in path.parts}


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: no page was opened")
def test_a_cold_start_is_short(tmp_path):
    """GAIT_COLD_STARTS is how many; with -s the medians are shown."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        starts = [
            cold_start(browser, tmp_path / str(n))
            for n in range(int(os.environ.get("GAIT_COLD_STARTS", 1)))
        ]
        browser.close()
    answered, usable = (statistics.median(times) for times in zip(*starts, strict=True))
    print(
        f"\nmedian of {len(starts)}, from the start of the process: HTTP 200 after "
        f"{answered:.1f} s, the first example seen after {usable:.1f} s"
    )
    assert usable < START_S


def cold_start(browser, folder: Path) -> tuple[float, float]:
    """Seconds until the page is answered, and until the first example can be clicked."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "served"),
    }
    began = time.monotonic()
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=os.environ | own, stdout=log, stderr=log
        )
    try:
        while not answers(f"http://127.0.0.1:{port}"):
            assert server.poll() is None and time.monotonic() - began < START_S, (
                folder / "log.txt"
            ).read_text()
            time.sleep(0.1)
        answered = time.monotonic() - began
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}")
        page.wait_for_function(
            "document.querySelector('#examples img')?.naturalWidth > 0", timeout=START_S * 1000
        )
        usable = time.monotonic() - began
        page.close()
        return answered, usable
    finally:
        server.terminate()
        server.wait(timeout=30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False
