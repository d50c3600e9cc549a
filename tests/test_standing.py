import dataclasses

import numpy as np
import pytest
import scenes
from gait_demo.pipeline.standing import refuse_standing, without_ghosts
from gait_demo.sightings import Sightings
from gait_demo.tracks import follow_people

from gait_demo.background.foreground import ForegroundClip
from gait_demo.background.learning import build_plate
from gait_demo.errors import NoPersonError
from gait_demo.people.yolo import Detections
from gait_demo.structures import Track


def test_who_stands_is_painted_over_in_the_plate_and_who_walks_is_not():
    frames, _, masks = scenes.walk(paths=((160, 160), (40, 280)), tall=110)
    plate = build_plate(iter(frames))
    there = masks[0].all(axis=0)
    assert np.abs(plate.rgb[there].astype(int) - frames[0].rgb[there]).mean() < 4  # the ghost
    foreground, sightings = ForegroundClip(there.shape, 1.0), Sightings(there.shape, 1.0)
    for frame, mask in zip(frames, masks.swapaxes(0, 1), strict=True):
        boxes = []
        for one in mask:
            ys, xs = np.nonzero(one)
            boxes.append([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        seen = Detections(np.float32(boxes), np.full(2, 0.9, np.float32), mask)
        foreground.append(plate.foreground(frame))
        sightings.append(seen, foreground[frame.index])
    tracks = follow_people(sightings, foreground, scenes.FPS)
    suspects = np.stack([masks[0, 0], masks[1, 5]])
    mended = without_ghosts(plate, suspects, foreground, sightings, tracks)
    assert np.abs(mended.rgb[there].astype(int) - frames[0].rgb[there]).mean() > 15
    walked = masks[1, 5] > 0
    assert np.array_equal(mended.rgb[walked], plate.rgb[walked])
    nobody = np.zeros((0, *there.shape), np.uint8)
    assert without_ghosts(plate, nobody, foreground, sightings, []) is plate
    # who was there all the time is behind nothing, whatever the detector makes of the plate
    mended = without_ghosts(plate, nobody, foreground, sightings, tracks)
    assert np.abs(mended.rgb[there].astype(int) - frames[0].rgb[there]).mean() > 15


def test_what_stands_where_a_walk_ends_is_refused_unless_the_detector_follows_it():
    foreground = ForegroundClip((120, 200), 1.0)
    for _ in range(60):
        mask = np.zeros((120, 200), np.uint8)
        mask[20:100, 100:130] = 1
        foreground.append(mask)
    left = np.linspace(20, 100, 30, dtype=np.float32)
    xyxy = np.stack([left, np.full(30, 20), left + 30, np.full(30, 100)], axis=1)
    walker = Track(1, 10, xyxy.astype(np.float32), np.ones(30, bool))
    with pytest.raises(NoPersonError, match="From 1.6 s on"):
        refuse_standing(foreground, [walker], 25, 200)
    stands = Track(2, 0, np.tile(np.float32([95, 15, 135, 105]), (60, 1)), np.ones(60, bool))
    seen = dataclasses.replace(stands, sightings=np.zeros(60, np.int32))
    refuse_standing(foreground, [walker, seen], 25, 200)
    short = {name: getattr(seen, name)[:10] for name in ("xyxy", "found", "sightings")}
    passes = dataclasses.replace(seen, first_frame=20, **short)
    with pytest.raises(NoPersonError, match="From 1.6 s on"):
        refuse_standing(foreground, [walker, passes], 25, 200)
    elsewhere = dataclasses.replace(seen, xyxy=seen.xyxy + np.float32([60, 0, 60, 0]))
    with pytest.raises(NoPersonError, match="From 1.6 s on"):
        refuse_standing(foreground, [walker, elsewhere], 25, 200)
