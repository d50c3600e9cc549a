"""GEIs and their nearest neighbour, on shapes with known answers."""

import numpy as np
import pytest

from gait_demo.evaluation.gei import aligned, gait_energy_image
from gait_demo.evaluation.identity import Geis, identity_report, rank_1


def test_aligned_silhouette_fills_the_height_and_is_centred():
    mask = np.zeros((240, 320), np.uint8)
    mask[50:178, 200:264] = 1  # 128 high, 64 wide
    image = aligned(mask)
    assert image.shape == (64, 64) and image.dtype == np.float32
    assert np.array_equal(np.flatnonzero(image.any(0)), np.arange(16, 48))
    assert np.all(image[:, 17:47] == 1)


def test_frames_without_anybody_do_not_count():
    mask = np.zeros((2, 100, 100), np.uint8)
    mask[0, 20:80, 40:60] = 1
    assert np.array_equal(gait_energy_image(mask), aligned(mask[0]))
    assert gait_energy_image(mask[1:]) is None


def geis(spread: float) -> Geis:
    """Ten people; every view moves all images by the same large step."""
    rng = np.random.default_rng(0)
    people, views = np.arange(1, 11), (0, 90)
    conditions = ("nm-01", "nm-05", "bg-01")
    own = rng.normal(size=(10, 4096))
    steps = {0: 0.0, 90: 3 * rng.normal(size=4096)}
    rows = [(p, v, c) for p in people for v in views for c in conditions]
    images = [own[p - 1] + steps[v] + spread * rng.normal(size=4096) for p, v, c in rows]
    person, view, condition = (np.array(column) for column in zip(*rows, strict=True))
    return Geis(np.array(images, np.float32), person, view, condition, 0, ())


def test_people_who_differ_are_found_and_strangers_by_chance_only():
    report = identity_report(geis(0.1))
    assert report["people"] == 10 and report["chance"] == 0.1
    assert report["nm"]["same_view"] == report["bg"]["same_view"] == 1.0
    assert report["nm"]["by_view"] == {"000": 1.0, "090": 1.0}
    assert report["cl"] == {"same_view": None, "cross_view": None, "by_view": {}}
    lost = geis(1000.0)
    assert rank_1(lost, lost.where(("nm-01",), 0), lost.where(("nm-05",), 0)) <= 0.4


@pytest.mark.parametrize("kind", ["nm", "bg"])
def test_cross_view_compares_other_views_only(kind):
    found = geis(0.1)
    shuffled = found.images.copy()
    at_90 = found.view == 90
    shuffled[at_90] = shuffled[at_90][np.random.default_rng(1).permutation(at_90.sum())]
    report = identity_report(Geis(shuffled, found.person, found.view, found.condition, 0, ()))
    assert report[kind]["by_view"]["000"] == 1.0 and report[kind]["cross_view"] < 1.0
