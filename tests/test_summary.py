from fractions import Fraction

import pytest

from gait_demo.types import Look, Rank, VideoInfo
from gait_demo.ui.summary import describe, place_in_crowd, summarise

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
    "weights": [{"name": "yolo", "file": "yolo.safetensors", "source": "checkpoints"}],
}


@pytest.mark.parametrize("clear, who", [(0, "3 walkers were"), (2, "One walker was")])
def test_whoever_stays_in_clear_is_told(clear, who):
    said = summarise(REPORT | {"people_in_clear": clear}, 3)
    assert f"**{who} anonymized** with seed 7" in said
    assert ("2 other people stay recognisable" in said) == bool(clear)


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
    assert f"People are found by: {says}" in summarise(REPORT | {"weights": [used]}, 3)


def test_warnings_and_a_moving_camera_are_told():
    said = summarise(REPORT | {"warnings": ["Person 2 was seldom seen."], "camera": "moving"}, 3)
    assert "\n\nPerson 2 was seldom seen.\n\n" in said and "The camera moves" in said
    assert "The camera moves" not in summarise(REPORT, 3)


def test_the_place_in_a_crowd_is_told_with_what_it_proves():
    said = place_in_crowd([Rank("GaitBase", 1, 17)], 40)
    assert "| GaitBase | 1 of 41 | 17 of 41 |" in said
    assert "21 is what guessing gives" in said and "does not prove" in said
    assert "too short" in place_in_crowd(None, 40)


def test_a_part_of_too_many_frames_and_a_clock_that_leaps_are_told_before_the_run():
    info = VideoInfo(640, 360, Fraction(240), 9600, 40, False, ("The clock leaps.",))
    look = Look(info, 40, people=1, looked=2)
    assert "The clock leaps. Choose 15.0 s of it, 3600 frames, at most." in describe(
        look, 0, 40, None
    )
    assert "at most" not in describe(look, 0, 15, None)
