from dataclasses import replace

import numpy as np

from gait_demo.pipeline.analysis import Person
from gait_demo.pipeline.coverage import coverage, warning
from gait_demo.structures import SilhouetteClip, Track


def person(lost, poor=(), frames=20, first=100):
    masks = np.zeros((frames, 64, 64), np.float32)
    masks[:, 4:60, 26:38] = 1
    masks[list(poor), 30:36] = 0  # in two pieces
    masks[list(lost)] = 0
    xyxy = np.tile(np.array([[0, 0, 40, 100]], np.float32), (frames, 1))
    found = ~np.isin(np.arange(frames), lost)
    track = Track(3, first, xyxy, found, np.where(found, 0, -1).astype(np.int32))
    return Person.of(track, SilhouetteClip(3, first, masks, xyxy))


def test_lost_stretches_and_poor_silhouettes_are_listed():
    told = coverage(person(lost=[0, 1, 7, 19], poor=[4, 5, 7]))
    assert told["lost"] == [[100, 101], [107, 107], [119, 119]]
    assert told["poor"] == 2  # in frame 7 there is none at all
    assert told["coverage"] == 0.8 and told["found_by"] == "detector"
    assert (told["person"], told["first_frame"], told["frames"]) == (3, 100, 20)


def test_who_is_seen_too_seldom_is_told():
    assert warning(person(lost=range(4))) is None
    assert "Person 3 was seen in only 75% of the frames" in warning(person(lost=range(5)))


def test_foreground_of_the_usual_size_carries_a_track():
    whole = person(lost=[])
    found = whole.track.found.copy()
    found[[3, 4, 9]] = False
    masks = whole.silhouettes.masks.copy()
    masks[9, 34:] = 0  # only the upper half stands out
    seen = replace(whole.silhouettes, masks=masks)
    assert np.flatnonzero(Person.of(replace(whole.track, found=found), seen).held).tolist() == [9]
