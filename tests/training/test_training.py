import dataclasses

import numpy as np
import pytest
import torch
from fake_walks import write_fake_walks
from safetensors.torch import load_file

from checkpoints import summary_of
from gait_demo.__main__ import main
from gait_demo.errors import DataError, WeightsError
from gait_demo.models import build
from gait_demo.models.anet import ANetDims
from gait_demo.models.cnet import CNet, CNetDims
from gait_demo.models.stgan import STGANDims, contours
from gait_demo.training import data as walk_data
from gait_demo.training import losses
from gait_demo.training.anet import ANetTrainingOptions, train_anet
from gait_demo.training.cnet import CNetTrainingOptions, nearest_colours, sample_crops, train_cnet
from gait_demo.training.mean import average
from gait_demo.training.misread import misread
from gait_demo.training.stgan import STGANTrainingOptions, train_stgan

pytestmark = pytest.mark.slow

ANET = ANetDims(encoder_width=4, generator_width=4, content_dim=8, latent_dim=8)
CNET = CNetDims(width=4)


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    return write_fake_walks(tmp_path_factory.mktemp("walks"))


@pytest.fixture
def anet_options(walks, tmp_path):
    return ANetTrainingOptions(
        data=walks, out=tmp_path / "anet.safetensors", dims=ANET, critic_width=4,
        steps=4, batch=8, bf16=False,
    )  # fmt: skip


def test_windows_are_two_people_and_the_code_of_the_second(walks):
    loaded = walk_data.load_walks(walk_data.shards(walks))
    rng = torch.Generator().manual_seed(0)
    windows = loaded.windows(64, 8, rng)
    width = (windows.other > 0.5).sum(-1).amax((1, 2)).float()
    trunk = windows.code[:, 0]
    assert windows.walker.shape == windows.other.shape == (64, 8, 64, 64)
    assert np.corrcoef(width.numpy(), torch.tanh(trunk).numpy())[0, 1] > 0.5
    assert not torch.equal(windows.walker, windows.other)


def test_twins_are_two_walkers_on_their_way_to_one_target(walks):
    loaded = walk_data.load_walks(walk_data.shards(walks), joints=True)
    windows = loaded.windows(64, 8, torch.Generator().manual_seed(0), twins=True)
    one, other = windows.walker_code.chunk(2)
    assert (one != other).any(dim=1).all()
    assert (windows.walker_code != windows.code).any(dim=1).all()
    assert not torch.equal(*windows.walker.chunk(2))
    for same in (windows.other, windows.code, windows.other_joints):
        assert torch.equal(*same.chunk(2))


def test_joints_are_placed_as_the_silhouettes_are(walks):
    """The feet of the drawn figure stay at the ends of its legs."""
    loaded = walk_data.load_walks(walk_data.shards(walks), joints=True)
    windows = loaded.windows(32, 8, torch.Generator().manual_seed(0))
    for masks, joints in (
        (windows.walker, windows.walker_joints),
        (windows.other, windows.other_joints),
    ):
        feet = 64 * joints[:, :, [7, 16]] - 0.5
        row = masks[:, :, 56]
        weight = row / row.sum(-1, keepdim=True)
        middle = (weight * torch.arange(64)).sum(-1)
        wanted = feet[..., 0].mean(-1)
        assert (middle - wanted).abs().max() < 1.5
        assert (feet[..., 0] - middle[..., None]).abs().max() > 3


def test_unpack_inverts_packbits():
    bits = np.random.default_rng(0).integers(0, 2, (5, 64, 64), np.uint8)
    packed = torch.from_numpy(np.packbits(bits, axis=-1))
    assert np.array_equal(walk_data.unpack(packed).numpy(), bits)


def test_losses_against_their_closed_forms():
    logits = torch.tensor([0.0, 2.0, -3.0])
    judged = torch.sigmoid(logits)
    torch.testing.assert_close(losses.minimax(logits), torch.log(1 - judged).mean())
    torch.testing.assert_close(losses.non_saturating(logits), -torch.log(judged).mean())
    both = torch.nn.functional.binary_cross_entropy(judged, torch.ones(3))
    both += torch.nn.functional.binary_cross_entropy(1 - judged, torch.ones(3))
    torch.testing.assert_close(losses.discriminator(logits, logits), both)


@pytest.mark.parametrize("preset", ["paired", "paper"])
def test_training_learns_and_says_what_it_did(anet_options, preset):
    options = dataclasses.replace(
        anet_options, preset=preset, steps=40, report_every=10, learning_rate=1e-2
    )
    summary = train_anet(options)
    falling = "BCE" if preset == "paired" else "L_Rec"
    history = summary["history"]
    assert history[-1][falling] < 0.9 * history[0][falling]
    assert summary["preset"] == preset and summary["steps"] == 40
    assert summary_of(options.out) == summary
    assert build.load(options.out, "anet").dims == ANET
    assert options.picture_file.stat().st_size > 1000


def test_training_with_joints_starts_from_a_net_without_and_learns_both(anet_options):
    train_anet(anet_options)
    start = anet_options.out.rename(anet_options.out.with_name("start.safetensors"))
    dims = dataclasses.replace(ANET, joints=19)
    options = dataclasses.replace(
        anet_options, dims=dims, start=start, steps=60, report_every=20, learning_rate=5e-3,
        forget_weight=0.1,
    )  # fmt: skip
    history = train_anet(options)["history"]
    assert history[-1]["J"] < 0.9 * history[0]["J"] and history[-1]["BCE"] < history[0]["BCE"]
    assert {"joint", "sides", "thigh", "knee", "trunk", "read"} <= set(history[-1])
    assert build.load(options.out, "anet").dims == dims
    with pytest.raises(WeightsError, match="another size"):
        train_anet(dataclasses.replace(options, dims=ANET, start=options.out))


def test_what_is_made_of_twins_comes_together(anet_options):
    dims = dataclasses.replace(ANET, joints=19)
    options = dataclasses.replace(
        anet_options, dims=dims, steps=40, report_every=40, learning_rate=5e-3
    )
    apart = [
        train_anet(dataclasses.replace(options, twin_weight=weight))["history"][-1]["Twins"]
        for weight in (1e-6, 3.0)
    ]
    assert apart[1] < 0.7 * apart[0]


@pytest.mark.parametrize(
    "wrong", [{"twin_weight": -1.0}, {"adversarial_from": 0.5}, {"preset": "paper"}]
)
def test_twins_that_cannot_be_compared_are_refused(anet_options, wrong):
    with pytest.raises(ValueError, match="twin_weight"):
        dataclasses.replace(anet_options, **{"twin_weight": 1.0} | wrong)


def test_the_mean_of_two_trainings_lies_between_them(anet_options, tmp_path):
    for seed in (0, 1):
        train_anet(
            dataclasses.replace(anet_options, seed=seed, out=tmp_path / f"{seed}.safetensors")
        )
    files = [tmp_path / "0.safetensors", tmp_path / "1.safetensors"]
    main(["train", "mean", "anet", *map(str, files), "--out", str(tmp_path / "mean.safetensors")])
    one, other, mean = (load_file(tmp_path / f"{name}.safetensors") for name in ("0", "1", "mean"))
    for name, weights in mean.items():
        torch.testing.assert_close(weights.double(), (one[name] + other[name]).double() / 2)
    assert len(summary_of(tmp_path / "mean.safetensors")["mean of"]) == 2
    with pytest.raises(DataError, match="two checkpoints"):
        average("anet", files[:1], tmp_path / "mean.safetensors")


def test_joints_are_misread_within_measure_and_lost_ones_are_told():
    joints = torch.rand(500, 8, 19, 2, generator=torch.Generator().manual_seed(0))
    read = misread(joints, torch.Generator().manual_seed(0))
    assert read.shape == (500, 8, 19, 3)
    seen = read[..., 2]
    assert seen.min() == 0 and seen.max() <= 1
    assert 0.15 < float((seen.amax((1, 2)) == 0).float().mean()) < 0.25  # nobody at all
    assert (read[seen == 0][:, :2] == 0.5).all()
    off = (read[..., :2] - joints).norm(dim=-1)
    assert 0.01 < float(off[seen > 0.8].median()) < 0.03
    assert off[(seen > 0) & (seen < 0.3)].median() > 1.5 * off[seen > 0.8].median()


@pytest.mark.parametrize("preset", ["paired", "paper"])
def test_a_resumed_run_ends_where_an_uninterrupted_one_does(anet_options, tmp_path, preset):
    whole = dataclasses.replace(anet_options, preset=preset, report_every=2, adversarial_from=0.0)
    train_anet(whole)
    halves = dataclasses.replace(whole, out=tmp_path / "halves.safetensors")
    stop_after(halves, steps=2)
    train_anet(dataclasses.replace(halves, resume=True))
    wanted, got = load_file(whole.out), load_file(halves.out)
    assert all(torch.equal(wanted[name], got[name]) for name in wanted)


def stop_after(options: ANetTrainingOptions, steps: int) -> None:
    """Kill a run in the step after its first report."""
    from gait_demo.training import anet

    class Killed(Exception):
        pass

    class Mortal(anet.ANetTask):
        done = 0

        def step(self, progress):
            if self.done == steps:
                raise Killed
            self.done += 1
            return super().step(progress)

    with pytest.raises(Killed):
        anet.train(Mortal(options), options, {})


def test_stgan_learns_and_goes_on_where_it_was(walks, tmp_path):
    options = STGANTrainingOptions(
        data=walks, out=tmp_path / "stgan.safetensors", dims=STGANDims(width=4), critic_width=4,
        steps=40, batch=8, bf16=False, report_every=20, learning_rate=1e-2,
    )  # fmt: skip
    history = train_stgan(options)["history"]
    assert history[-1]["L_Rec"] < 0.9 * history[0]["L_Rec"]
    network = build.load(options.out, "stgan")
    walker, noise = torch.zeros(1, 8, 64, 64), torch.randn(2, 32)
    walker[..., 10:60, 25:40] = 1
    first, second = (network(walker, each[None]) for each in noise)
    assert first.shape == walker.shape and not torch.equal(first, second)
    further = dataclasses.replace(options, steps=60, resume=True)
    assert train_stgan(further)["history"][-1]["step"] == 60


def test_contours_are_the_inner_edge():
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 10:20, 30:50] = 1
    edge = contours(mask)
    assert edge.sum() == 2 * 20 + 2 * 8 and (edge <= mask).all()


def test_minutes_end_a_run_early(anet_options):
    summary = train_anet(dataclasses.replace(anet_options, steps=10**6, minutes=0.01))
    assert 1 <= summary["steps"] < 1000


@pytest.mark.parametrize("preset", ["paired", "paper"])
def test_cnet_recolours_what_a_copy_gets_wrong(walks, preset):
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(0)
    loaded = walk_data.load_walks(walk_data.shards(walks), rgb=True)
    crops = sample_crops(loaded, 8, rng, preset)
    copy = losses.reconstruction(crops.wanted, crops.rgb * (crops.silhouettes > 0.5)[:, None])
    cnet = CNet(CNetDims(width=8))
    optimiser = torch.optim.Adam(cnet.parameters(), 3e-3)
    for _ in range(60):
        loss = losses.reconstruction(crops.wanted, cnet(crops.rgb, crops.silhouettes))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.7 * copy


def test_cnet_training_writes_its_checkpoint(walks, tmp_path):
    options = CNetTrainingOptions(
        data=walks, out=tmp_path / "cnet.safetensors", dims=CNET, steps=2, batch=8, bf16=False
    )
    summary = train_cnet(options)
    assert summary_of(options.out) == summary
    assert {"L1", "inside", "copy"} <= set(summary["history"][-1])
    assert build.load(options.out, "cnet").dims == CNET


def test_nearest_colours_against_every_pixel():
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (16, 16, 3), np.uint8)
    original, new = rng.random((16, 16)) < 0.1, rng.random((16, 16)) < 0.6
    got = nearest_colours(crop, original, new)
    there = np.argwhere(original)
    for y, x in np.argwhere(new):
        distance = ((there - (y, x)) ** 2).sum(1)
        nearest = there[distance == distance.min()]
        assert any((got[y, x] == crop[tuple(pixel)]).all() for pixel in nearest)
    assert not got[~new].any()


def test_data_errors_say_what_is_missing(anet_options, tmp_path):
    with pytest.raises(DataError, match="at least two"):
        train_anet(dataclasses.replace(anet_options, data=tmp_path))
    with pytest.raises(DataError, match="without --resume"):
        train_anet(dataclasses.replace(anet_options, resume=True))
    broken = write_fake_walks(tmp_path / "broken")
    (broken / "walks-00000.npz").write_bytes(b"not a shard")
    with pytest.raises(DataError, match="walks-00000"):
        train_anet(dataclasses.replace(anet_options, data=broken))
    old = write_fake_walks(tmp_path / "old")
    for path in old.glob("*.npz"):
        with np.load(path) as shard:
            kept = {name: shard[name] for name in shard if name != "joints"}
        np.savez(path, **kept)
    with pytest.raises(DataError, match="joints"):
        train_anet(
            dataclasses.replace(anet_options, data=old, dims=dataclasses.replace(ANET, joints=19))
        )


def test_joints_are_for_pairs(anet_options):
    dims = dataclasses.replace(ANET, joints=19)
    with pytest.raises(ValueError, match="joints"):
        dataclasses.replace(anet_options, preset="paper", dims=dims)


@pytest.mark.parametrize("wrong", [{"preset": "fast"}, {"steps": 0}, {"minutes": 0}, {"batch": 1}])
def test_impossible_options_are_refused(anet_options, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        dataclasses.replace(anet_options, **wrong)
