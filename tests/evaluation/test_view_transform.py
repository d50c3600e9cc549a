"""The paper's recogniser, on people who are known to be of low rank."""

import numpy as np
import pytest

from gait_demo.errors import DataError
from gait_demo.evaluation.identity import Geis, rank_1
from gait_demo.evaluation.view_transform import ViewTransform, robust_pca

VIEWS, PIXELS, TRAITS = (0, 90), 300, 6


def people(rng, mixers, numbers, walks=4, spoilt=0.0):
    """GEIs of people whose traits every view shows in its own way."""
    traits = {number: rng.normal(size=TRAITS) for number in numbers}
    rows = [
        (traits[number] @ mixers[view] + 0.05 * rng.normal(size=PIXELS), number, view, f"nm-0{n}")
        for number in numbers
        for n in range(1, walks + 1)
        for view in VIEWS
    ]
    images, person, view, condition = zip(*rows, strict=True)
    images = np.stack(images)
    wrong = rng.uniform(size=images.shape) < spoilt
    images[wrong] += rng.choice([-8, 8], wrong.sum())
    return Geis(images, np.array(person), np.array(view), np.array(condition), 0, ())


def test_robust_pca_sees_through_gross_errors():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(120, 4)) @ rng.normal(size=(4, 90))
    wrong = rng.uniform(size=true.shape) < 0.05
    spoilt = true + wrong * rng.choice([-15, 15], true.shape)
    assert np.abs(robust_pca(spoilt) - true).max() < 0.05
    assert np.array_equal(robust_pca(np.zeros((3, 2))), np.zeros((3, 2)))


def test_people_are_known_from_another_view():
    rng = np.random.default_rng(1)
    mixers = {view: rng.normal(size=(TRAITS, PIXELS)) for view in VIEWS}
    recogniser = ViewTransform.fit(people(rng, mixers, range(20), spoilt=0.01))
    strangers = people(rng, mixers, range(100, 120))
    probes, gallery = (strangers.where([c], v) for c, v in (("nm-01", 0), ("nm-02", 90)))
    distances = recogniser.distances(strangers.images[probes], 0, strangers.images[gallery], 90)
    nearest = strangers.person[gallery[distances.argmin(axis=1)]]
    known = (nearest == strangers.person[probes]).mean()
    assert known > 0.9 and rank_1(strangers, gallery, probes) < 0.3
    same = recogniser.distances(strangers.images[probes], 0, strangers.images[probes], 0)
    assert np.allclose(np.diag(same), 0)


def test_walks_without_a_view_are_left_out():
    rng = np.random.default_rng(2)
    mixers = {view: rng.normal(size=(TRAITS, PIXELS)) for view in VIEWS}
    whole = people(rng, mixers, range(6))
    stray = ~((whole.person == 0) & (whole.view == 0))
    kept = Geis(*(a[stray] for a in (whole.images, whole.person, whole.view, whole.condition)),
                0, ())  # fmt: skip
    others = whole.person > 0
    without = Geis(*(a[others] for a in (whole.images, whole.person, whole.view,
                                         whole.condition)), 0, ())  # fmt: skip
    a, b = ViewTransform.fit(kept), ViewTransform.fit(without)
    assert np.array_equal(a.mean[90], b.mean[90])
    with pytest.raises(DataError, match="every view"):
        ViewTransform.fit(people(rng, mixers, [1]))
