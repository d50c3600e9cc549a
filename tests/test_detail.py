"""The original's own pixels on the new body: what comes along, and what must not."""

import cv2
import numpy as np
import pytest

from gait_demo.correspondence import correspond
from gait_demo.detail import Look, carry, necks

SIDE = 256  # pixels of a square
SQUARE = np.array([0, 0, SIDE, SIDE], np.float32)
VIEW = (0, 0, SIDE, SIDE)
SHIRT, WALL = (170, 40, 40), (40, 170, 40)


def body(wide: float = 1.0, shift: float = 0.0, size: int = 64, head: float = 0.0) -> np.ndarray:
    """(size, size) float32: a head, a trunk and two legs, soft at the edge."""
    n = 4 * size
    mask = np.zeros((n, n), np.uint8)

    def x(at):
        return round(n * (0.5 + shift + wide * at))

    cv2.circle(mask, (x(0), round((0.08 + head) * n)), round(0.07 * n), 1, -1)
    cv2.rectangle(mask, (x(-0.1), round(0.14 * n)), (x(0.1), round(0.55 * n)), 1, -1)
    for leg in (-0.06, 0.06):
        cv2.rectangle(mask, (x(leg - 0.04), round(0.5 * n)), (x(leg + 0.04), n - 1), 1, -1)
    return cv2.resize(mask.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)


def picture(person: np.ndarray, shirt=SHIRT) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8: a person before a wall."""
    cover = body(size=SIDE)[..., None]
    return np.rint(cover * person + (1 - cover) * np.uint8(WALL)).astype(np.uint8)


def plain() -> np.ndarray:
    return np.full((SIDE, SIDE, 3), SHIRT, np.uint8)


def stripes(period: int) -> np.ndarray:
    rows = (np.arange(SIDE) // (period // 2) % 2 * 120 + 60).astype(np.uint8)
    return np.repeat(np.repeat(rows[:, None, None], SIDE, axis=1), 3, axis=2)


def test_a_silhouette_stays_where_it_is():
    masks = np.stack([body()] * 3)
    assert np.abs(correspond(masks, masks)).max() < 0.2 / 64


@pytest.mark.parametrize(("wide", "shift"), [(1.0, 0.05), (1.3, 0.0), (0.8, -0.03)])
def test_points_of_the_new_silhouette_lead_into_the_old(wide, shift):
    old, new = body(), body(wide, shift)
    field = correspond(old[None], new[None])[0]
    ys, xs = np.nonzero(new > 0.9)
    dx, dy = (cv2.resize(field[..., n], (64, 64))[ys, xs] * 64 for n in (0, 1))
    at = np.float32([xs + dx, ys + dy])
    there = cv2.remap(old, at[0], at[1], cv2.INTER_LINEAR) > 0.5
    assert there.mean() > max(0.93, (old[ys, xs] > 0.5).mean())


def test_the_field_does_not_jump_where_one_silhouette_does():
    old = np.stack([body()] * 9)
    new = old.copy()
    new[4] = body(shift=0.06)
    alone = np.abs(correspond(old[4:5], new[4:5])).max()
    jumps = np.abs(np.diff(correspond(old, new), axis=0)).max()
    assert alone > 1 / 64 and jumps < 0.5 * alone


@pytest.mark.parametrize("behind", [None, WALL, (80, 210, 80)], ids=["unknown", "known", "darker"])
@pytest.mark.parametrize("wide", [0.7, 1.0, 1.6])
def test_neither_background_nor_outline_comes_along(wide, behind):
    known = None if behind is None else np.full((SIDE, SIDE, 3), behind, np.uint8)
    look = Look.of(picture(plain()), known, body(), SQUARE, None)
    field = correspond(body()[None], body(wide)[None])[0]
    seen = carry(look, field, SQUARE, VIEW)
    assert np.abs(seen.astype(int) - SHIRT).max() <= (12 if behind is None else 24)


def test_what_looks_like_the_known_background_is_not_the_person_unless_it_is_deep_inside():
    behind = np.full((SIDE, SIDE, 3), WALL, np.uint8)
    rgb = picture(plain())
    gap, cloth = np.s_[90:120, 142:151], np.s_[50:75, 122:134]
    rgb[gap] = WALL  # between arm and trunk, where 64x64 pixels see none
    rgb[cloth] = WALL
    field = np.zeros((32, 32, 2), np.float32)
    for known, green in ((None, True), (behind, False)):
        seen = carry(Look.of(rgb, known, body(), SQUARE, None), field, SQUARE, VIEW)
        assert (seen[gap][..., 1] > 100).any() == green
        assert (seen[cloth][4:-4, 4:-4, 1] > 150).all()


def test_where_the_background_is_known_more_is_surely_the_person():
    behind = np.full((SIDE, SIDE, 3), WALL, np.uint8)
    rgb, hem = picture(plain()), np.s_[60:110, 102:108]
    rgb[hem] = 255 - np.uint8(SHIRT)
    unlike = [
        np.abs(Look.of(rgb, known, body(), SQUARE, None).rgb[hem].astype(int) - rgb[hem]).mean()
        for known in (behind, None)
    ]
    assert unlike[0] < 0.8 * unlike[1]


@pytest.mark.parametrize("known", [None, np.full((SIDE, SIDE, 3), WALL, np.uint8)])
def test_where_the_silhouette_is_a_pixel_of_64_off_no_pixel_changes_much(known):
    noise = np.random.default_rng(3).integers(0, 255, (SIDE // 4, SIDE // 4, 3), np.uint8)
    rgb = picture(cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))
    here, there = (
        Look.of(rgb, known, body(shift=shift), SQUARE, None).rgb[60:130, 106:150].astype(int)
        for shift in (0, 1 / 64)
    )
    assert np.abs(here - there).max() < 120


def test_detail_finer_than_64_pixels_is_kept_but_for_the_head():
    line = float(necks(body()[None], SQUARE[None])[0])
    assert 0.18 * SIDE < line < 0.24 * SIDE
    rgb = picture(stripes(4))  # as high as a pixel of 64
    field = correspond(body()[None], body(1.2)[None])[0]
    trunk, head = np.s_[80:130, 112:144], np.s_[10:40, 122:134]
    for neck, shown in ((line, False), (None, True)):
        seen = carry(Look.of(rgb, None, body(), SQUARE, neck), field, SQUARE, VIEW)
        assert seen[trunk].std() > 0.8 * rgb[trunk].std()
        assert (seen[head].std() > 0.5 * rgb[head].std()) == shown
        assert shown or seen[head].std() < 6


def test_a_head_shows_no_steps_of_64_pixels_and_squeezed_no_finer_ones():
    line = float(necks(body()[None], SQUARE[None])[0])
    rgb = picture(stripes(8).transpose(1, 0, 2))  # two pixels of 64 wide
    look = Look.of(rgb, None, body(), SQUARE, line)
    across = (np.arange(32, dtype=np.float32) + 0.5) / 32 - 0.5
    field = np.zeros((32, 32, 2), np.float32)
    field[..., 0] = across  # everything comes from twice as far off the middle
    head, trunk = np.s_[14:40, 122:134], np.s_[80:130, 118:138]
    seen = carry(look, field, SQUARE, VIEW)
    steps = [np.abs(np.diff(part[..., 0].astype(int), axis=1)).mean()
             for part in (look.rgb[head], seen[trunk], seen[head])]  # fmt: skip
    assert steps[1] > 20 > 10 > max(steps[0], steps[2])


def test_two_heads_that_64_pixels_do_not_tell_apart_look_the_same():
    line = float(necks(body()[None], SQUARE[None])[0])
    first, second, head = stripes(4), 240 - stripes(4), np.s_[24:40, 122:134]
    assert np.abs(first.astype(int) - second).min() == 120
    seen = [
        Look.of(picture(person), None, body(), SQUARE, line).rgb[head].astype(int)
        for person in (first, second)
    ]
    assert np.abs(seen[0] - seen[1]).max() <= 12


def test_whom_the_picture_cuts_has_as_large_a_head():
    masks = np.repeat(body()[None], 30, axis=0)
    whole = necks(masks, np.repeat(SQUARE[None], 30, axis=0))
    masks[:, 30:] = 0
    assert (necks(masks, np.repeat(SQUARE[None], 30, axis=0)) >= whole).all()


def test_who_lifts_the_arms_has_the_head_farther_down():
    masks = np.stack([body()] * 30)
    masks[:, :16] = 0
    masks[:, 14:] = cv2.resize(body(), (64, 50), interpolation=cv2.INTER_AREA)
    usual = necks(masks, np.repeat(SQUARE[None], 30, axis=0))
    masks[10:13, :14, 20:24] = 1
    lifted = necks(masks, np.repeat(SQUARE[None], 30, axis=0))
    assert np.allclose(usual, usual[0]) and (lifted > usual - 1).all()


def test_nothing_surely_of_the_person_gives_no_look():
    empty = np.zeros((64, 64), np.float32)
    assert Look.of(picture(plain()), None, empty, SQUARE, None) is None


@pytest.mark.parametrize("square", [[-50, -10, 90, 130], [180, 60, 320, 200]])
def test_squares_over_the_border(square):
    square = np.float32(square)
    rgb = np.full((180, 256, 3), SHIRT, np.uint8)
    look = Look.of(rgb, None, body(), square, 40.0)
    seen = carry(look, np.zeros((32, 32, 2), np.float32), square, (0, 0, 256, 180))
    assert seen.shape == (180, 256, 3) and np.abs(seen.astype(int) - SHIRT).max() <= 2
