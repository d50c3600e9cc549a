"""Inpainting from patches: what is continued, what is never touched, and every shape of hole."""

import cv2
import numpy as np
import pytest

from gait_demo.__main__ import main
from gait_demo.background.inpainting import inpaint
from gait_demo.evaluation.inpainting import measure

ROWS, COLUMNS = np.mgrid[:160, :200]


def person_hole(shape=(160, 200), x=100, y=80, height=90):
    hole = np.zeros(shape, np.uint8)
    cv2.ellipse(hole, (x, y), (height // 5, height // 2), 0, 0, 360, 1, cv2.FILLED)
    return hole > 0


def grey(values):
    return np.repeat(np.clip(values, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def stripes(direction):
    along = {"vertical": COLUMNS, "horizontal": ROWS, "diagonal": ROWS + COLUMNS}[direction]
    return grey(128 + 100 * np.sign(np.sin(2 * np.pi * (along + 0.5) / 12)))


def texture(seed=1):
    noise = np.random.default_rng(seed).normal(size=ROWS.shape)
    noise = cv2.GaussianBlur(noise, (0, 0), 1.2)
    return grey(120 + 35 * noise / noise.std())


def gradient_energy(rgb, where):
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(float)
    squares = np.diff(gray, axis=1)[:-1] ** 2 + np.diff(gray, axis=0)[:, :-1] ** 2
    return squares[where[:-1, :-1]].mean()


def emptied(rgb, hole, colour=(255, 0, 255)):
    return np.where(hole[..., None], np.uint8(colour), rgb)


@pytest.mark.parametrize("direction", ["vertical", "horizontal", "diagonal"])
def test_stripes_continue_across_hole(direction):
    rgb, hole = stripes(direction), person_hole()
    filled = inpaint(emptied(rgb, hole), hole)
    error = np.abs(filled.astype(int) - rgb)[hole]
    assert error.mean() < 20  # levels; a smooth fill is off by some 100


def test_edge_between_wall_and_ground_continues():
    rgb, hole = grey(np.where(ROWS < 90, 200, 60)), person_hole()
    filled = inpaint(emptied(rgb, hole), hole)
    assert np.abs(filled.astype(int) - rgb)[hole].mean() < 3


def test_texture_keeps_its_energy():
    rgb, hole = texture(), person_hole()
    filled = inpaint(emptied(rgb, hole), hole)
    assert 0.5 < gradient_energy(filled, hole) / gradient_energy(rgb, hole) < 1.3


def test_texture_stays_sharp_at_high_resolution():
    rgb = np.random.default_rng(2).integers(60, 200, (900, 700, 3), np.uint8)
    hole = person_hole((900, 700), 350, 450, 600)
    filled = inpaint(emptied(rgb, hole), hole)
    assert gradient_energy(filled, hole) > 0.7 * gradient_energy(rgb, hole)


def test_outside_is_identical_and_input_unchanged():
    rgb, hole = texture(), person_hole()
    before = rgb.copy()
    filled = inpaint(rgb, hole)
    assert np.array_equal(filled[~hole], rgb[~hole])
    assert np.array_equal(rgb, before)


def test_same_arguments_give_the_same_fill():
    rgb, hole = texture(), person_hole()
    assert np.array_equal(inpaint(rgb, hole), inpaint(rgb, hole))


def test_values_in_the_hole_are_not_read():
    rgb, hole = texture(), person_hole()
    white, black = (inpaint(emptied(rgb, hole, [v] * 3), hole) for v in (255, 0))
    assert np.array_equal(white, black)


def test_forbidden_is_neither_copied_nor_continued():
    rgb, hole = texture(), person_hole()
    forbidden = person_hole(x=125) & ~hole
    assert (cv2.dilate(hole.view(np.uint8), np.ones((3, 3))) > 0)[forbidden].any()
    rgb[forbidden] = (255, 0, 0)
    filled = inpaint(rgb, hole, forbidden)
    redness = filled[hole].astype(int) @ [1, -1, 0]
    assert redness.max() < 12
    assert np.array_equal(filled[forbidden], rgb[forbidden])
    assert (inpaint(rgb, hole)[hole].astype(int) @ [1, -1, 0]).max() > 100  # else it proves nothing


def test_fitting_guess_is_adopted_in_the_light_of_the_frame():
    rgb, hole = texture() // 2 + 60, person_hole()
    guess = rgb - 20
    filled = inpaint(emptied(rgb, hole), hole, guess=guess)
    assert np.abs(filled.astype(int) - rgb).max() <= 1


def test_guess_that_does_not_fit_is_ignored():
    rgb, hole = texture(), person_hole()
    filled = inpaint(rgb, hole, guess=texture(seed=5))
    assert np.array_equal(filled, inpaint(rgb, hole))


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_hole_at_border_is_filled(side):
    rgb, hole = stripes("diagonal"), np.zeros(ROWS.shape, bool)
    where = {
        "left": np.s_[40:110, :30],
        "top": np.s_[:70, 80:110],
        "right": np.s_[40:110, -30:],
        "bottom": np.s_[-70:, 80:110],
    }
    hole[where[side]] = True
    filled = inpaint(emptied(rgb, hole), hole)
    assert np.abs(filled.astype(int) - rgb)[hole].mean() < 45


def test_empty_hole_returns_a_copy():
    rgb = texture()
    filled = inpaint(rgb, np.zeros(ROWS.shape, bool))
    assert np.array_equal(filled, rgb)
    assert not np.shares_memory(filled, rgb)


def test_hole_covering_everything_is_grey():
    assert (inpaint(texture(), np.ones(ROWS.shape, bool)) == 128).all()


@pytest.mark.parametrize("known", [1, 3, 9, 20])
def test_hole_covering_nearly_everything_takes_the_colour_that_is_left(known):
    hole = np.ones(ROWS.shape, bool)
    hole[50 : 50 + known, 60 : 60 + known] = False
    rgb = emptied(np.full((*ROWS.shape, 3), (30, 90, 150), np.uint8), hole)
    assert np.abs(inpaint(rgb, hole).astype(int) - (30, 90, 150)).max() <= 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3), (8, 8), (15, 40), (400, 9)])
@pytest.mark.parametrize("seed", range(6))
def test_any_shape_of_hole_in_any_small_image(shape, seed):
    random = np.random.default_rng(seed)
    rgb = random.integers(0, 256, (*shape, 3), np.uint8)
    hole = random.random(shape) < random.choice([0.05, 0.5, 0.95])
    forbidden = random.random(shape) < 0.1
    filled = inpaint(rgb, hole, forbidden)
    assert filled.shape == rgb.shape and filled.dtype == np.uint8
    assert np.array_equal(filled[~hole], rgb[~hole])


@pytest.mark.parametrize(
    "where",
    [np.s_[600:601, :], np.s_[:, 800:801], np.s_[::97, ::89], np.s_[100:1100, 100:1500]],
    ids=["row", "column", "dots", "rectangle"],
)
def test_flat_picture_stays_flat_whatever_the_hole(where):
    hole = np.zeros((1200, 1600), bool)
    hole[where] = True
    rgb = emptied(np.full((1200, 1600, 3), (30, 90, 150), np.uint8), hole)
    assert np.abs(inpaint(rgb, hole).astype(int) - (30, 90, 150)).max() <= 2


def test_measure_finds_the_truth_perfect_and_grey_bare():
    rgb, hole = texture(), person_hole()
    truth = measure([(rgb, hole)], lambda emptied, hole: rgb)
    bare = measure([(rgb, hole)], lambda emptied, hole: emptied // 255 * 0 + 128)
    assert truth["energy"] == truth["seam"] == 1 and truth["ssim"] > 0.999 and truth["psnr"] > 70
    assert bare["energy"] < 0.01 and bare["ssim"] < 0.5 and bare["psnr"] < 20


def test_command_prints_a_row_a_method(tmp_path, capsys):
    for name, picture in (("images", texture()), ("masks", grey(255 * person_hole()))):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "0001.png"), picture)
    folders = ["--images", str(tmp_path / "images"), "--masks", str(tmp_path / "masks")]
    main(["evaluate", "inpainting", *folders, "--count", "1"])
    out = capsys.readouterr().out
    assert "| patches |" in out and "| Telea, radius 3 |" in out
