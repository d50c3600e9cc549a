from dataclasses import replace

import numpy as np
import pytest
import torch

from gait_demo.anonymization.noise import noise_vector, noise_vectors, sway, unlike
from gait_demo.anonymization.track import anonymize, blended
from gait_demo.models.anet import ANet, ANetDims, Written
from gait_demo.models.stgan import STGAN, STGANDims
from gait_demo.types import SilhouetteClip

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


def test_noise_is_repeatable_and_differs_by_seed_and_person():
    assert torch.equal(noise_vector(7, 32, 2), noise_vector(7, 32, 2))
    assert not torch.equal(noise_vector(7, 32, 1), noise_vector(8, 32, 1))
    assert not torch.equal(noise_vector(7, 32, 1), noise_vector(7, 32, 2))
    many = torch.stack([noise_vector(seed, 32) for seed in range(200)])
    assert abs(float(many.mean())) < 0.05 and abs(float(many.std()) - 1) < 0.05


def test_the_baseline_takes_the_place_of_anet():
    """As `study build` shows it beside ours."""
    stgan = STGAN(STGANDims(width=2)).eval()
    clip = clip_of(np.random.default_rng(0).random((20, 64, 64)) > 0.5)
    noise = unlike(clip, stgan, 3, fps=25)
    assert torch.equal(noise, noise_vector(3, stgan.dims.noise_dim))
    assert anonymize(clip, stgan, noise, fps=25).masks.shape == (20, 64, 64)


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
@pytest.mark.parametrize("strength", [1, 0.5])
def test_the_new_walk_is_late_as_the_noise_says(frames, fps, streams, strength, monkeypatch):
    monkeypatch.setattr(
        "gait_demo.anonymization.track._part_of_the_way", lambda old, new, strength: new
    )
    columns = 1 + np.arange(frames) // streams  # of a block that grows
    masks = np.zeros((frames, 64, 64))
    for mask, width in zip(masks, columns, strict=True):
        mask[:, :width] = 1
    noise = noise_vector(0, 32)
    out = anonymize(clip_of(masks), Through(), noise, fps=fps, strength=strength)
    late = strength * sway(noise, frames, fps) * fps / streams
    assert np.ptp(late) > strength or frames < 50
    expected = np.clip(columns - late, 1, columns[-1])
    tolerance = 0.1 if streams == 1 else 0.3  # of the smoothing
    np.testing.assert_allclose(out.masks.mean(1).sum(1), expected, atol=tolerance)


def test_sway_keeps_within_its_bounds_at_any_frame_rate_and_length():
    for seed in range(50):
        noise = noise_vector(seed, 32)
        late = sway(noise, 601, 25)
        assert 0.024 < abs(late).max() <= 0.05 and abs(late[300]) < 1e-9
        assert abs(np.diff(late)).max() * 25 <= 0.053
        assert np.array_equal(late, sway(noise.clone(), 601, 25))
        np.testing.assert_allclose(sway(noise, 1201, 50)[::2], late, atol=1e-9)
        np.testing.assert_allclose(sway(noise, 101, 25), late[250:351], atol=1e-9)
        assert sway(noise, 1, 25).tolist() == [0] and sway(noise, 0, 25).size == 0
    early = [sway(noise_vector(seed, 32), 75, 25)[0] < 0 for seed in range(200)]
    assert 70 < sum(early) < 130  # as often early as late


@pytest.mark.parametrize("fps", [30, 50, 60, 120, 240])
def test_a_standing_person_keeps_standing_at_any_frame_rate(fps):
    masks = np.zeros((40, 64, 64))
    masks[:, 10:50, 20:40] = 1
    out = anonymize(clip_of(masks), Through(), torch.zeros(32), fps=fps)
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
    anonymize(clip_of(masks), Record(), torch.zeros(32), fps=50)
    assert seen[0].tolist() == [1, 3, 5, 7, 9, 11, 13, 15]


def test_specks_are_dropped_and_the_body_stays():
    masks = np.zeros((8, 64, 64))
    masks[:, 10:50, 20:40] = 1
    body = masks.copy()
    masks[:, 2:4, 2:4] = 1
    out = anonymize(clip_of(masks), Through(), torch.zeros(32), fps=25)
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
    out = anonymize(clip_of(np.ones((8, 64, 64))), Makes(picture), torch.zeros(32), fps=25)
    body = out.masks > 0.5
    assert body[:, 40:43, 25:35].all() == body[:, 40:43].any() == closed
    assert not body[:, 40:43, :25].any()


def test_same_noise_same_walk_other_noise_another():
    torch.manual_seed(0)
    anet = ANet(DIMS).eval()
    clip = clip_of(np.random.default_rng(0).random((20, 64, 64)))
    first, again, other = (
        anonymize(clip, anet, noise_vector(seed, 32), fps=25) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.masks, again.masks)
    assert not np.array_equal(first.masks, other.masks)
    assert first.masks.dtype == np.float32 and np.array_equal(first.squares, clip.squares)


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
        out = anonymize(clip_of(masks), Wider(), torch.zeros(32), fps=25, strength=strength)
        widths.append((out.masks[4] > 0.5)[32].sum())
    assert abs(widths[0] - 10) <= 2 and widths[-1] == 44 and widths == sorted(set(widths))
    nobody = anonymize(clip_of(0 * masks), Wider(), torch.zeros(32), fps=25, strength=0.5)
    assert (nobody.masks > 0.5).sum() == 9 * 44 * 44  # there is no old outline to stay near to


def test_of_the_strangers_of_a_seed_the_least_like_the_walker_is_taken():
    class Wide(Through):
        """Makes a block as wide as the first number of the noise says."""

        def read(self, windows, joints=None):
            return windows

        def write(self, content, noise):
            made = torch.full_like(content, -20)
            for one, width in zip(made, 16 + 6 * noise[:, 0], strict=True):
                one[:, 10:54, : int(width)] = 20
            return Written(made, None)

    masks = np.zeros((30, 64, 64))
    for width in (2, 40):
        masks[:, 10:54, :width], masks[:, 10:54, width:] = 1, 0
        for seed in range(5):
            proposed = noise_vectors(seed, 32, 1, 6)
            chosen = unlike(clip_of(masks), Wide(), seed, fps=25)
            away = [abs(int(16 + 6 * n[0]) - width) for n in proposed]
            assert abs(int(16 + 6 * chosen[0]) - width) == max(away)
    short = unlike(clip_of(masks[:3]), Wide(), 1, fps=25)
    assert torch.equal(short, noise_vectors(1, 32, 1, 6)[0])


def block(frames: int) -> np.ndarray:
    masks = np.zeros((frames, 64, 64))
    masks[:, 10:50, 20:40] = 1
    return masks


@pytest.mark.parametrize(("frames", "fps"), [(3, 25), (50, 25), (100, 50)])
def test_joints_are_late_as_the_outline_is_and_all_are_visible(frames, fps):
    noise = noise_vector(0, 32)
    out = anonymize(clip_of(block(frames), joints_of(frames)), Through(), noise, fps=fps)
    late = sway(noise, frames, fps) * fps
    expected = np.clip(np.arange(frames) - late, 0, frames - 1)
    if fps == 25:
        np.testing.assert_allclose(64 * out.joints[:, 3, 0], expected, atol=1e-3)
    np.testing.assert_allclose(64 * out.joints[3:-3, 3, 0], expected[3:-3], atol=0.1)
    assert out.joints.shape == (frames, 19, 3) and out.joints.dtype == np.float32
    assert (out.joints[..., 2] == 1).all()


@pytest.mark.parametrize("joints", [0, 19])
@pytest.mark.parametrize("known", [True, False])
def test_silhouettes_alone_still_work_and_only_a_network_that_writes_joints_gives_some(
    joints, known
):
    torch.manual_seed(0)
    anet = ANet(replace(DIMS, joints=joints)).eval()
    clip = clip_of(block(12), joints_of(12) if known else None)
    out = anonymize(clip, anet, noise_vector(1, 32), fps=25)
    assert out.masks.shape == (12, 64, 64) and unlike(clip, anet, 1, fps=25).shape == (32,)
    assert (out.joints is None) == (joints == 0)


def test_less_strength_stays_nearer_to_the_old_joints_where_these_are_known():
    class Away(Through):
        def write(self, content, noise):
            written = super().write(content, noise)
            return Written(written.logits, torch.full_like(written.joints, 0.75))

    old = joints_of(9)
    old[..., :2], old[:, 5, 2] = 0.25, 0
    out = anonymize(clip_of(block(9), old), Away(), torch.zeros(32), fps=25, strength=0.5)
    assert (out.joints[:, 5, :2] == 0.75).all()
    np.testing.assert_allclose(np.delete(out.joints, 5, 1)[..., :2], 0.5)
