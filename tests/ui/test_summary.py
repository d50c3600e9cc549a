import re
from fractions import Fraction
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from gait_demo.options import STRENGTHS
from gait_demo.serving.pace import Pace
from gait_demo.types import Inspection, Rank, VideoInfo
from gait_demo.ui.anonymize_tab import HIDDEN
from gait_demo.ui.head import head
from gait_demo.ui.options import Settings, linked
from gait_demo.ui.summary import describe, details, marks, notes, place_in_crowd, verdict

REPORT = {
    "seed": 7,
    "camera": "still",
    "warnings": [],
    "people": 3,
    "people_removed": 0,
    "people_in_clear": 0,
    "frames_in": 50,
    "frames_covered": 40,
    "frames_lost": 0,
    "frames_kept_pose": 0,
    "fps": 25.0,
    "duration_s": 2.0,
    "width": 960,
    "height": 540,
    "weights": [
        {"name": "yolo", "file": "yolo.safetensors", "source": "checkpoints", "sha256": "4f1a"}
    ],
}


TRACK = {
    "person": 2,
    "drawn": True,
    "changed": True,
    "lost": [],
    "carried": [],
    "kept_pose": [],
    "moments": [],
    "coverage": 1.0,
}
SEATED = TRACK | {"changed": False, "kept_pose": [[0, 49]]}


def report(**changed) -> dict:
    return REPORT | {"tracks": [TRACK]} | changed


@pytest.mark.parametrize(
    "changed, level, says",
    [
        ({}, "good", "One walker got another gait"),
        ({"tracks": [TRACK, TRACK | {"drawn": False}]}, "good", "One walker got another gait"),
        ({"people_in_clear": 2}, "check", "Two other people stay recognisable"),
        ({"warnings": ["Person 2 was seldom seen."]}, "check", "Check the places"),
        ({"tracks": [TRACK | {"lost": [[3, 9]]}]}, "check", "Check the places"),
        ({"tracks": [TRACK | {"coverage": 0.4}]}, "bad", "Do not use"),
        ({"tracks": [TRACK, SEATED]}, "check", "One walker got another gait. One person keeps"),
        ({"tracks": [TRACK, SEATED], "people_in_clear": 1}, "check", "One person keeps the pose"),
        ({"tracks": [SEATED, SEATED]}, "bad", "nobody got another gait. Two people keep the pose"),
        ({"tracks": []}, "bad", "nobody got another gait"),
    ],
)
def test_one_verdict_says_whether_a_result_can_be_passed_on(changed, level, says):
    told = verdict(report(**changed))
    assert told[0] == level and says in told[1]


def test_notes_say_who_and_when_and_marks_are_the_same_places():
    gone = {"kind": "lost", "from_s": 1.02, "to_s": 2, "box": [10, 20, 50, 120]}
    track = TRACK | {"lost": [[25, 49]], "moments": [gone]}
    told = report(tracks=[track], warnings=["Watch."], camera="moving")
    assert notes(told)[0] == "Person 2, on the left: not seen, the place was cleared at 1.0-2.0 s."
    assert "The camera moves" in notes(told)[1] and notes(told)[2] == "Watch."
    (mark,) = marks(told)
    assert (mark["from"], mark["to"], mark["kind"]) == (1.02, 2, "lost")
    assert (mark["person"], mark["box"]) == (2, gone["box"])
    assert not notes(report()) and not marks(report())


@pytest.mark.parametrize(
    "source, says",
    [
        ("checkpoints", "this project's own detector (yolo.safetensors)"),
        ("path", "a detector of your own (yolo.safetensors)"),
        ("Someone/YOLO", "the detector of Someone/YOLO on the Hugging Face Hub"),
    ],
)
def test_the_detector_is_named(source, says):
    used = REPORT["weights"][0] | {"source": source}
    assert f"People are found by: {says}" in details(report(weights=[used]), 3)


def test_settings_are_told_in_a_badge_and_in_file_names():
    settings = Settings(0, 4, 7, 2, STRENGTHS["half way"], "plain")
    assert settings.badge == "Seed 7 · half way · plain grey · only person 2"
    assert settings.file_stem == "walk_seed7_half_plain_person2"
    query = dict(parse_qsl(settings.query.removeprefix("?")))
    assert linked(query) == (7, STRENGTHS["half way"], "plain")


@pytest.mark.parametrize(
    "environment, address",
    [
        ({}, "gradio_api/file=/a/result.png"),
        (
            {"SPACE_HOST": "lab-gait.hf.space"},
            "https://lab-gait.hf.space/gradio_api/file=/a/result",
        ),
        ({"GAIT_DEMO_URL": "https://a.org/gait/"}, "https://a.org/gait/gradio_api/file=/a/result"),
    ],
)
def test_the_picture_of_a_link_has_a_whole_address_where_that_is_known(environment, address):
    assert f'"og:image" content="{address}' in head(Path("/a/result.png"), environment)


def test_a_link_that_asks_for_what_there_is_not_changes_nothing():
    asked = {"seed": "-1", "strength": "9", "colour": "<script>"}
    assert linked(asked) == linked({}) == (None, None, None)


def test_the_place_in_a_crowd_is_told_with_what_it_proves():
    said = place_in_crowd([Rank("GaitBase", 1, 17)], 40)
    assert "| GaitBase | 1 | 17 |" in said
    assert "guessing averages 21 of 41" in said and "does not prove" in said
    assert "long enough" in place_in_crowd([], 40)


def test_a_part_of_too_many_frames_and_a_clock_that_leaps_are_told_before_the_run():
    info = VideoInfo(640, 360, Fraction(240), 9600, 40, False, ("The clock leaps.",))
    inspection = Inspection(info, 40, people=1, frames_read=2)
    assert "The clock leaps. Choose 15.0 s of it, 3600 frames, at most." in describe(
        inspection, 0, 40, Pace()
    )
    assert "at most" not in describe(inspection, 0, 15, Pace())


def test_what_the_page_says_is_hidden_is_what_the_readme_says():
    readme = Path(__file__, "../../../README.md").resolve().read_text()
    shares = re.findall(r"([\d.]+) %", HIDDEN)
    assert len(shares) > 9 and "up to 8 %" in HIDDEN and "0.6 seconds" in HIDDEN
    told = set(re.findall(r"(?<![\d.])[\d.]+(?= %)", readme)) | set(
        re.findall(r"(?<![\d.])([\d.]+) and [\d.]+ %", readme)
    )
    assert set(shares) <= told
