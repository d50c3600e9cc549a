"""CASIA-B's damage on synthetic people, and packing more of them. Needs the training packages."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from striding import walk as figure

pytest.importorskip("anny", reason="needs gait_demo/training/requirements.txt")
pytest.importorskip("numba", reason="needs gait_demo/training/requirements.txt")

from gait_demo.datasets.casia import PEOPLE, SILHOUETTES, VIEWS, CasiaB, Sequence  # noqa: E402
from gait_demo.errors import DataError  # noqa: E402
from gait_demo.evaluation.gei import aligned  # noqa: E402
from gait_demo.silhouettes.crops import is_good  # noqa: E402
from gait_demo.synthesis.damage import damage, draw_severity  # noqa: E402
from gait_demo.synthesis.protocol import ProtocolOptions, synthesize_protocol  # noqa: E402
from gait_demo.synthesis.walk import Walk  # noqa: E402


def test_damage_is_drawn_from_its_seed_and_stays_with_the_person():
    clean = figure().astype(bool)
    assert np.array_equal(damage(clean, 0.0, np.random.default_rng(0)), clean)
    result = damage(clean, 6.0, np.random.default_rng(0))
    assert np.array_equal(damage(clean, 6.0, np.random.default_rng(0)), result)
    added, lost = result & ~clean, clean & ~result
    columns = np.arange(320)
    for n, where in enumerate(added.any(axis=1)):
        assert np.all(abs(columns[where] - (80 + 4 * n)) <= 66)  # half the person's height
    assert added.any() and lost.any()


def test_what_is_cut_off_leaves_no_rim(monkeypatch):
    def without_legs(windows, rng, severity):
        return (windows > 0.5) & (torch.arange(64)[:, None] < 40)

    monkeypatch.setattr("gait_demo.synthesis.damage.degrade", without_legs)
    clean = figure().astype(bool)
    result = damage(clean, 1.0, np.random.default_rng(0))
    rows = clean.any(axis=(0, 2)).nonzero()[0]  # every frame has the same
    cut = rows[0] + len(rows) * 40 // 64
    assert not result[:, cut + 2 :].any()
    assert np.array_equal(result[:, : cut - 2], clean[:, : cut - 2])


def test_thicker_outlines_leave_no_slit(monkeypatch):
    def thicker(windows, rng, severity):
        return torch.nn.functional.max_pool2d(windows, 3, stride=1, padding=1)

    monkeypatch.setattr("gait_demo.synthesis.damage.degrade", thicker)
    clean = figure(frames=1).astype(bool)
    result = damage(clean, 1.0, np.random.default_rng(0))[0]
    holes = [cv2.connectedComponents((~mask).astype(np.uint8))[0] for mask in (clean[0], result)]
    assert result.sum() > 1.1 * clean.sum() and holes[1] <= holes[0]


def test_severity_belongs_to_the_person_and_clothes():
    views = list(VIEWS)
    logs = np.log([
        [[draw_severity(0, Sequence(person, condition, view)) for view in views]
         for condition in ("nm-01", "bg-02", "cl-01")]
        for person in PEOPLE
    ])  # fmt: skip
    nm, bg, cl = logs.transpose(1, 0, 2)
    assert np.array_equal(nm, bg)
    assert nm.mean(1).std() > 3 * nm.std(1).mean()
    assert abs(np.corrcoef(nm.mean(1), cl.mean(1))[0, 1]) < 0.3


@pytest.mark.parametrize(("person", "condition"), [(1, "nm-01"), (2, "cl-01")])
def test_clean_walkers_are_good_from_the_front_and_the_side(person, condition):
    walk = Walk.of(0, person, condition)
    meshes = walk.meshes()[20:-20:4]  # nobody is cut off by the picture's border
    for view in (0, 90):
        assert all(is_good(aligned(mask)) for mask in walk.silhouettes(meshes, view))


def test_packed_people_get_what_is_still_missing_of_them(tmp_path):
    options = ProtocolOptions(tmp_path, (2,), ("nm-01",), (90,), severity=1.0, archive=True)
    synthesize_protocol(options)
    first = CasiaB(tmp_path).read(Sequence(2, "nm-01", 90)).masks
    synthesize_protocol(replace(options, views=(0, 90)))
    data = CasiaB(tmp_path)
    assert np.array_equal(data.read(Sequence(2, "nm-01", 90)).masks, first)
    assert len(data.read(Sequence(2, "nm-01", 0)).masks) > 20
    assert [path.name for path in (tmp_path / SILHOUETTES).iterdir()] == ["002.tar.gz"]

    alone = tmp_path / "alone"
    synthesize_protocol(replace(options, out=alone, views=(0,), archive=False))
    front = Sequence(2, "nm-01", 0)
    assert np.array_equal(CasiaB(alone).read(front).masks, data.read(front).masks)
    with pytest.raises(DataError, match="severity"):
        replace(options, severity=-1.0)
