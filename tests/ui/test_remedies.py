"""Every error that another run mends has a button that runs so."""

from fractions import Fraction

import pytest

from gait_demo.errors import (
    EngineError,
    NoPersonError,
    NotStartedError,
    VideoError,
    WeightsError,
)
from gait_demo.types import Inspection, VideoInfo
from gait_demo.ui.options import Settings
from gait_demo.ui.remedies import remedy

LONG = Inspection(VideoInfo(640, 360, Fraction(25), 2500, 100, False), 100, people=2, frames_read=5)
FAST = Inspection(VideoInfo(640, 360, Fraction(240), 9600, 40, False), 40, people=2, frames_read=5)


@pytest.mark.parametrize(
    "error, inspection, settings, label, changed",
    [
        (VideoError("too long"), LONG, Settings(3, 100), "Trim to 3-63 s", (3, 63)),
        (VideoError("too long"), FAST, Settings(0, 40), "Trim to 0-15 s", (0, 15)),
        (VideoError("nothing left"), LONG, Settings(9, 9), "Use 0-60 s", (0, 60)),
        (NoPersonError("nobody"), LONG, Settings(0, 2), "Use 0-60 s", (0, 60)),
        (NoPersonError("no person 5"), LONG, Settings(0, 9, who=5), "Hide everyone", (0, 9)),
        (EngineError("took long"), LONG, Settings(0, 40), "Try a shorter part: 0-20 s", (0, 20)),
        (NotStartedError("no memory"), LONG, Settings(0, 40), "Try again", (0, 40)),
        (EngineError("broke"), LONG, Settings(0, 4), "Try again", (0, 4)),
        (OSError("disk"), LONG, Settings(0, 4), "Try again", (0, 4)),
    ],
)
def test_a_button_mends_what_can_be_mended(error, inspection, settings, label, changed):
    offered = remedy(error, inspection, settings)
    assert offered.label.startswith(label)
    assert (offered.settings.start_s, offered.settings.end_s) == changed
    assert offered.settings.who == 0


def test_a_network_that_cannot_be_had_is_replaced_by_the_usual_one():
    offered = remedy(WeightsError("none"), LONG, Settings(0, 9, anonymizer="stgan"))
    assert offered.settings == Settings(0, 9)


@pytest.mark.parametrize("error", [VideoError("no video"), NoPersonError("nobody")])
def test_what_only_another_video_mends_has_no_button(error):
    assert remedy(error, LONG, Settings(0, 60)) is None
