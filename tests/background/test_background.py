import cv2
import numpy as np
import pytest
import scenes

from gait_demo.background.filling import grain_matched, light_matched
from gait_demo.background.foreground import channel_gains
from gait_demo.background.learning import BackgroundLearner
from gait_demo.background.neighbours import free_places
from gait_demo.background.plate import NoPlate, Plate
from gait_demo.background.registration import steadied
from gait_demo.errors import VideoError
from gait_demo.types import Frame


def mean_iou(frames, masks, plate):
    return np.mean([
        scenes.iou(plate.differences(frame.rgb, frame.index)[0], mask)
        for frame, mask in zip(frames, masks, strict=True)
        if mask.sum() > 800
    ])  # fmt: skip


def test_a_crossing_leaves_the_true_background():
    frames, scene, masks = scenes.walk()
    plate = scenes.learned(frames)
    assert np.abs(plate.rgb.astype(int) - scene).max() <= 8
    assert not plate.unseen.any()
    assert mean_iou(frames, masks[0], plate) > 0.85


def test_a_person_who_covers_a_place_most_of_the_time_is_not_in_the_plate():
    frames, _, masks = scenes.walk(frames=60, paths=((140, 178),))
    share = masks[0].mean(axis=0)
    often = (share > 0.55) & (share < 0.8)
    assert often.any()
    plate = scenes.learned(frames, lambda index: 255 * masks[0, index])
    person = np.abs(plate.rgb.astype(int) - (25, 30, 110)).max(axis=2) < 25
    assert person[often].mean() < 0.05


def test_flicker_of_brightness_is_no_foreground():
    frames, _, masks = scenes.walk()
    gains = 1 + 0.12 * np.sin(np.arange(len(frames)))
    flicker = scenes.changed(frames, lambda t, rgb: np.clip(rgb * gains[t], 0, 255).astype("uint8"))
    assert mean_iou(flicker, masks[0], scenes.learned(flicker)) > 0.8


def lit(frames, light):
    """The frames under a light that is given for each."""
    return scenes.changed(frames, lambda t, rgb: under(rgb, light[t]))


def under(rgb, light):
    return np.clip(np.rint(rgb * light), 0, 255).astype(np.uint8)


LIGHTS = {
    "exposure steps down": np.where(np.arange(60) < 30, 1, 0.5),
    "exposure steps up": np.where(np.arange(60) < 30, 0.5, 1),
    "fade in": np.minimum(1, np.arange(60) / 20),
    "fade out": np.minimum(1, np.arange(60)[::-1] / 20),
    "flash": np.where(np.arange(60) == 30, 1.8, 1),
    "overexposed flash": np.where(np.arange(60) // 2 == 15, 3, 1),
    "dark": np.full(60, 0.1),
}


@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
def test_what_is_behind_a_person_is_shown_in_the_light_of_the_frame(light):
    frames, scene, masks = scenes.walk()
    plate = scenes.learned(lit(frames, light), lambda index: 255 * masks[0, index])
    for index in (5, 20, 29, 30, 31, 45, 54):
        now = under(frames[index].rgb, light[index])
        mask = 255 * cv2.dilate(masks[0, index], np.ones((5, 5), np.uint8))
        behind = light_matched(plate.crop(index, 0, 0, 320, 180), now, mask)
        off = np.abs(behind.astype(int) - under(scene, light[index]))[mask > 0]
        assert np.quantile(off, 0.95) < 15, index


@pytest.mark.parametrize("deviation", [0, 1, 3, 6])
def test_what_is_behind_a_person_has_the_grain_of_the_frame(deviation):
    plate = scenes.background(240, 320)
    noise = np.random.default_rng(0).normal(0, deviation, (240, 320, 1))
    frame = np.clip(plate + noise, 0, 255).round().astype(np.uint8)
    mask = np.zeros((240, 320), np.uint8)
    mask[40:220, 120:200] = 255
    frame[mask > 0] = 20
    shown = grain_matched(plate, frame, mask, 5)
    inside, around = (
        (image.astype(float) - plate)[where].std()
        for image, where in ((shown, mask > 0), (frame, mask == 0))
    )
    if deviation <= 1:
        assert np.array_equal(shown, plate)
    else:
        assert 0.85 < inside / around < 1.15
    assert np.array_equal(shown, grain_matched(plate, frame, mask, 5))
    everywhere = np.full_like(mask, 255)
    assert np.array_equal(grain_matched(plate, frame, everywhere, 5), plate)


def test_a_dark_channel_tells_no_light_and_most_of_the_picture_must_agree():
    scene = scenes.background()
    dark = under(scene, (1, 1, 0.05))
    assert channel_gains(under(scene, (0.8, 0.9, 0.2)), dark) == pytest.approx((0.8, 0.9, 1), 0.02)
    other = scenes.background(seed=3)
    assert channel_gains(under(other, 0.5), scene) == pytest.approx((1, 1, 1))
    near = scene.copy()
    near[:, :130] = 10  # somebody in black, close to the camera
    assert channel_gains(near, scene) == pytest.approx((1, 1, 1), 0.02)


def shaken(t, image, flags=cv2.INTER_LINEAR):
    move = np.float32([[1, 0, 4 * np.sin(0.9 * t)], [0, 1, 3 * np.cos(0.7 * t)]])
    return cv2.warpAffine(image, move, image.shape[1::-1], flags=flags,
                          borderMode=cv2.BORDER_REFLECT)  # fmt: skip


def test_a_shaking_camera_is_registered():
    frames, _, masks = scenes.walk()
    frames = scenes.changed(frames, shaken)
    masks = [shaken(t, mask, cv2.INTER_NEAREST) for t, mask in enumerate(masks[0])]
    plate = scenes.learned(frames)
    moves = np.array([[4 * np.sin(0.9 * t), 3 * np.cos(0.7 * t)] for t in range(len(frames))])
    centre = np.float32([[[160, 90]]])
    first = cv2.perspectiveTransform(centre, np.linalg.inv(plate.transforms[0]))
    seen = np.array([cv2.perspectiveTransform(first, m)[0, 0] for m in plate.transforms])
    assert np.abs((seen - seen[0]) - (moves - moves[0])).max() < 0.7
    assert mean_iou(frames, masks, plate) > 0.75


def test_a_panning_camera_has_no_plate():
    wide = scenes.background(180, 900)
    frames, _, _ = scenes.walk()
    pan = scenes.changed(frames, lambda t, rgb: wide[:, 6 * t : 6 * t + 320].copy())
    plate = scenes.learned(pan)
    assert isinstance(plate, NoPlate) and plate.frame_shape == (180, 320)
    assert not np.any(plate.differences(pan[0].rgb, 0)) and plate.crop(0, 0, 0, 10, 10) is None


def test_a_cut_in_a_moving_film_is_not_followed():
    wide = scenes.background(180, 900)
    frames, _, _ = scenes.walk(frames=90)
    places = [3 * t + (200 if t >= 50 else 0) for t in range(90)]
    plate = scenes.learned(
        scenes.changed(frames, lambda t, _: wide[:, places[t] : places[t] + 320].copy())
    )
    for motion, place in zip(plate.motions, places, strict=True):
        assert np.isnan(motion).all() or abs(motion[0, 2] + place) < 3
    assert np.isnan(plate.motions).all(axis=(1, 2)).sum() < 60


@pytest.mark.parametrize("x", [np.nan, np.inf, 1e10, 1e6])
def test_where_an_odd_box_may_be_nothing_is_free(x):
    people = [np.array([[x, 20, x, 160]]), np.array([[-1e12, 20, x, 160]])]
    motions = np.tile(np.eye(3), (2, 1, 1))
    assert not free_places(0, motions, people, 25, (180, 320), 1.0).any()


def test_people_who_stand_still_do_not_become_background():
    frames, _, masks = scenes.walk(paths=((160, 160), (40, 280)))
    plate = scenes.learned(frames, lambda index: 255 * masks[0, index])
    standing = [scenes.iou(plate.differences(frame.rgb, frame.index)[0], mask)
                for frame, mask in zip(frames, masks.max(axis=0), strict=True)]  # fmt: skip
    assert np.mean(standing) > 0.7
    there = masks[0].any(axis=0)
    assert plate.unseen[masks[0].all(axis=0)].all()
    assert np.abs(plate.rgb[there].astype(int) - frames[0].rgb[there]).mean() > 15


def test_the_mask_of_people_is_asked_for_by_the_number_in_the_clip():
    """Of a shot that does not begin the clip."""
    frames, scene, masks = scenes.walk(paths=((160, 160), (40, 280)))
    shot = [Frame(frame.index + 500, frame.time, frame.rgb) for frame in frames]
    plate = scenes.learned(shot, lambda index: 255 * masks[0, index - 500])
    assert plate.first_frame == 500 and len(plate.transforms) == len(frames)
    assert plate.unseen[masks[0].all(axis=0)].all()
    assert np.array_equal(plate.crop(530, 10, 20, 30, 40), plate.rgb[20:60, 10:40])


def test_a_cast_shadow_is_not_foreground():
    frames, _, masks = scenes.walk()
    ground = np.zeros_like(masks[0])
    for t, mask in enumerate(ground):
        cv2.ellipse(mask, (round(-70 + 380 * t / 59), 163), (45, 12), 0, 0, 360, 1, -1)
    ground &= ~masks[0] & 1

    def darken(t, rgb):
        soft = 1 - 0.35 * cv2.GaussianBlur(ground[t].astype(np.float32), (0, 0), 3)
        dark = (rgb * soft[..., None]).astype(np.uint8)
        return np.where(masks[0][t][..., None] > 0, rgb, dark)

    frames = scenes.changed(frames, darken)
    plate = scenes.learned(frames)
    part = [
        plate.differences(frame.rgb, frame.index)[0][shadow > 0].mean()
        for frame, shadow in zip(frames, ground, strict=True)
        if shadow.sum() > 800
    ]
    assert np.mean(part) < 0.3
    assert mean_iou(frames, masks[0], plate) > 0.7
    for t, frame in enumerate(frames):
        shadow = plate.differences(frame.rgb, frame.index)[1] > 0
        core = cv2.erode(ground[t], np.ones((5, 5), np.uint8)) > 0
        wide = cv2.dilate(ground[t] | masks[0][t], np.ones((15, 15), np.uint8)) > 0
        assert core.sum() < 800 or shadow[core].mean() > 0.8
        assert (shadow & ~wide).sum() < 0.002 * shadow.size


def test_a_shadow_that_lies_on_a_place_most_of_the_time_is_not_in_the_plate():
    """As of somebody who comes towards the camera."""
    frames, scene, masks = scenes.walk(frames=60, paths=((190, 280),))
    cast = np.zeros((len(frames), *scene.shape[:2]), np.float32)
    for t, here in enumerate(cast):
        cv2.ellipse(here, (round(85 + 90 * t / 59), 158), (70, 14), 0, 0, 360, 1, -1)
        cv2.GaussianBlur(here, (0, 0), 3, here)
    cast *= masks[0] == 0
    frames = scenes.changed(
        frames, lambda t, rgb: (rgb * (1 - 0.3 * cast[t, ..., None])).astype(np.uint8)
    )
    often = (cast > 0.8).mean(axis=0)
    mostly = (often > 0.55) & (often < 0.75)
    assert mostly.sum() > 500
    plate = scenes.learned(frames, lambda index: 255 * masks[0, index])
    ratio = plate.rgb.sum(axis=2) / scene.sum(axis=2)
    assert np.mean(ratio[mostly] < 0.85) < 0.1
    found = [
        plate.differences(frame.rgb, frame.index)[1][mostly & (here > 0.8)].mean()
        for frame, here in zip(frames, cast, strict=True)
    ]
    assert np.nanmean(found) > 0.8


def test_no_frames():
    with pytest.raises(VideoError, match="no frames"):
        BackgroundLearner().finish()


def test_a_frame_that_did_not_move_fills_a_canvas_larger_than_itself():
    """As where the camera only pans away from the first frame."""
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    brought = steadied(image, np.eye(3), (5, 6), cv2.BORDER_CONSTANT)
    assert brought.shape == (5, 6) and (brought[:3, :4] == image).all() and brought.sum() == 66


def test_foreground_of_a_frame_that_did_not_move_is_found_on_a_plate_larger_than_itself():
    place, mask = scenes.background(184, 326), scenes.figure((180, 320), 160, 165, 110, 0.3)
    noise, unseen = np.zeros(place.shape[:2], np.float32), np.zeros(place.shape[:2], bool)
    plate = Plate(place, place, noise, unseen, np.eye(3)[None], (180, 320))
    rgb = np.where(mask[..., None] > 0, np.uint8([25, 30, 110]), place[:180, :320])
    assert scenes.iou(plate.differences(rgb, 0)[0], mask) > 0.9
