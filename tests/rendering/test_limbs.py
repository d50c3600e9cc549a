"""Limbs moved to new joints, in colours that tell them apart."""

import cv2
import doll
import numpy as np
import pytest
from doll import COLOURS, GREY, HEIGHT, LEFT_NEARER, SHAPE, drawn, joints, pose

from gait_demo.rendering.cutout import Cutout, Division
from gait_demo.rendering.limbs import draw, outline_fields, reconciled
from gait_demo.rendering.rig import LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK, Pose
from gait_demo.silhouettes.crops import normalise

SQUARE = np.float32([130 - 140, 10, 130 + 140, 290])
VIEW = (0, 0, SHAPE[1], SHAPE[0])
STILL = np.zeros((32, 32, 2), np.float32)
HANGING = joints(arms=(0, 0), legs=(-20, 20))
RAISED = joints(arms=(60, 0), legs=(-20, 20))


def cutout(points, depths=LEFT_NEARER):
    rgb, matte = drawn(points, depths)
    return Cutout.of(rgb, matte, pose(points), depths)


def silhouette(points):
    return normalise(drawn(points)[1], SQUARE)


def moved(old, new, others=(), outline=None):
    others = [lambda points=points: cutout(points) for points in others]
    outline = silhouette(new) if outline is None else outline
    return draw(cutout(old), others, LEFT_NEARER.order, pose(new), outline, STILL, SQUARE, VIEW)


def colour_at(image, point, size=3):
    x, y = (int(round(float(v))) for v in point)
    return image[y - size : y + size + 1, x - size : x + size + 1].reshape(-1, 3).mean(axis=0)


def is_colour(colour, part):
    return np.abs(colour - COLOURS[part]).max() < 30


def test_a_cutout_knows_its_parts():
    pieces = Division.of(*drawn(HANGING), pose(HANGING), LEFT_NEARER).pieces
    x, y = (HANGING[2] + HANGING[3]) / 2
    arm, trunk = pieces[LEFT_ARM], pieces[TRUNK]
    on_arm = np.s_[int(y) - arm.y, int(x) - arm.x]
    on_trunk = np.s_[int(y) - trunk.y, int(x) - trunk.x]
    assert arm.own[on_arm] > 0.95 and arm.hidden[on_arm] < 0.05
    assert trunk.own[on_trunk] < 0.05 and trunk.hidden[on_trunk] > 0.95


def test_the_same_pose_gives_the_same_picture():
    rgb, matte = drawn(HANGING)
    made, alpha = moved(HANGING, HANGING)
    inside = cv2.erode(matte, np.ones((9, 9))) > 0.99
    # borders between the parts are soft
    assert np.median(np.abs(made.astype(int) - rgb).max(axis=2)[inside]) <= 3
    assert (np.abs(alpha - matte) > 0.5).mean() < 0.01
    assert alpha[inside].min() > 0.99


def test_a_limb_is_where_its_new_joints_are_and_not_where_it_was():
    made, alpha = moved(HANGING, RAISED, others=[RAISED])
    x, y = RAISED[3]
    assert alpha[int(y), int(x)] > 0.9 and is_colour(colour_at(made, RAISED[3]), LEFT_ARM)
    assert not is_colour(colour_at(made, HANGING[3]), LEFT_ARM)


def test_what_an_arm_uncovers_comes_from_another_frame():
    wallet = (HANGING[2] + HANGING[3]) / 2  # on the trunk, beneath the arm
    rgb, matte = drawn(RAISED)
    cv2.circle(rgb, tuple(int(v) for v in wallet), 8, (250, 250, 250), -1)
    shown = Cutout.of(rgb, matte, pose(RAISED), LEFT_NEARER)
    outline = silhouette(RAISED)
    made, _ = draw(
        cutout(HANGING), [lambda: shown], LEFT_NEARER.order, pose(RAISED), outline, STILL, SQUARE,
        VIEW,
    )  # fmt: skip
    assert colour_at(made, wallet).min() > 230
    guessed, _ = moved(HANGING, RAISED)
    assert is_colour(colour_at(guessed, wallet), TRUNK)


def test_only_parts_in_front_hide_others():
    aside = np.repeat([0, 18, 13, -18, -13], [1, 4, 5, 4, 5])[:, None] * np.float32([1, 0])
    points = joints(arms=(5, -5)) + aside  # from the front
    pieces = Division.of(*drawn(points), pose(points), LEFT_NEARER).pieces

    def hidden_by(front, back):
        hidden = pieces[back].within(pieces[front])[1]
        return (hidden * pieces[front].own).sum() / pieces[back].own.sum()

    assert hidden_by(LEFT_LEG, TRUNK) < 0.001 and hidden_by(RIGHT_LEG, TRUNK) < 0.001
    assert hidden_by(TRUNK, LEFT_LEG) > 0.01 and hidden_by(LEFT_ARM, TRUNK) > 0.01


@pytest.mark.parametrize("scale", [0.5, 1.6])
def test_what_an_arm_uncovers_may_come_from_a_smaller_or_larger_picture(scale):
    wallet = (HANGING[2] + HANGING[3]) / 2
    rgb, matte = drawn(RAISED)
    cv2.circle(rgb, tuple(int(v) for v in wallet), 8, (250, 250, 250), -1)
    size = {"dsize": None, "fx": scale, "fy": scale, "interpolation": cv2.INTER_AREA}
    points = scale * (RAISED + 0.5) - 0.5
    shown = Cutout.of(
        cv2.resize(rgb, **size), cv2.resize(matte, **size), Pose.of(points, scale * HEIGHT),
        LEFT_NEARER,
    )  # fmt: skip
    made, _ = draw(
        cutout(HANGING), [lambda: shown], LEFT_NEARER.order, pose(RAISED), silhouette(RAISED),
        STILL, SQUARE, VIEW,
    )  # fmt: skip
    assert colour_at(made, wallet).min() > 215


def test_a_limb_that_no_frame_shows_looks_like_that_of_the_other_side():
    hidden = joints(arms=(0, 0), legs=(-20, 20))
    visibility = np.ones(19)
    visibility[11:14] = 0.05  # the right arm, behind the trunk
    rgb, matte = drawn(hidden)
    alone = Cutout.of(rgb, matte, Pose.of(hidden, HEIGHT, visibility), LEFT_NEARER)
    swung = joints(arms=(0, 70), legs=(-20, 20))
    made, alpha = draw(
        alone, [], LEFT_NEARER.order, pose(swung), silhouette(swung), STILL, SQUARE, VIEW
    )
    x, y = swung[12]
    assert alpha[int(y), int(x)] > 0.9 and is_colour(colour_at(made, swung[12], 1), LEFT_ARM)


def test_a_limb_that_no_frame_shows_is_as_slim_as_that_of_the_other_side(monkeypatch):
    monkeypatch.setitem(doll.WIDTHS, LEFT_ARM, 0.03)
    hanging = joints(arms=(25, 0), legs=(-20, 20))
    rgb, matte = drawn(hanging)
    alone = Cutout.of(rgb, matte, pose(hanging), LEFT_NEARER)
    hidden, seen = alone.completed(RIGHT_ARM, []), alone.parts.pieces[LEFT_ARM].own
    assert (hidden[..., 3] > 127).sum() < 1.2 * (seen > 0.5).sum()


def test_an_arm_before_the_trunk_takes_nothing_of_it_along(monkeypatch):
    monkeypatch.setitem(doll.WIDTHS, LEFT_ARM, 0.03)  # slimmer than bones tell
    hanging = joints(arms=(5, 0), legs=(-20, 20))
    rgb, matte = drawn(hanging)
    piece = Cutout.of(rgb, matte, pose(hanging), LEFT_NEARER).parts.pieces[LEFT_ARM]
    taken = piece.own > 0.5
    arm = (np.abs(rgb[piece.inner].astype(int) - COLOURS[LEFT_ARM]) < 40).all(axis=2)
    assert (taken & ~arm).sum() < 0.1 * arm.sum() and (arm & ~taken).sum() < 0.1 * arm.sum()


@pytest.mark.parametrize("scale", [0.012, 0.04, 0.1])
def test_parts_of_the_smallest_people_are_completed(scale):
    rgb, matte = drawn(HANGING)
    size = {"dsize": None, "fx": scale, "fy": scale, "interpolation": cv2.INTER_AREA}
    tiny = Pose.of(scale * (HANGING + 0.5) - 0.5, scale * HEIGHT)
    one = Cutout.of(cv2.resize(rgb, **size), cv2.resize(matte, **size), tiny, LEFT_NEARER)
    for part, piece in enumerate(one.parts.pieces):
        assert piece is None or one.completed(part, []).shape == (*piece.own.shape, 4)


def test_the_nearer_leg_is_in_front():
    crossed = joints(legs=(12, -12))
    together = joints(legs=(0, 0))
    made, _ = moved(crossed, together)
    assert is_colour(colour_at(made, together[6]), LEFT_LEG)
    assert not is_colour(colour_at(made, together[6]), RIGHT_LEG)


def test_nothing_is_drawn_beyond_the_outline_and_all_within():
    rounder = cv2.dilate(silhouette(HANGING), np.ones((7, 7)))
    slimmer = cv2.erode(silhouette(HANGING), np.ones((3, 3)))
    cell = (SQUARE[2] - SQUARE[0]) / 64
    for outline in (rounder, slimmer):
        made, alpha = moved(HANGING, HANGING, outline=outline)
        fine = cv2.resize(outline, None, fx=cell, fy=cell, interpolation=cv2.INTER_NEAREST)
        x, y = int(-SQUARE[0]), int(SQUARE[1])
        place = np.zeros(SHAPE, np.float32)
        h = min(SHAPE[0] - y, fine.shape[0])
        place[y : y + h] = fine[:h, x : x + SHAPE[1]]
        reach = np.ones((2 * round(3 * cell) + 1,) * 2)
        assert alpha[cv2.dilate(place, reach) < 0.5].max() < 0.01
        deep = cv2.erode(place, reach) > 0.5
        assert not deep.any() or alpha[deep].min() > 0.99
        grey = np.abs(made.astype(int) - GREY).max(axis=2) < 20
        assert (grey & (alpha > 0.99)).sum() < 0.01 * (alpha > 0.99).sum()


def test_a_leg_of_which_no_frame_shows_the_knee_does_not_come_apart():
    unsure = 0.5 * (silhouette(HANGING) > 0.5)
    rgb, matte = drawn(HANGING)
    x, y = HANGING[6].astype(int)
    matte[y - 14 : y + 14, x - 30 : x + 30] = 0
    gap = Cutout.of(rgb, matte, pose(HANGING), LEFT_NEARER)

    def at_the_knee(gap):
        order = LEFT_NEARER.order
        made = draw(gap, [], order, pose(HANGING), unsure, STILL, SQUARE, VIEW)
        return made[1][y, x]

    assert at_the_knee(gap) > 0.9
    matte[y:] = 0  # nor what is below
    assert at_the_knee(Cutout.of(rgb, matte, pose(HANGING), LEFT_NEARER)) < 0.1


def test_where_legs_are_elsewhere_than_joints_tell_limbs_decide():
    together, apart = joints(legs=(0, 0)), joints(legs=(-30, 30))
    corner, side = SQUARE[:2], SQUARE[2] - SQUARE[0]
    units = np.stack([(together + 0.5 - corner) / side] * 20)
    limbs = np.stack([silhouette(together)] * 20)
    outlines = limbs.copy()
    outlines[3] = silhouette(apart)
    found = reconciled(outlines, units, limbs, 25.0)
    below, above = np.s_[40:], np.s_[:30]
    halfway = (outlines[3] + limbs[3]) / 2
    np.testing.assert_allclose(found[3, below], halfway[below], atol=0.1)
    np.testing.assert_array_equal(found[3, above], outlines[3, above])
    np.testing.assert_array_equal(found[15:], outlines[15:])
    # but not where they have no legs, as beyond the border of the picture
    np.testing.assert_array_equal(reconciled(outlines, units, np.zeros_like(limbs), 25.0), outlines)


def test_fields_make_a_body_fill_a_rounder_outline():
    masks = np.stack([silhouette(HANGING)] * 6)
    rounder = np.stack([cv2.dilate(mask, np.ones((5, 5))) for mask in masks])
    corner, side = SQUARE[:2], SQUARE[2] - SQUARE[0]
    units = np.stack([(HANGING + 0.5 - corner) / side] * 6)
    depths = [LEFT_NEARER] * 6
    fields = outline_fields(masks, units, units, depths, rounder)
    same = outline_fields(masks, units, units, depths, masks)
    assert np.abs(same).max() < 0.02
    grid = np.stack(np.meshgrid(np.arange(64), np.arange(64)), -1).astype(np.float32)
    places = grid + 64 * cv2.resize(fields[3], (64, 64))
    filled = cv2.remap(masks[3], places, None, cv2.INTER_LINEAR)

    def overlap(mask):
        return np.minimum(mask, rounder[3]).sum() / np.maximum(mask, rounder[3]).sum()

    assert overlap(filled) > overlap(masks[3]) + 0.1


@pytest.mark.parametrize("part", [LEFT_ARM, LEFT_LEG])
def test_a_part_that_is_out_of_the_picture_is_not_drawn(part):
    rgb, matte = drawn(HANGING)
    matte[:] = 0
    empty = Cutout.of(rgb, matte, pose(HANGING), LEFT_NEARER)
    made, alpha = draw(
        empty, [], LEFT_NEARER.order, pose(HANGING), np.zeros((64, 64), np.float32), STILL, SQUARE,
        VIEW,
    )  # fmt: skip
    assert alpha.max() < 0.01 and made.shape == (*SHAPE, 3)


@pytest.mark.parametrize("scale", [0.03, 0.08])
@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5])
def test_the_smallest_people_at_the_border_are_drawn(scale, columns):
    def small(points):
        rgb, matte = drawn(points)
        size = {"dsize": None, "fx": scale, "fy": scale, "interpolation": cv2.INTER_AREA}
        middle = round(130 * scale)
        rgb, matte = (
            cv2.resize(image, **size)[:, middle : middle + columns] for image in (rgb, matte)
        )
        place = Pose.of(scale * points - np.float32([middle, 0]), scale * HEIGHT)
        return Cutout.of(np.ascontiguousarray(rgb), np.ascontiguousarray(matte), place, LEFT_NEARER)

    square = scale * SQUARE
    view = 0, 0, round(260 * scale), round(300 * scale)
    made, alpha = draw(
        small(HANGING), [lambda: small(RAISED)], LEFT_NEARER.order,
        Pose.of(scale * RAISED, scale * HEIGHT), silhouette(RAISED), STILL, square, view,
    )  # fmt: skip
    assert made.shape == (view[3], view[2], 3) and alpha.shape == made.shape[:2]
