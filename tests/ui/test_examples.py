"""The clips that the page shows, with results that are there already."""

from pathlib import Path

import pytest

from gait_demo.ui.examples import TITLES, clips, inspection_of, stored
from gait_demo.video import probe

ASSETS = Path(__file__).resolve().parents[2] / "assets"


@pytest.mark.parametrize("clip", clips(ASSETS), ids=TITLES)
def test_every_example_has_a_result_of_all_its_frames(clip):
    result, info = stored(clip), probe(clip)
    assert result.original == clip and result.report["frames_in"] == info.frames
    for video in (result.binary, result.colorized):
        made = probe(video)
        assert (made.frames, made.width, made.height) == (info.frames, info.width, info.height)
    assert inspection_of(clip).people == (2 if clip.stem == "pair_090" else 1)
    assert not (result.binary.parent / "original.mp4").exists()


def test_a_clip_without_a_result_has_none(tmp_path):
    assert stored(tmp_path / "walk.mp4") is None and inspection_of(tmp_path / "walk.mp4") is None
