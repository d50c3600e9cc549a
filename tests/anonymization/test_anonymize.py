from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_gaits import walk
from fixed import SECRET
from scipy import stats

from gait_demo.anonymization.anet import ANetAnonymizer
from gait_demo.anonymization.anonymizer import load
from gait_demo.anonymization.noise import noise_vector, stature
from gait_demo.anonymization.pace import Timing
from gait_demo.anonymization.track import anonymize
from gait_demo.anonymization.windows import InStep, blended
from gait_demo.errors import WeightsError
from gait_demo.models.anet import ANet, ANetDims, Written
from gait_demo.models.stgan import STGAN, STGANDims
from gait_demo.options import ANONYMIZERS, AnonymizeOptions
from gait_demo.types import SilhouetteClip
from gait_demo.weights import find

CLIP = bytes(32)
MADE_BEFORE = (  # fps, strength, area in pixels and x of the left ankle, in some frames
    (25, 1, (912.70, 879.00, 800.10), (0.4930, 0.4565, 0.4830)),
    (25, 0.5, (1028.40, 969.10, 856.20), (0.3715, 0.3557, 0.3737)),
    (50, 1, (881.40, 876.10, 816.70), (0.4548, 0.4555, 0.4832)),
)
DIMS = ANetDims(encoder_width=4, generator_width=4, content_dim=4, latent_dim=8)


def clip_of(masks: np.ndarray, joints: np.ndarray | None = None) -> SilhouetteClip:
    squares = np.tile(np.array([0, 0, 64, 64], np.float32), (len(masks), 1))
    return SilhouetteClip(1, 0, masks.astype(np.float32), squares, joints)


class Through(ANet):
    """Stands in for A-NET: writes what it reads."""

    def __init__(self):
        super().__init__(DIMS)

    def read(self, windows, joints=None):
        masks = windows.flatten(0, 1).flatten(1)
        places = torch.full((len(masks), 38), 0.5) if joints is None else joints[..., :2]
        return torch.cat((masks, places.reshape(len(masks), 38)), dim=1)[..., None, None]

    def write(self, content, noise):
        masks, places = content.squeeze().split((64 * 64, 38), dim=-1)
        return Written(
            masks.logit().reshape(len(noise), -1, 64, 64), places.reshape(len(noise), -1, 19, 2)
        )


def joints_of(frames: int) -> np.ndarray:
    """(frames, 19, 3): all joints move to the right, one column a frame."""
    joints = np.ones((frames, 19, 3), np.float32)
    joints[..., 0] = np.arange(frames)[:, None] / 64
    return joints


def noise_of(seed: int) -> torch.Tensor:
    return noise_vector(SECRET, CLIP, 1, seed, 32)


def test_noise_is_the_same_only_for_the_same_secret_clip_person_and_seed():
    same = SECRET, CLIP, 1, 7
    others = [(b"x" * 32, *same[1:]), (SECRET, b"x" * 32, 1, 7), (SECRET, CLIP, 2, 7),
              (SECRET, CLIP, 1, 8), (SECRET, CLIP, 17, 1), (SECRET, CLIP, 1, 71)]  # fmt: skip
    assert torch.equal(noise_vector(*same, 32), noise_vector(*same, 32))
    for other in others:
        assert abs(np.corrcoef(noise_vector(*same, 32), noise_vector(*other, 32))[0, 1]) < 0.6
    assert torch.equal(noise_vector(*same, 32)[:5], noise_vector(*same, 5))


def test_noise_is_standard_normal_whatever_counts_up():
    by_seed = np.stack([noise_vector(SECRET, CLIP, 1, seed, 32) for seed in range(1000)])
    by_secret = np.stack([noise_vector(bytes([n] * 16), CLIP, 1, 0, 32) for n in range(256)])
    for noises in (by_seed, by_secret):
        assert noises.dtype == np.float32 and stats.kstest(noises.ravel(), "norm").pvalue > 1e-3
        apart = np.corrcoef(noises[:256]) - np.eye(256)
        assert abs(apart).max() < 0.85 and abs(apart.mean()) < 0.01


def test_any_network_of_windows_can_be_an_anonymizer():
    network = STGAN(STGANDims(width=2)).eval()
    clip = clip_of(np.random.default_rng(0).random((20, 64, 64)) > 0.5, joints_of(20))
    out = anonymize(clip, InStep(network), noise_of(3), fps=25)
    assert out.masks.shape == (20, 64, 64) and out.joints is None


@pytest.mark.parametrize("name", ANONYMIZERS)
def test_anonymizers_are_loaded_by_name_and_change_the_walk(name):
    anonymizer = load(name, find(name).path)
    clip = clip_of(walk(0.2, 0.5, 0, 30))
    noise = noise_vector(SECRET, CLIP, 1, 0, anonymizer.noise_dim)
    out = anonymize(clip, anonymizer, noise, fps=25).masks > 0.5
    assert out.shape == (30, 64, 64) and out.any((1, 2)).all()
    assert (out ^ (clip.masks > 0.5)).mean() > 0.02


def test_an_anonymizer_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="anonymizer"):
        AnonymizeOptions(anonymizer="cnet")
    with pytest.raises(WeightsError, match="'anet' was asked for"):
        load("anet", find("cnet").path)


def test_anet_makes_what_it_always_made():
    """Figures of the shipped weights, 2026-11-30."""
    clip = clip_of(walk(0.2, 0.5, 0.1, 60), joints_of(60) / 64 + 0.25)
    noise = torch.linspace(-2, 2, 32)
    for fps, strength, area, joints in MADE_BEFORE:
        out = anonymize(clip, load("anet", find("anet").path), noise, fps=fps, strength=strength)
        np.testing.assert_allclose(out.masks.sum((1, 2))[[0, 20, 59]], area, atol=0.5)
        np.testing.assert_allclose(out.joints[[0, 20, 59], 7, 0], joints, atol=1e-3)


@pytest.mark.parametrize("frames", [1, 3, 8, 9, 12, 31])
def test_blending_gives_back_what_the_windows_agree_on(frames):
    masks = np.zeros((frames, 64, 64))
    for i, mask in enumerate(masks):
        mask[10:50, i : i + 20] = 1
    walk = torch.from_numpy(masks.astype(np.float32))
    out = blended(len(walk), DIMS.frames, lambda at: walk[at].flatten(2))
    np.testing.assert_allclose(out.reshape(masks.shape), masks, atol=1e-6)


@pytest.mark.parametrize(
    ("frames", "fps", "streams"), [(1, 25, 1), (3, 25, 1), (50, 25, 1), (50, 24, 1), (100, 50, 2)]
)
def test_the_new_walk_shows_the_moments_it_is_told_to(frames, fps, streams):
    columns = 1 + np.arange(frames) // streams  # of a block that grows
    masks = np.zeros((frames, 64, 64))
    for mask, width in zip(masks, columns, strict=True):
        mask[:, :width] = 1
    moments = np.linspace(0, 0.9 * (frames - 1), frames + 2)
    timing = Timing.same(moments)
    out = anonymize(clip_of(masks), ANetAnonymizer(Through()), noise_of(0), fps=fps, timing=timing)
    expected = (1 + moments / streams).clip(1, columns[-1])
    tolerance = 0.1 if streams == 1 else 0.5  # of the smoothing
    assert len(out) == frames + 2
    np.testing.assert_allclose(out.masks.mean(1).sum(1), expected, atol=tolerance)


def test_statures_are_spread_evenly_up_to_eight_percent_either_way():
    drawn = [stature(noise_of(seed)) for seed in range(500)]
    assert stats.kstest(drawn, stats.uniform(0.92, 0.16).cdf).pvalue > 1e-3
    assert drawn[7] == stature(noise_of(7)) and len(set(drawn)) == 500
    low = [stature(noise_of(seed), most=1.02) for seed in range(500)]
    assert stats.kstest(low, stats.uniform(0.92, 0.1).cdf).pvalue > 1e-3


def walking(frames: int, top: float = 100.0) -> SilhouetteClip:
    """Somebody who comes nearer, in the middle of a picture."""
    tall = 200 + np.arange(frames, dtype=np.float32)
    middle = 300 + 4 * np.arange(frames)
    squares = [middle - tall / 2, np.full(frames, top), middle + tall / 2, top + tall]
    return replace(clip_of(block(frames)), squares=np.stack(squares, 1).astype(np.float32))


def resized(clip: SilhouetteClip, seed: int = 0, **options) -> tuple[np.ndarray, np.ndarray]:
    """What it becomes: how many times as large in each frame, and how far the middle of the feet
    line moves."""
    noise = noise_of(seed)
    made = anonymize(clip, ANetAnonymizer(Through()), noise, fps=25, **options).squares
    old, new = (np.diff(squares[:, 1::2])[:, 0] for squares in (clip.squares, made))
    np.testing.assert_allclose(np.diff(made[:, ::2])[:, 0], new, rtol=1e-4)
    feet = [np.stack([s[:, ::2].mean(axis=1), s[:, 3]], axis=1) for s in (clip.squares, made)]
    return new / old, np.abs(feet[1] - feet[0]).max()


@pytest.mark.parametrize("strength", [1, 0.5])
def test_the_new_walker_is_of_another_stature_on_the_same_ground(strength):
    for seed in range(5):
        sizes, moved = resized(walking(20), seed, strength=strength)
        expected = 1 + strength * (stature(noise_of(seed)) - 1)
        np.testing.assert_allclose(sizes, expected, rtol=1e-4)
        assert moved < 1e-3


def test_heads_do_not_grow_out_of_the_picture_but_may_be_beyond_it_already():
    near, beyond = ([resized(walking(20, top), seed)[0].max() for seed in range(40)]
                    for top in (4, -20))  # fmt: skip
    assert 1.01 < max(near) <= 204 / 200 + 1e-4 < 1.05 < max(beyond)


def test_stature_changes_as_strength_does():
    strength = np.concatenate([np.zeros(10), np.linspace(0, 1, 20), np.ones(30)])
    sizes, moved = resized(walking(60), strength=strength)
    np.testing.assert_allclose(sizes, 1 + strength * (stature(noise_of(0)) - 1), rtol=1e-4)
    assert moved < 1e-3


@pytest.mark.parametrize("fps", [30, 50, 60, 120, 240])
def test_a_standing_person_keeps_standing_at_any_frame_rate(fps):
    masks = np.zeros((40, 64, 64))
    masks[:, 10:50, 20:40] = 1
    out = anonymize(clip_of(masks), ANetAnonymizer(Through()), torch.zeros(32), fps=fps)
    np.testing.assert_allclose(out.masks, masks, atol=1e-6)


def test_high_frame_rates_are_given_to_the_network_at_the_pace_it_knows():
    seen = []

    class Record(Through):
        def read(self, windows, joints=None):
            seen.append(windows[0].sum((1, 2)))
            return super().read(windows, joints)

    masks = np.zeros((32, 64, 64))
    for i, mask in enumerate(masks):
        mask[0, : i + 1] = 1
    anonymize(clip_of(masks), ANetAnonymizer(Record()), torch.zeros(32), fps=50)
    assert seen[0].tolist() == [1, 3, 5, 7, 9, 11, 13, 15]


def test_specks_are_dropped_and_the_body_stays():
    masks = np.zeros((8, 64, 64))
    masks[:, 10:50, 20:40] = 1
    body = masks.copy()
    masks[:, 2:4, 2:4] = 1
    out = anonymize(clip_of(masks), ANetAnonymizer(Through()), torch.zeros(32), fps=25)
    np.testing.assert_allclose(out.masks, body, atol=1e-6)


class Makes(Through):
    """Stands in for an A-NET that makes one picture, whatever it is shown."""

    def __init__(self, picture: np.ndarray):
        super().__init__()
        self.picture = torch.from_numpy(picture.astype(np.float32))

    def write(self, content, noise):
        return Written(self.picture.logit().expand(len(noise), len(content), -1, -1), None)


@pytest.mark.parametrize(("certainty", "closed"), [(0.3, True), (0.15, False)])
def test_a_gap_of_which_the_network_is_unsure_is_closed_and_a_sure_one_stays(certainty, closed):
    picture = np.zeros((64, 64))
    picture[10:40, 20:40] = picture[43:50, 20:40] = 1
    picture[40:43, 25:35] = certainty
    out = anonymize(
        clip_of(np.ones((8, 64, 64))), ANetAnonymizer(Makes(picture)), torch.zeros(32), fps=25
    )
    body = out.masks > 0.5
    assert body[:, 40:43, 25:35].all() == body[:, 40:43].any() == closed
    assert not body[:, 40:43, :25].any()


def test_same_noise_same_walk_other_noise_another():
    torch.manual_seed(0)
    anet = ANet(DIMS).eval()
    clip = clip_of(np.random.default_rng(0).random((20, 64, 64)))
    first, again, other = (
        anonymize(clip, ANetAnonymizer(anet), noise_of(seed), fps=25) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.masks, again.masks)
    assert not np.array_equal(first.masks, other.masks)
    assert first.masks.dtype == np.float32 and np.array_equal(first.squares, again.squares)
    assert not np.array_equal(first.squares, other.squares)


def test_strength_may_change_from_frame_to_frame():
    masks = np.zeros((9, 64, 64))
    masks[:, 10:54, 30:40] = 1
    joints = np.random.default_rng(0).random((9, 19, 3)).astype(np.float32)
    joints[..., 2] = 1
    clip = replace(clip_of(masks), joints=joints)
    made = [
        anonymize(clip, load("anet", find("anet").path), torch.zeros(32), fps=25, strength=strength)
        for strength in (np.float32([0] * 4 + [1] * 5), 1.0)
    ]
    assert np.allclose(made[0].joints[:4, :, :2], joints[:4, :, :2], atol=1e-6)
    assert (made[0].masks[:4] > 0.5).sum() == masks[:4].sum()
    assert np.abs(made[0].joints[6:] - made[1].joints[6:]).max() < 0.05


def test_less_strength_stays_nearer_to_the_old_outline():
    class Wider(Through):
        def write(self, content, noise):
            wider = torch.full((len(noise), len(content), 64, 64), -np.inf)
            wider[..., 10:54, 10:54] = np.inf
            return Written(wider, None)

    masks = np.zeros((9, 64, 64))
    masks[:, 10:54, 30:40] = 1
    widths = []
    for strength in (0.01, 0.25, 0.5, 0.75, 1):
        out = anonymize(
            clip_of(masks), ANetAnonymizer(Wider()), torch.zeros(32), fps=25, strength=strength
        )
        widths.append((out.masks[4] > 0.5)[32].sum())
    assert abs(widths[0] - 10) <= 2 and widths[-1] == 44 and widths == sorted(set(widths))
    nobody = anonymize(
        clip_of(0 * masks), ANetAnonymizer(Wider()), torch.zeros(32), fps=25, strength=0.5
    )
    assert (nobody.masks > 0.5).sum() == 9 * 44 * 44  # there is no old outline to stay near to


def block(frames: int) -> np.ndarray:
    masks = np.zeros((frames, 64, 64))
    masks[:, 10:50, 20:40] = 1
    return masks


@pytest.mark.parametrize(("frames", "fps"), [(3, 25), (50, 25), (100, 50)])
def test_joints_are_of_the_outlines_moment_and_squares_of_that_of_the_places(frames, fps):
    moments = np.linspace(0, 0.9 * (frames - 1), frames)
    timing = Timing(moments / 2, moments)
    clip = replace(walking(frames), joints=joints_of(frames))
    out = anonymize(clip, ANetAnonymizer(Through()), noise_of(0), fps=fps, timing=timing)
    if fps == 25:
        np.testing.assert_allclose(64 * out.joints[:, 3, 0], moments, atol=1e-3)
    np.testing.assert_allclose(64 * out.joints[3:-3, 3, 0], moments[3:-3], atol=0.5)
    np.testing.assert_allclose(out.squares[:, ::2].mean(axis=1), 300 + 2 * moments, rtol=1e-5)
    assert out.joints.shape == (frames, 19, 3) and out.joints.dtype == np.float32
    assert (out.joints[..., 2] == 1).all()


def test_a_network_of_windows_shows_the_nearest_moments():
    masks = np.zeros((20, 64, 64))
    for n, mask in enumerate(masks):
        mask[10:50, : n + 1] = 1
    moments = np.linspace(0, 19, 12)
    timing = Timing(moments / 2, moments)

    class Network(torch.nn.Module):
        dims = DIMS

        def forward(self, windows, noise):
            return windows

    out = anonymize(clip_of(masks), InStep(Network()), noise_of(0), fps=25, timing=timing)
    assert ((out.masks[:, 30] > 0.5).sum(axis=1) == 1 + np.rint(moments)).all()


@pytest.mark.parametrize("joints", [0, 19])
@pytest.mark.parametrize("known", [True, False])
def test_silhouettes_alone_still_work_and_only_a_network_that_writes_joints_gives_some(
    joints, known
):
    torch.manual_seed(0)
    anet = ANet(replace(DIMS, joints=joints)).eval()
    clip = clip_of(block(12), joints_of(12) if known else None)
    out = anonymize(clip, ANetAnonymizer(anet), noise_of(1), fps=25)
    assert out.masks.shape == (12, 64, 64)
    assert (out.joints is None) == (joints == 0)


def test_less_strength_stays_nearer_to_the_old_joints_where_these_are_known():
    class Away(Through):
        def write(self, content, noise):
            written = super().write(content, noise)
            return Written(written.logits, torch.full_like(written.joints, 0.75))

    old = joints_of(9)
    old[..., :2], old[:, 5, 2] = 0.25, 0
    out = anonymize(
        clip_of(block(9), old), ANetAnonymizer(Away()), torch.zeros(32), fps=25, strength=0.5
    )
    assert (out.joints[:, 5, :2] == 0.75).all()
    np.testing.assert_allclose(np.delete(out.joints, 5, 1)[..., :2], 0.5)
