"""Chromium as visitors have it, with a camera, and without a way out of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest

from gait_demo.imaging.resizing import shrink
from gait_demo.video import read_frames

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

EXAMPLE = Path(__file__).resolve().parents[2] / "assets" / "street_090.mp4"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed: the page is untested"
)
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
_PATIENCE_MS = 60_000  # for whatever a page should do


@contextmanager
def chromium(camera: Path) -> Iterator[Browser]:
    """Chromium, whose camera sees a film that `write_y4m` wrote."""
    from playwright.sync_api import sync_playwright  # most tests need none

    arguments = [*_ARGUMENTS, f"--use-file-for-fake-video-capture={camera}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@contextmanager
def visitor(browser: Browser, url: str, **device: object) -> Iterator[BrowserContext]:
    """A visitor of the server at `url`; requests that would leave it are stopped and fail.

    Args:
        device: as of `new_context`, such as DESKTOP.
    """
    allowed = ["camera", "microphone", "clipboard-read", "clipboard-write"]
    context = browser.new_context(permissions=allowed, **device)
    context.set_default_timeout(_PATIENCE_MS)
    strays = []

    def guard(route):
        if route.request.url.startswith((url, "data:", "blob:")):
            route.continue_()
        else:
            strays.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    yield context
    context.close()
    assert not strays, f"the page asked the network for {strays}"


def screenshot(page: Page, name: str) -> None:
    """Keep four pictures of the whole page, at both sizes, light and dark, where SCREENSHOT_DIR
    asks for them."""
    if not (folder := os.environ.get("SCREENSHOT_DIR")):
        return
    shown_at = page.viewport_size
    was_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size["viewport"])
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            path = Path(folder) / f"{name}-{size['viewport']['width']}-{scheme}.png"
            page.screenshot(path=path, full_page=True, animations="disabled")
    page.set_viewport_size(shown_at)
    page.emulate_media(color_scheme="dark" if was_dark else "light")


def barriers(page: Page) -> list[str]:
    """What axe finds on a page, light and dark, that is worse than minor: each rule and where."""
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(reduced_motion="reduce")  # colours in between are nobody's
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        dark = "dark => document.body.classList.contains('dark') === dark"
        page.wait_for_function(dark, arg=scheme == "dark")
        finish = "document.getAnimations().forEach((a) => { try { a.finish(); } catch {} })"
        page.evaluate(finish)
        for rule in Axe().run(page).response["violations"]:
            if rule["impact"] != "minor":
                places = ", ".join(str(node["target"][0]) for node in rule["nodes"])
                found.append(f"{scheme}: {rule['id']} ({rule['impact']}) at {places}")
    return found


def write_y4m(path: Path) -> Path:
    """An example as Chromium's fake camera wants it, small enough to be encoded in time."""
    size = (480, 270)
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420jpeg\n" % size)
        for frame in read_frames(EXAMPLE):
            picture = av.VideoFrame.from_ndarray(shrink(frame.rgb, size), format="rgb24")
            file.write(b"FRAME\n" + picture.reformat(format="yuv420p").to_ndarray().tobytes())
    return path
