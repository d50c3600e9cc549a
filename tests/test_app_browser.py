"""The app as a visitor meets it: a real Chromium, a real server, no network."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from walker import write_clip

from gait_demo.shrink import shrink
from gait_demo.video import read_frames

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
START_S = 120
RUN_MS = 240_000
PLAYERS = ("original", "binary", "colorized")
FIRST_BYTES = """async (name) => {
  const video = document.querySelector(`#${name} video`);
  const bytes = await (await fetch(video.currentSrc)).arrayBuffer();
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, "0")).join("");
}"""
THREE_PLAY = """() => {
  const videos = [...document.querySelectorAll("#players video")];
  return videos.length === 3
    && videos.every((v) => v.readyState >= 2 && v.currentTime > 0 && !v.paused);
}"""

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the page is untested"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The app in a process of its own, on a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("app")
    environment = os.environ | {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "served"),
    }
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_served(url, server, folder / "log.txt")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_until_served(url: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the app ended:\n{log.read_text()}"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"the app was not served within {START_S} s:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address):
    """The page, loaded; requests that would leave the machine are stopped and fail the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    strays = []

    def guard(route):
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            strays.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#examples button.gallery-item")
    yield page
    context.close()
    assert not strays, f"the page asked the network for {strays}"


def _screenshot(page, name: str, folder: Path) -> None:
    folder = Path(os.environ.get("SCREENSHOT_DIR", folder))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def test_an_example_runs_and_the_seed_gives_another_gait(page, tmp_path):
    _screenshot(page, "1-arrival", tmp_path)
    page.locator("#examples button.gallery-item").first.click()
    page.wait_for_function(THREE_PLAY, timeout=RUN_MS)
    page.wait_for_function("document.querySelector('#status').innerText.includes('anonymized')")
    before = {name: page.evaluate(FIRST_BYTES, name) for name in PLAYERS}
    assert len(set(before.values())) == 3
    status = page.locator("#status").inner_text()
    assert "People are found by: this project's own detector (yolo.safetensors)" in status
    assert page.locator("#people img").is_visible() and not page.locator("#who").is_visible()
    _screenshot(page, "2-result", tmp_path)

    slider = page.locator("#seed input[type=range]").bounding_box()
    middle = slider["y"] + slider["height"] / 2
    page.mouse.move(slider["x"] + 8, middle)
    page.mouse.down()
    page.mouse.move(slider["x"] + 0.6 * slider["width"], middle, steps=5)
    page.mouse.up()
    seed = page.locator("#seed input[type=number]").input_value()
    assert int(seed) > 0
    page.wait_for_function(
        f"document.querySelector('#status').innerText.includes('seed {seed}')", timeout=RUN_MS
    )
    page.wait_for_function(THREE_PLAY)
    after = {name: page.evaluate(FIRST_BYTES, name) for name in PLAYERS}
    assert after["original"] == before["original"]
    assert after["binary"] != before["binary"]
    assert after["colorized"] != before["colorized"]
    _screenshot(page, "3-another-seed", tmp_path)

    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    _screenshot(page, "4-phone", tmp_path)


def test_one_of_two_people_is_chosen_by_number(page, tmp_path):
    example = read_frames(next((ROOT / "assets").glob("*.mp4")))
    halves = [shrink(frame.rgb, (480, 270)) for frame in example][:60]
    two = write_clip(tmp_path / "two.mp4", [np.hstack([f, f[:, ::-1]]) for f in halves])
    page.locator("#source input[type=file]").set_input_files(two)
    page.wait_for_selector("#source video")
    page.get_by_role("button", name="Anonymize").click()
    page.wait_for_selector("#people img", timeout=RUN_MS)
    page.get_by_text("2 walkers were anonymized").wait_for(timeout=RUN_MS)
    assert page.locator("#who label:has(input)").all_inner_texts() == [
        "Everyone",
        "Only person 1",
        "Only person 2",
    ]
    page.wait_for_function(THREE_PLAY)
    before = {name: page.evaluate(FIRST_BYTES, name) for name in PLAYERS}
    _screenshot(page, "5-two-people", tmp_path)

    page.get_by_label("Only person 2").click()
    page.get_by_text("1 other person stays recognisable").wait_for(timeout=RUN_MS)
    page.wait_for_function(THREE_PLAY)
    after = {name: page.evaluate(FIRST_BYTES, name) for name in PLAYERS}
    assert after["original"] == before["original"]
    assert after["colorized"] != before["colorized"]
    _screenshot(page, "6-one-of-two", tmp_path)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    _screenshot(page, "7-phone-two", tmp_path)


def test_a_file_that_is_no_video_is_answered_with_a_sentence(page, tmp_path):
    fake = tmp_path / "walk.mp4"
    fake.write_text("no video at all")
    page.locator("#source input[type=file]").set_input_files(fake)
    page.wait_for_selector("#source video")
    page.get_by_role("button", name="Anonymize").click()
    page.get_by_text("is not a video that can be read").wait_for()
    _screenshot(page, "error", tmp_path)


def test_cancel_stops_a_run_within_two_seconds(page, address, tmp_path):
    page.locator("#examples button.gallery-item").first.click()
    page.wait_for_selector("#status .progress-text, #status .progress-level", timeout=RUN_MS)
    _screenshot(page, "progress", tmp_path)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_function(
        "document.querySelector('#status').innerText.includes('Stopped')", timeout=2_000
    )
    page.wait_for_timeout(3_000)
    assert page.locator("#players video").count() == 0
