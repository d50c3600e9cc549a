import numpy as np
import pytest
import scenes
from test_tracks import packed, seen

from gait_demo.background.foreground import ForegroundClip
from gait_demo.bridging import bridge, find_gaps

FRAMES = 60
WITHHELD = range(22, 38)


@pytest.fixture(scope="module")
def walker():
    return scenes.walk(frames=FRAMES, paths=((60, 260),))


def nothing_known(shape):
    return ForegroundClip(shape, 1.0, is_known=False)


def images(frames):
    return lambda: (frame.rgb for frame in frames)


def withheld(masks, gone=WITHHELD, every=1):
    """Sightings without those of some frames, and the way of the first person."""
    sightings = seen(masks, every=every, misses=[(0, t) for t in gone])
    way = {t: 0 for t, look in enumerate(sightings.frames) if look and t not in gone}
    return sightings, way


def bridged(sightings, way, truth, frames):
    """IoU with the truth of what the way shows in each of the frames."""
    masks = [sightings.mask(sightings.frames[t][way[t]]) for t in frames]
    return [scenes.iou(mask, truth[t]) for mask, t in zip(masks, frames, strict=True)]


@pytest.mark.parametrize("known", [True, False])
def test_a_walker_is_bridged_through_a_stretch_without_detections(walker, known):
    frames, _, masks = walker
    sightings, way = withheld(masks)
    foreground = packed(masks[0]) if known else nothing_known(masks.shape[2:])
    bridge(sightings, [way], [way], foreground, scenes.FPS, images(frames))
    ious = bridged(sightings, way, masks[0], WITHHELD)
    assert min(ious) > 0.75 and np.mean(ious) > 0.85


def test_an_outline_that_is_not_sure_is_replaced(walker):
    frames, _, masks = walker
    wrong = masks.copy()
    wrong[0, 30, :, 180:260] |= np.uint8(scenes.figure((180, 320), 230, 165, 110, 0))[:, 180:260]
    sightings, way = withheld(wrong, gone=())
    assert scenes.iou(wrong[0, 30], masks[0, 30]) < 0.6
    bridge(sightings, [way], [way], packed(masks[0]), scenes.FPS, images(frames))
    assert bridged(sightings, way, masks[0], [30])[0] > 0.85


def test_who_is_gone_is_not_bridged(walker):
    frames, scene, masks = walker
    left = [f if f.index < 30 else type(f)(f.index, f.time, scene) for f in frames]
    sightings, way = withheld(masks, gone=range(30, FRAMES))
    foreground = nothing_known(masks.shape[2:])
    bridge(sightings, [way], [way], foreground, scenes.FPS, images(left))
    assert max(way) < 32


def test_nobody_is_bridged_far(walker):
    _, _, masks = walker
    sightings, way = withheld(masks, gone=range(10, FRAMES))
    (gap,) = find_gaps(sightings, way, fps=10)
    assert gap.before == 9 and gap.after is None and gap.looks == tuple(range(10, 25))


def test_frames_are_read_only_if_somebody_must_be_bridged(walker):
    _, _, masks = walker
    sightings, way = withheld(masks, gone=())

    def unread():
        raise AssertionError("the clip was read again")

    bridge(sightings, [way], [way], packed(masks[0]), scenes.FPS, unread)
    assert len(way) == FRAMES


@pytest.mark.parametrize("gone", [range(8), range(52, 60)])
def test_a_walker_is_bridged_to_the_ends_of_the_clip(walker, gone):
    frames, _, masks = walker
    sightings, way = withheld(masks, gone=gone)
    foreground = nothing_known(masks.shape[2:])
    bridge(sightings, [way], [way], foreground, scenes.FPS, images(frames))
    assert set(gone) <= set(way) and min(bridged(sightings, way, masks[0], gone)) > 0.75
