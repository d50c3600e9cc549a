"""Rating as a visitor meets it, from consent to thank-you, and the results as the owner does."""

import re
from pathlib import Path

import pytest
from chromium import DESKTOP, PHONE, barriers, needs_chromium, screenshot, visitor

from gait_demo.mos.database import Database
from gait_demo.mos.store import Store

OPEN = "() => document.querySelector('.rate fieldset')?.disabled === false"
IS_LIGHT = """(selector) => {
  const colour = getComputedStyle(document.querySelector(selector)).fill;
  return Math.min(...colour.match(/[0-9.]+/g).slice(0, 3).map(Number)) > 200;
}"""
TITLE = "(text) => document.querySelector('.rate h1')?.innerText === text"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), needs_chromium]


@pytest.fixture
def context(browser, app):
    with visitor(browser, app.url, **DESKTOP) as context:
        yield context


def arrive(context, app):
    page = context.new_page()
    page.goto(f"{app.url}/#rate")
    page.wait_for_selector(".rate h1")
    return page


def rate(page, title: str, key: str) -> None:
    page.wait_for_function(TITLE, arg=title)
    page.wait_for_function(OPEN)
    page.keyboard.press(key)


def test_from_consent_to_thank_you_and_the_owners_plot(context, app, rated):
    page = arrive(context, app)
    assert "No name, no address, no account" in page.locator(".rate").inner_text()
    screenshot(page, "rate-1-consent")
    page.get_by_role("button", name="I agree, begin").click()
    page.wait_for_function(TITLE, arg="For practice")
    buttons = page.locator(".rate .scale button")
    assert [" ".join(text.split()) for text in buttons.all_inner_texts()] == [
        "1 Bad", "2 Poor", "3 Fair", "4 Good", "5 Excellent"
    ]  # fmt: skip
    question = page.locator(".rate legend").inner_text()
    assert all(word in question for word in ("shape", "movement", "colour"))
    video = page.locator(".rate video").bounding_box()
    assert (video["width"], video["height"]) == (96, 72)

    assert buttons.first.is_disabled()
    page.keyboard.press("3")  # too early: nothing happens
    page.evaluate("document.querySelector('.rate video').currentTime = 10")  # nor by jumping
    page.get_by_text("Watch the whole clip first").wait_for()
    assert buttons.first.is_disabled()
    screenshot(page, "rate-2-locked")
    page.get_by_role("button", name="Play again").click()
    page.wait_for_function(OPEN)
    screenshot(page, "rate-3-open")
    buttons.nth(2).click()
    rate(page, "Clip 1 of 6", "4")
    rate(page, "Clip 2 of 6", "5")
    page.wait_for_function(TITLE, arg="Clip 3 of 6")
    page.close()

    page = arrive(context, app)  # the same browser, later, and on a small screen
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Go on").click()
    page.wait_for_function(TITLE, arg="Clip 3 of 6")
    page.get_by_role("button", name="Go back one").click()
    page.wait_for_function(TITLE, arg="Clip 2 of 6")
    assert buttons_pressed(page) == ["5"]
    page.wait_for_function(OPEN)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    screenshot(page, "rate-4-phone-back")
    page.keyboard.press("1")
    for number in range(3, 7):
        rate(page, f"Clip {number} of 6", "2")
    page.wait_for_function(TITLE, arg="Thank you!")
    assert "You rated 6 clips" in page.locator(".rate").inner_text()
    screenshot(page, "rate-5-thanks")

    votes = Store(rated.study, Database(rated.database)).votes()
    assert [vote.score for vote in votes] == [4, 1, 2, 2, 2, 2]
    assert [vote.device.screen_width for vote in votes] == [1440, *[390] * 5]
    assert max(vote.device.frames for vote in votes) >= 1  # a busy screen may draw none of a clip

    page.get_by_text("For the owner of this study").click()
    page.get_by_label("Owner's token").fill("a guess")
    page.get_by_role("button", name="Show results").click()
    page.get_by_text("This is not the owner's token").wait_for()
    assert page.locator("#owner-plot .js-plotly-plot").count() == 0
    page.get_by_label("Owner's token").fill(rated.token)
    page.get_by_role("button", name="Show results").click()
    page.wait_for_selector("#owner-plot .js-plotly-plot .errorbars, #owner-plot .scatterlayer")
    traces = page.evaluate(
        "document.querySelector('#owner-plot .js-plotly-plot').data.map((t) => t.name)"
    )
    assert sorted(traces) == ["anchor", "ours", "reference"]
    told = page.locator("#owner-summary").inner_text()
    assert re.search(r"6 votes\. Raters: \d+ began, 1 finished", told)  # others only began
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    with page.expect_download() as download:
        page.get_by_role("button", name="votes.csv").click()
    assert len(Path(download.value.path()).read_text().splitlines()) == 1 + 6
    page.set_viewport_size({"width": 1440, "height": 900})
    screenshot(page, "rate-6-owner")
    assert barriers(page) == []  # which leaves the page dark
    page.get_by_role("button", name="Show results").click()
    page.wait_for_function(IS_LIGHT, arg="#owner-plot .ytick text")
    screenshot(page, "rate-7-owner-dark")


def test_phones_are_not_told_of_keys(browser, app):
    with visitor(browser, app.url, **PHONE) as phone:
        page = arrive(phone, app)
        page.get_by_role("button", name="I agree, begin").click()
        page.wait_for_function(OPEN)
        assert "You can rate now." in page.locator(".rate").inner_text()
        assert "key" not in page.locator(".rate").inner_text().lower()


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_clip_is_rated_by_keyboard_and_axe_finds_no_barrier(browser, app, device):
    with visitor(browser, app.url, **device) as context:
        page = arrive(context, app)
        assert barriers(page) == []
        for name in ("I agree, begin", "Play", "3", "Stop for now", "For the owner"):
            if name == "3":
                page.wait_for_function(OPEN)
                assert barriers(page) == []
            page.get_by_role("button", name=name).wait_for()
            for _ in range(20):
                page.keyboard.press("Tab")
                if page.evaluate("document.activeElement.innerText").startswith(name):
                    break
            page.keyboard.press("Enter")
        page.get_by_label("Owner's token").wait_for()
        assert barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def buttons_pressed(page) -> list[str]:
    return page.locator(".rate .scale button[aria-pressed=true]").evaluate_all(
        "(buttons) => buttons.map((button) => button.dataset.score)"
    )
