"""Dense correspondence between walkers, against what must be true of it."""

import numpy as np
import pytest

pytest.importorskip("anny", reason="needs gait_demo/training/requirements.txt")
pytest.importorskip("numba", reason="needs gait_demo/training/requirements.txt")

from gait_demo.synthesis.pairs import draw_pair, film_pair  # noqa: E402
from gait_demo.synthesis.render import Camera  # noqa: E402
from gait_demo.synthesis.truth import PARTS, flow, see  # noqa: E402
from gait_demo.synthesis.walker import LATENT_DIM, Walker  # noqa: E402

CAMERA = Camera(60, 5, 6, 450, 128, 160)
PHASE = np.array([0.2])


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(4)
    walkers = [Walker(rng.standard_normal(LATENT_DIM)) for _ in range(2)]
    return [(walker, walker.pose(PHASE)[0]) for walker in walkers]


def test_flow_to_oneself_leads_to_the_same_pixel(people):
    walker, mesh = people[0]
    truth = see(walker, mesh, CAMERA)
    there = flow(walker, truth, walker, mesh, CAMERA)
    rows, columns = np.nonzero(truth.silhouette)
    assert np.allclose(there[rows, columns], np.stack([columns, rows], 1) + 0.5, atol=1e-2)
    assert np.isnan(there[~truth.silhouette]).all()


def test_flow_to_another_keeps_the_body_part(people):
    (a, mesh_a), (b, mesh_b) = people
    seen, other = see(a, mesh_a, CAMERA), see(b, mesh_b, CAMERA)
    there = flow(a, seen, b, mesh_b, CAMERA)
    shown = ~np.isnan(there[..., 0])
    assert 0.7 < shown.sum() / seen.silhouette.sum() <= 1
    column, row = np.floor(there[shown]).astype(int).T
    assert other.silhouette[row, column].mean() > 0.97
    assert (other.part[row, column] == seen.part[shown]).mean() > 0.88  # limbs are few pixels wide


def test_parts_are_where_they_belong(people):
    walker, mesh = people[0]
    truth = see(walker, mesh, CAMERA)
    rows = np.arange(CAMERA.height)[:, None] * np.ones(CAMERA.width)
    middle = {
        name: rows[truth.part == PARTS.index(name)].mean()
        for name in ("head", "spine01", "lowerleg01.L", "foot.L")
    }
    assert middle["head"] < middle["spine01"] < middle["lowerleg01.L"] < middle["foot.L"]
    assert np.array_equal(truth.part > 0, truth.silhouette)
    assert np.isfinite(truth.depth[truth.silhouette]).all()


def test_a_pair_is_two_people_in_the_same_clothes_at_the_same_moment_of_a_walk():
    for seed in (0, 2):
        pair = draw_pair(np.random.default_rng(seed))
        assert abs(pair.first.height - pair.second.height) > 0.005
        for phase in (0.1, 0.6):
            first, second = pair.at(phase)
            there = pair.flow(first, second)
            shown = ~np.isnan(there[..., 0])
            column, row = np.floor(there[shown]).astype(int).T
            difference = np.abs(first.rgb[row, column] - second.rgb[shown]).mean(axis=1)
            assert shown.sum() > 0.6 * second.truth.silhouette.sum()
            assert np.median(difference) < 0.05  # light falls on another body a little otherwise


def test_a_filmed_pair_moves_as_it_says_and_lets_the_place_be():
    pair = draw_pair(np.random.default_rng(5), 2, 90)
    filmed = film_pair(pair, 0.3, 2, "room", 1)
    for who in ("old", "new"):
        pictures, covers = filmed[who], filmed[f"{who}_cover"]
        free = covers == 0
        assert np.array_equal(pictures[free], np.stack([filmed["place"]] * 2)[free])
        there = filmed[f"{who}_motion"][0]
        rows, columns = np.nonzero(~np.isnan(there[..., 0]) & (covers[1] == 1))
        x, y = (np.floor(there[rows, columns, n]).astype(int) for n in (0, 1))
        assert (covers[0][y, x] > 0).mean() > 0.97
        moved, same = (
            np.abs(pictures[1][rows, columns].astype(int) - pictures[0][at]).mean()
            for at in ((y, x), (rows, columns))
        )
        assert moved < same
