import numpy as np
import pytest
import scenes
from test_anonymize import Through, clip_of

from gait_demo.anonymize import anonymize
from gait_demo.leaning import leans, leant
from gait_demo.noise import noise_vector, unlike

FPS = 25


def walker(frames=40):
    phases = 0.35 * np.arange(frames)
    return np.stack([scenes.figure((64, 64), 32, 62, 60, phase) for phase in phases])


def test_who_walks_upright_does_not_lean():
    masks = walker().astype(np.float32)
    assert (leans(masks, FPS) == 0).all()
    assert (leant(masks, leans(masks, FPS)) == masks).all()
    masks[:, 3:60] = 0  # a head and feet tell nothing
    assert (leans(masks, FPS) == 0).all()
    assert (leans(np.zeros_like(masks), FPS) == 0).all()


@pytest.mark.parametrize("slope", [-0.35, 0.3])
def test_who_leans_is_put_upright_and_back(slope):
    masks = walker().astype(np.float32)
    leaning = leant(masks, np.full(40, slope))
    tops = [np.nonzero(mask[2:8] > 0.5)[1].mean() for mask in leaning]
    assert np.allclose(tops, 32 + 27 * slope, atol=1.5)  # to the right, if positive
    found = leans(leaning, FPS)
    assert np.abs(found - slope).max() < 0.04
    upright = leant(leaning, -found)
    assert scenes.iou(upright > 0.5, masks) > 0.9
    assert scenes.iou(leant(upright, found) > 0.5, leaning > 0.5) > 0.95


def test_arms_heads_and_shadows_aside_are_no_leaning():
    masks = walker().astype(np.float32)
    masks[:, 16:19, 32:58] = 1  # an arm
    masks[:, 59:62, 32:62] = 1  # a shadow
    assert (leans(masks, FPS) == 0).all()


def test_half_a_person_does_not_lean():
    masks = leant(walker().astype(np.float32), np.full(40, 0.3))
    masks[:20, 36:] = 0  # behind a table
    assert np.abs(leans(masks, FPS)[:15] - 0.3).max() < 0.04  # as later
    masks[:, 36:] = 0
    assert (leans(masks, FPS) == 0).all()


def test_a_moment_is_no_leaning():
    masks = walker(60).astype(np.float32)
    masks[30:33] = leant(masks[30:33], np.full(3, 0.4))
    assert np.abs(leans(masks, FPS)).max() < 0.05


def test_anet_sees_upright_walkers_only():
    read = []

    class Seeing(Through):
        def read(self, windows):
            read.append(windows.numpy())
            return super().read(windows)

    leaning = leant(walker().astype(np.float32), np.full(40, 0.3))
    anet = Seeing()
    noise = noise_vector(1, anet.dims.noise_dim)
    made = anonymize(clip_of(leaning), anet, noise, fps=FPS).masks
    anonymized = len(read)
    unlike(clip_of(leaning), anet, 1, fps=FPS)
    assert len(read) > anonymized > 0
    for windows in read:
        assert (leans(windows.reshape(-1, 64, 64), FPS) == 0).all()
    assert np.abs(leans(made, FPS) - 0.3).max() < 0.05
