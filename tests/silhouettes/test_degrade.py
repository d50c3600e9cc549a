"""Damage: how much of it a severity makes, and what stays from frame to frame."""

import pytest
import torch

from gait_demo.silhouettes.degrade import degrade


@pytest.fixture(scope="module")
def clean():
    """(64, 8, 64, 64): a trunk on two legs that swing."""
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    phase = torch.arange(8) / 8 + torch.rand(64, 1, generator=torch.Generator().manual_seed(0))
    leg = (10 * torch.sin(2 * torch.pi * phase))[..., None, None] * (y - 35) / 29
    trunk = ((y - 24) / 22) ** 2 + ((x - 32) / 8) ** 2 < 1
    legs = torch.minimum((x - 32 - leg).abs(), (x - 32 + leg).abs()) < 4
    return (trunk | (legs & (y >= 35))).float()


def damaged(clean, severity, seed=0):
    return degrade(clean, torch.Generator().manual_seed(seed), severity)


def test_damage_leaves_binary_windows_that_differ_from_the_clean_ones(clean):
    result = damaged(clean, 1.0)
    kept = ((result > 0.5) == (clean > 0.5)).float().mean((1, 2, 3))
    assert set(result.unique().tolist()) == {0.0, 1.0}
    assert (kept < 1).float().mean() > 0.7 and kept.mean() > 0.85


def test_no_severity_is_no_damage_and_more_is_more(clean):
    assert torch.equal(damaged(clean, 0.0), clean)
    changed = [(damaged(clean, s) != clean).float().mean() for s in (0.1, 0.5, 1.0, 2.0, 4.0)]
    assert 0 < changed[0] < 0.01 and changed == sorted(changed)


def test_every_window_has_its_own_severity(clean):
    severity = torch.arange(64) % 2 * 4.0
    changed = (damaged(clean, severity) != clean).float().mean((1, 2, 3))
    assert not changed[::2].any() and changed[1::2].all()


def test_damage_of_clothes_and_place_lasts_and_speckle_does_not():
    still = torch.zeros(80, 12, 64, 64)
    still[..., 4:62, 24:40] = 1
    result = damaged(still, 1.0)
    shown = result.any(-1).any(-1)
    both = shown[:, 1:] & shown[:, :-1]
    lost = (still - result)[..., 8:50, 27:37].bool()
    left = lost[:, 1:] & lost[:, :-1]
    wide = lost.sum((-2, -1)) > 60  # more than speckle and seams take away
    again = (left.sum((-2, -1)) > 40)[both & wide[:, 1:]]
    assert again.float().mean() > 0.8
    specks = (result - still)[:, :, :10, 44:].bool()  # no shadow gets there
    back = (specks[:, 1:] & specks[:, :-1]).sum() / specks[:, 1:].sum()
    assert specks.any() and back < 0.1
