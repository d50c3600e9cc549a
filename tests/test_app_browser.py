"""The app as a visitor meets it: a real Chromium, a real server, no network."""

import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from media import ffmpeg
from walker import write_clip

from gait_demo.imaging.resizing import shrink
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
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
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
def browser(tmp_path_factory):
    """Chromium, whose camera sees a rendered walker."""
    from playwright.sync_api import sync_playwright

    camera = _write_y4m(tmp_path_factory.mktemp("camera") / "walker.y4m")
    arguments = [*CHROMIUM_ARGUMENTS, f"--use-file-for-fake-video-capture={camera}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, app):
    """The page, loaded; requests that would leave the machine are stopped and fail the test."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, permissions=["camera", "microphone"]
    )
    context.set_default_timeout(60_000)
    strays = []

    def guard(route):
        if route.request.url.startswith((app.url, "data:", "blob:")):
            route.continue_()
        else:
            strays.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.goto(app.url)
    page.wait_for_selector("#examples button.gallery-item")
    yield page
    context.close()
    assert not strays, f"the page asked the network for {strays}"


def _write_y4m(path: Path) -> Path:
    """An example as Chromium's fake camera wants it, small enough to be encoded in time."""
    size = (480, 270)
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420jpeg\n" % size)
        for frame in read_frames(ROOT / "assets" / "street_090.mp4"):
            picture = av.VideoFrame.from_ndarray(shrink(frame.rgb, size), format="rgb24")
            file.write(b"FRAME\n" + picture.reformat(format="yuv420p").to_ndarray().tobytes())
    return path


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
    assert "People are found by: BlazePose" in status
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
    page.get_by_text("This video is not a video that can be read").wait_for()
    assert page.get_by_role("button", name="Anonymize").is_disabled()
    assert page.locator("#source video").count() == 0
    _screenshot(page, "error", tmp_path)


def test_a_clip_is_looked_at_and_trimmed_before_its_run(page, tmp_path):
    clip = ROOT / "assets" / "street_090.mp4"
    page.locator("#source input[type=file]").set_input_files(clip)
    facts = page.locator("#facts")
    facts.get_by_text("4.6 s, 960×540, 25 frames per second; 1 person seen").wait_for()
    facts.get_by_text("4.6 s of it should take about").wait_for()
    for name, seconds in (("start", "1"), ("end", "3")):
        page.locator(f"#{name} input[type=number]").fill(seconds)
        page.locator(f"#{name} input[type=number]").press("Enter")
    facts.get_by_text("2.0 s of it should take about").wait_for()
    _screenshot(page, "8-trimmed", tmp_path)
    page.get_by_role("button", name="Anonymize").click()
    page.get_by_text("of 50 frames").wait_for(timeout=RUN_MS)
    page.wait_for_function(THREE_PLAY)
    length = page.evaluate("document.querySelector('#original video').duration")
    assert length == pytest.approx(2, abs=0.04)


@pytest.mark.parametrize(
    ("name", "encoding", "says"),
    [
        ("walk.gif", ["-vf", "fps=10,scale=320:-1"], "3.0 s, 320×180, 10 frames per second"),
        ("phone.mov", ["-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"],
         "3.0 s, 960×540, 25 frames per second"),
    ],
)  # fmt: skip
def test_what_the_browser_cannot_play_is_taken_all_the_same(page, tmp_path, name, encoding, says):
    ffmpeg("-i", ROOT / "assets" / "street_090.mp4", "-t", "3", *encoding, tmp_path / name)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="A GIF, or a file").click()
    chooser.value.set_files(tmp_path / name)
    page.locator("#facts").get_by_text(f"{says}; 1 person seen").wait_for()
    assert page.get_by_text("Video not playable").count() == 0
    page.get_by_role("button", name="Anonymize").click()
    page.get_by_text("One walker was anonymized").wait_for(timeout=RUN_MS)


def test_a_walk_is_recorded_with_the_camera(page, tmp_path):
    page.get_by_label("Capture from camera").click()
    page.get_by_text("Click to Access Webcam").click()
    record = page.locator("#source button[aria-label='start recording']")
    record.click()
    page.wait_for_timeout(5_000)
    record.click()
    page.locator("#facts").get_by_text("1 person seen").wait_for()
    _screenshot(page, "9-recorded", tmp_path)
    page.get_by_role("button", name="Anonymize").click()
    page.get_by_text("One walker was anonymized").wait_for(timeout=RUN_MS)
    page.wait_for_function(THREE_PLAY)


def test_cancel_stops_a_run_within_two_seconds(page, app, tmp_path):
    page.locator("#examples button.gallery-item").first.click()
    page.wait_for_selector("#status [aria-label^='Finding people']", timeout=RUN_MS)
    _screenshot(page, "progress", tmp_path)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_function(
        "document.querySelector('#status').innerText.includes('Stopped')", timeout=2_000
    )
    page.wait_for_timeout(2_000)
    assert page.locator("#players video").count() == 0
    assert not list(app.folder.rglob("run-*"))


def test_who_waits_sees_the_place_in_the_queue(page, app, tmp_path):
    page.locator("#examples button.gallery-item").first.click()
    page.wait_for_selector("#status [role=progressbar]", timeout=RUN_MS)
    second = page.context.new_page()
    second.goto(app.url)
    second.locator("#examples button.gallery-item").first.click()
    second.locator("#status").get_by_text("queue: 1/1").wait_for()
    second.get_by_role("button", name="Cancel").click()
    second.get_by_text("Stopped").wait_for()
    page.get_by_role("button", name="Cancel").click()


def test_everything_that_can_be_used_has_a_name(page):
    """For screen readers: a label or a text for every button and field."""
    page.locator("#source input[type=file]").set_input_files(ROOT / "assets" / "street_090.mp4")
    page.locator("#facts").get_by_text("seen").wait_for()
    nameless = page.evaluate("""() => [...document.querySelectorAll("button, input, video, select")]
      .filter((e) => e.checkVisibility() && !(e.ariaLabel || e.title || e.innerText?.trim()
        || e.labels?.length || e.getAttribute("aria-labelledby")
        || e.closest("[aria-label]")))
      .map((e) => e.outerHTML.slice(0, 90))""")
    assert nameless == []
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_and_can_be_read(browser, app, tmp_path, scheme, width):
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.goto(app.url)
    page.wait_for_selector("#examples button.gallery-item")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    headings = page.locator("h2").all_inner_texts()
    assert [text[:2] for text in headings] == ["1.", "2.", "3."]
    background, text = page.evaluate("""() => [
      getComputedStyle(document.body).backgroundColor,
      getComputedStyle(document.querySelector("#status p")).color,
    ].map((c) => Math.max(...c.match(/[0-9.]+/g).slice(0, 3).map(Number)))""")
    assert (background < 60) == (scheme == "dark") and abs(background - text) > 150
    _screenshot(page, f"page-{scheme}-{width}", tmp_path)
    page.close()
