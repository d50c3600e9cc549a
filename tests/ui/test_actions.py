"""What the page does about a visitor's choices, with an engine that only numbers people."""

import shutil
import zipfile
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path

import gradio as gr
import pytest

from gait_demo.options import STRENGTHS
from gait_demo.ui.actions import Actions
from gait_demo.ui.anonymize_tab import Page
from gait_demo.ui.change import ranks
from gait_demo.ui.examples import change_of, inspection_of, stored
from gait_demo.ui.options import ANONYMIZER, EVERYONE
from gait_demo.ui.session import KEPT_RUNS, Sessions

CLIP = Path(__file__).resolve().parents[2] / "assets" / "pair_090.mp4"
VISITOR = gr.Request(session_hash="a")
PAGE = Page(*(field.name for field in fields(Page)))  # answers are told by these names
LAST_S = 60


class NumberingEngine:
    """Finds two people in whatever it is given, and makes what there is of the example.

    Attributes:
        drawn: whom it was asked to give another gait, None for everyone.
        meanwhile: is called once during the next analysis.
        seen: what an inspection of a clip tells.
    """

    def __init__(self):
        self.drawn = []
        self.meanwhile = lambda: None
        self.seen = inspection_of(CLIP)

    def run(self, job, *arguments, on_progress=None, unwanted=lambda: False):
        if job == "inspect_clip":
            return self.seen
        if job == "preview_gaits":
            return ["strip" for seed in arguments[-1]]
        options = arguments[-1]
        if job == "analyse":
            meanwhile, self.meanwhile = self.meanwhile, lambda: None
            meanwhile()
            return (1, 2), (0.0, 0.04)
        assert job == "render"
        self.drawn.append(options.anonymize.person)
        made, folder = stored(CLIP), arguments[1]
        shutil.copy(change_of(CLIP), folder)
        for name in ("binary", "colorized", "comparison"):
            shutil.copy(getattr(made, name), folder)
        return made.report


@pytest.fixture
def engine():
    return NumberingEngine()


@pytest.fixture
def actions(engine, tmp_path):
    actions = Actions(engine, engine, Sessions(tmp_path), [CLIP], tmp_path / "examples")
    actions.choose(PAGE)(str(CLIP), VISITOR)
    return actions


def run(actions, numbers="", start_s=0.0, who=EVERYONE, clip=CLIP, seed=7):
    settings = start_s, LAST_S, seed, who, STRENGTHS["someone else"], "sharp", ANONYMIZER
    return actions.run(PAGE)(str(clip), numbers, VISITOR, gr.Progress(), *settings)


def test_a_person_chosen_in_another_part_is_not_anonymized_by_that_number(actions, engine):
    whole = run(actions)["numbers"]
    assert "player" in run(actions, whole, who=2) and engine.drawn == [None, 2]
    asked = run(actions, whole, start_s=1, who=2)
    assert engine.drawn == [None, 2] and "player" not in asked
    assert "choose again" in asked["trouble"].value and asked["chosen"].value == EVERYONE
    assert "trouble" in run(actions, whole, start_s=1, who=2)  # it waited while that was analysed
    run(actions, asked["numbers"], start_s=1, who=2)
    assert engine.drawn == [None, 2, 2]


def test_an_example_that_is_ready_late_does_not_replace_the_part_that_is_shown(actions, engine):
    actions.example(PAGE)(0, LAST_S, VISITOR)
    shown = {}
    engine.meanwhile = lambda: shown.update(run(actions, start_s=1))
    late = actions.prepare(PAGE)(VISITOR)
    assert "player" in shown and late == gr.skip()
    assert "player" in run(actions, shown["numbers"], start_s=1, who=1)
    assert engine.drawn == [None, 1]


def test_what_has_changed_comes_with_the_result_also_of_an_example(actions):
    for told in (actions.example(PAGE)(0, LAST_S, VISITOR), run(actions)):
        assert told["found"].visible and "Rank 1 means recognised" in told["found"].value
        assert told["change"]["url"].endswith("change.json")


CHANGES = [
    b"{",
    b"[]",
    b'{"ranks": [7], "strangers": 1}',
    b'{"ranks": [{"recogniser": "", "before": "x", "after": 1}], "strangers": 1}',
    b'{"ranks": [], "strangers": Infinity}',
    b"[" * 200_000,
]


@pytest.mark.parametrize("content", CHANGES + [None])
def test_a_change_that_cannot_be_read_is_no_change(content, tmp_path):
    path = tmp_path / "change.json"
    if content is not None:
        path.write_bytes(content)
    assert ranks(path) is None


def several(actions, *paths):
    settings = 7, STRENGTHS["someone else"], "sharp", ANONYMIZER
    return actions.several([str(path) for path in paths], *settings, VISITOR)


def uploaded(root, digit, name="walk.mp4"):
    path = root / (digit * 64) / name
    path.parent.mkdir()
    path.touch()
    return path


def test_several_videos_can_be_made_again_as_long_as_the_page_shows_them(actions, tmp_path):
    walk = uploaded(tmp_path, "a")
    for _ in range(2):
        *_, (lines, archive) = several(actions, walk)
        assert "Not done" not in lines.value and archive.visible


def test_the_result_on_the_page_stays_whatever_is_made_of_several_videos(actions, tmp_path):
    shown = run(actions)["player"]
    results = set(tmp_path.rglob("colorized.mp4"))
    assert shown and results
    *_, (_, archive) = several(actions, *[uploaded(tmp_path, f"{n:x}") for n in range(10)])
    assert archive.visible
    assert set(tmp_path.rglob("colorized.mp4")) == results


def test_by_the_numbers_in_a_report_nobody_else_can_tell_the_video(actions):
    def numbers(visitor):
        settings = 7, EVERYONE, 0, 0, 1, "sharp", ANONYMIZER, ""
        return actions.anonymize(str(CLIP), *settings, gr.Request(session_hash=visitor))[-1][
            "numbers"
        ]

    assert numbers("a") == numbers("a") != numbers("b")


def test_gaits_are_not_pictured_for_a_long_part(actions, engine, tmp_path):
    engine.seen = replace(engine.seen, duration_s=40.0)
    clip = uploaded(tmp_path, "a")
    assert float(engine.seen.info.fps) * 40 > 600
    for start_s, is_pictured in [(0, False), (36, True), (0, False)]:
        run(actions, start_s=start_s, clip=clip)
        assert actions.preview(VISITOR).visible == is_pictured


def test_several_videos_go_on_while_other_clips_are_chosen_on_the_page(actions, tmp_path):
    walks = [uploaded(tmp_path, digit) for digit in "ab"]
    steps = several(actions, *walks)
    next(steps)
    for path in (walks[1], uploaded(tmp_path, "c")):  # one of them, and another
        assert "player" in run(actions, clip=path)
        actions.choose(PAGE)(str(path), VISITOR)
        actions.settle(VISITOR)
    actions.forget(PAGE)(VISITOR)
    *_, (lines, archive) = steps
    assert "Not done" not in lines.value and "stopped" not in lines.value
    for seed in range(KEPT_RUNS + 1):
        run(actions, seed=seed)
    with zipfile.ZipFile(archive.value["path"]) as made:
        assert {name[:3] for name in made.namelist()} == {"01_", "02_"}


def test_of_several_videos_those_that_were_finished_before_cancel_are_given(actions, tmp_path):
    steps = several(actions, *[uploaded(tmp_path, digit) for digit in "abc"])
    first = list(islice(steps, 3))[-1][0].value.splitlines()[2]
    actions.cancel(VISITOR)
    ((lines, archive),) = steps
    rows = lines.value.splitlines()[2:]
    assert rows[0] == first and [row.split(" | ")[-1] for row in rows[1:]] == ["stopped |"] * 2
    with zipfile.ZipFile(archive.value["path"]) as made:
        assert {name[:3] for name in made.namelist()} == {"01_"}
