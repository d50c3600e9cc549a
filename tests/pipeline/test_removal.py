"""What goes of a frame with a person: bag and shadow as well, other people and far things not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import scenes
from drawn import SHAPE, YELLOW, Figure, Scene

from gait_demo.background.plate import NoPlate
from gait_demo.people.person import Person
from gait_demo.people.tracking import Tracklet
from gait_demo.pipeline.removal import Remover

COUNT, FPS = 60, 25
WALKER = Figure.walking(60, 260, COUNT)


def person(scene, number, seen=range(COUNT)):
    figure = scene.figures[number]
    found = {n: figure.detection(n, scene.mask(number, n)) for n in seen}
    return Person.of(Tracklet(found), SHAPE, (0, COUNT), FPS)


def gone(scene, index, people=None, plate=None, drawn=(1,)):
    """(H, W) bool, what goes of a frame with each person."""
    people = people or [person(scene, n) for n in range(len(scene.figures))]
    plate = plate or scenes.learned(scene.frames)
    masks = []
    for one in Remover(people, SHAPE, drawn).at(index, scene.frames[index].rgb, plate):
        mask = np.zeros(SHAPE, bool)
        if one is not None:
            h, w = one.shape
            mask[one.y : one.y + h, one.x : one.x + w] = one.mask > 0
        masks.append(mask)
    return masks


def bag(index):
    """(H, W) bool: hangs on the walker's hip."""
    mask = np.zeros(SHAPE, np.uint8)
    x = round(WALKER.middles[index])
    cv2.rectangle(mask, (x + 4, 105), (x + 24, 130), 1, -1)
    return mask > 0


def shadow(index):
    """(H, W) bool: on the floor, behind the walker's feet."""
    mask = np.zeros(SHAPE, np.uint8)
    x = round(WALKER.middles[index])
    cv2.ellipse(mask, (x - 18, 165), (32, 9), 0, 0, 360, 1, -1)
    return (mask > 0) & (WALKER.mask(index, SHAPE) == 0)


def test_a_person_goes_with_a_narrow_rim():
    scene = Scene((WALKER,))
    (mask,) = gone(scene, 30)
    truth = scene.mask(0, 30)
    assert mask[truth > 0].all()
    assert not mask[cv2.dilate(truth, np.ones((21, 21), np.uint8)) == 0].any()


def test_a_bag_goes_with_its_bearer():
    def paint(index, rgb):
        return np.where(bag(index)[..., None], (240, 120, 20), rgb).astype(np.uint8)

    (mask,) = gone(Scene((WALKER,), paint=paint), 30)
    assert mask[bag(30)].mean() > 0.97


def test_only_the_head_goes_of_who_keeps_the_pose():
    scene = Scene((WALKER,))
    one = person(scene, 0)
    kept = replace(one, keeps_pose=np.ones(len(one.track), bool))
    (mask,) = gone(scene, 30, [kept])
    body, rows = scene.mask(0, 30) > 0, np.arange(SHAPE[0])[:, None]
    _, y, radius = one.heads[one.position(30)]
    assert mask[body & (rows < y + radius / 2)].all()
    assert not mask[round(y + radius) :].any()
    (whole,) = gone(scene, 30, [kept], drawn=())  # who is not drawn again
    assert whole[body].all()
    hidden = person(scene, 0, [n for n in range(COUNT) if n not in range(28, 34)])
    hidden = replace(hidden, keeps_pose=np.ones(len(hidden.track), bool))
    (whole,) = gone(scene, 30, [hidden])  # whose place is a guess
    assert whole[body].mean() > 0.97


def test_a_shadow_goes_with_who_casts_it():
    def paint(index, rgb):
        dark = cv2.GaussianBlur(shadow(index).astype(np.float32), (0, 0), 1.5)
        return (rgb * (1 - 0.4 * dark[..., None])).astype(np.uint8)

    (mask,) = gone(Scene((WALKER,), paint=paint), 30)
    core = cv2.erode(shadow(30).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert mask[core].mean() > 0.9


def gone_of_long_shadow(broad, strip=3):
    """The share that goes of a shadow 132 pixels long, with a strip that is too faint."""
    walker = Figure.walking(-60, 380, COUNT)  # fast: nowhere is a shadow for half of the time

    def cast(index):
        mask = np.zeros(SHAPE, np.uint8)
        x = round(walker.middles[index])
        cv2.ellipse(mask, (x - 60, 166), (66, broad), 0, 0, 360, 1, -1)
        mask[:, x - 74 : x - 74 + strip] = 0
        return mask

    def paint(index, rgb):
        dark = cv2.GaussianBlur(cast(index).astype(np.float32), (0, 0), 1.5)
        return (rgb * (1 - 0.4 * dark[..., None])).astype(np.uint8)

    scene = Scene((walker,), paint=paint)
    one = person(scene, 0, [n for n in range(COUNT) if scene.mask(0, n).any()])
    (mask,) = gone(scene, 40, [one])
    core = cv2.erode(cast(40), np.ones((5, 5), np.uint8)) > 0
    return mask[core].mean()


def test_a_long_shadow_goes_as_a_whole_although_a_strip_of_it_is_too_faint():
    assert gone_of_long_shadow(9) > 0.9


def test_of_a_shadow_that_is_too_large_for_the_person_goes_what_is_near():
    assert gone_of_long_shadow(28, strip=0) > 0.6


def test_nothing_goes_that_is_farther_than_its_reach():
    """A pole over the shoulder, longer than the person."""

    walker = Figure.walking(-60, 380, COUNT)  # fast: the pole is nowhere for half of the time

    def paint(index, rgb):
        y = round(165 - 0.75 * 110)
        rgb = rgb.copy()
        x = round(walker.middles[index])
        rgb[y - 3 : y + 3, max(0, x - 60) : max(0, x + 60)] = (250, 40, 40)
        return rgb

    scene = Scene((walker,), paint=paint)
    one = person(scene, 0, [n for n in range(COUNT) if scene.mask(0, n).any()])
    (mask,) = gone(scene, 30, [one])
    box = one.box(30)
    xs = np.flatnonzero(mask.any(axis=0))
    reach = 0.3 * (box[3] - box[1])
    assert box[0] - reach - 2 <= xs.min() < box[0] - 20
    assert box[2] + 20 < xs.max() <= box[2] + reach + 2


def test_something_that_moves_elsewhere_stays():
    def paint(index, rgb):
        rgb = rgb.copy()
        x = 300 - 4 * index
        rgb[20:36, max(0, x) : max(0, x + 30)] = (250, 40, 40)
        return rgb

    (mask,) = gone(Scene((WALKER,), paint=paint), 30)
    assert not mask[:40].any()


@pytest.mark.parametrize("apart", [24, 60])
def test_another_persons_pixels_do_not_go(apart):
    scene = Scene((WALKER, Figure.walking(60 + apart, 260 + apart, COUNT, colour=YELLOW)))
    masks = gone(scene, 25)
    for number in (0, 1):
        truth, other = (scene.mask(n, 25) > 0 for n in (number, 1 - number))
        assert masks[number][truth].all()
        core = cv2.erode(other.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        assert core.sum() > 100 and masks[number][core].mean() < 0.03


def test_remover_takes_only_what_stands_out_before_a_person_is_seen():
    there = Scene((WALKER,))
    mask = gone(there, 20, [person(there, 0, range(30, 50))])[0]
    assert mask[there.mask(0, 20) > 0].mean() > 0.7
    way = WALKER.middles.copy()
    way[:30] = np.nan
    absent = Scene((Figure(way),))
    one = person(absent, 0, range(30, 50))
    assert one.extrapolated[one.position(20)] and not gone(absent, 20, [one])[0].any()


def test_who_is_not_there_takes_nothing_away():
    scene = Scene((WALKER,))
    one = person(scene, 0, range(35, 40))
    plate = scenes.learned(scene.frames)
    assert not gone(scene, 5, [one], plate)[0].any()
    assert gone(scene, 30, [one], plate)[0].any()


def test_where_a_person_is_lost_more_goes():
    scene = Scene((WALKER,))
    unknown = NoPlate(SHAPE)
    one = person(scene, 0, [n for n in range(COUNT) if not 20 <= n < 45])
    assert one.lost[32]
    (lost,), (seen,) = (gone(scene, n, [one], unknown) for n in (32, 10))
    assert lost.sum() > 1.3 * seen.sum()


def test_a_foot_at_the_border_goes_before_its_owner_is_seen():
    """The matte of the first frame that shows them, moved back, lies beyond the picture."""
    scene = Scene((Figure.walking(-20, 100, COUNT),))
    shown = [n for n in range(COUNT) if scene.mask(0, n).sum() > 1000]
    one = person(scene, 0, shown)
    early = [n for n in range(shown[0]) if scene.mask(0, n).any() and one.position(n) is not None]
    assert len(early) > 3
    plate = scenes.learned(scene.frames)
    for index in early:
        truth = scene.mask(0, index) > 0
        assert gone(scene, index, [one], plate)[0][truth].mean() > 0.9, index


def test_a_shadow_on_the_wall_goes_with_the_person_beside_it():
    def cast(index):
        mask = np.zeros(SHAPE, np.uint8)
        x = round(WALKER.middles[index]) + 34
        cv2.ellipse(mask, (x, 110), (9, 45), 0, 0, 360, 1, -1)
        return mask

    def paint(index, rgb):
        dark = cv2.GaussianBlur(cast(index).astype(np.float32), (0, 0), 1.5)
        return (rgb * (1 - 0.4 * dark[..., None])).astype(np.uint8)

    (mask,) = gone(Scene((WALKER,), paint=paint), 30)
    core = cv2.erode(cast(30), np.ones((5, 5), np.uint8)) > 0
    assert mask[core].mean() > 0.9


def test_without_a_plate_the_matte_goes():
    scene = Scene((WALKER,))
    (mask,) = gone(scene, 30, plate=NoPlate(SHAPE))
    assert mask[scene.mask(0, 30) > 0].all()
