from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from checkpoints import summary_of
from gait_demo.errors import WeightsError
from gait_demo.joints import BONES
from gait_demo.models import build
from gait_demo.models.anet import ANet, ANetDims, draw_bones
from gait_demo.models.cnet import CNet, CNetDims
from gait_demo.models.discriminators import (
    IdentityReader,
    SpatialDiscriminator,
    TemporalDiscriminator,
)
from gait_demo.models.precision import bfloat16

SMALL = ANetDims(encoder_width=4, generator_width=4, content_dim=4, latent_dim=8)


@pytest.fixture
def anet():
    torch.manual_seed(0)
    return ANet(SMALL).eval()


def test_shapes_are_those_of_the_paper(anet):
    windows = torch.rand(2, 8, 64, 64)
    assert anet(windows, torch.randn(2, 32)).shape == (2, 8, 64, 64)
    assert CNet(CNetDims(width=4))(torch.rand(2, 3, 64, 64), windows[:, 0]).shape == (2, 3, 64, 64)
    assert SpatialDiscriminator(4)(windows[:, 0]).shape == (2,)
    assert TemporalDiscriminator(4)(windows).shape == (2,)


def test_noise_changes_the_output(anet):
    window = torch.rand(1, 8, 64, 64)
    first, second = (anet(window, torch.randn(1, 32)) for _ in range(2))
    assert (first - second).abs().mean() > 1e-4


def windows_with_joints(count=2):
    torch.manual_seed(1)
    return torch.rand(count, 8, 64, 64), torch.randn(count, 32), torch.rand(count, 8, 19, 3)


def test_joints_are_written_beside_the_silhouettes_only_by_a_net_that_has_them(anet):
    windows, noise, joints = windows_with_joints()
    net = ANet(replace(SMALL, joints=19)).eval()
    written = net.rewrite(windows, noise, joints)
    assert written.logits.shape == (2, 8, 64, 64) and written.joints.shape == (2, 8, 19, 2)
    assert anet.rewrite(windows, noise, joints).joints is None


def test_joints_that_are_not_known_are_as_none_wherever_they_are_said_to_be():
    windows, noise, joints = windows_with_joints()
    net = ANet(replace(SMALL, joints=19)).eval()
    torch.nn.init.normal_(net.joint_reader.layers[-1].weight)
    unknown = torch.cat((joints[..., :2], torch.zeros_like(joints[..., 2:])), dim=3)
    assert torch.equal(net(windows, noise, unknown), net(windows, noise))
    assert not torch.equal(net(windows, noise, joints), net(windows, noise))


def test_a_net_with_joints_begins_as_the_one_without(anet):
    windows, noise, joints = windows_with_joints()
    net = ANet(replace(SMALL, joints=19)).eval()
    net.load_state_dict(anet.state_dict(), strict=False)
    assert torch.equal(net(windows, noise, joints), anet(windows, noise))


def test_bones_are_drawn_between_their_joints():
    joints = torch.full((1, 19, 2), 0.1)
    joints[0, 6], joints[0, 7] = torch.tensor([0.25, 0.5]), torch.tensor([0.75, 0.5])
    drawn = draw_bones(joints)[0, BONES.index((6, 7))]
    assert drawn.shape == (32, 32) and drawn.max() <= 1
    row, column = (drawn > 0.5).nonzero().unbind(dim=1)
    assert {*row.tolist()} == {14, 15, 16, 17} and (column.min(), column.max()) == (7, 24)


def test_the_adversary_reads_the_joints():
    windows, noise, joints = windows_with_joints()
    places = joints[..., :2].requires_grad_()
    reader = IdentityReader(width=4, joints=19).eval()
    reader(windows, noise, places).sum().backward()
    assert (places.grad.abs().amax((0, 1, 3)) > 0).all()


def test_published_sizes_stay_under_ten_megabytes():
    for model in (ANet(ANetDims(joints=19)), CNet(CNetDims())):
        assert sum(t.numel() * t.element_size() for t in model.state_dict().values()) < 10e6


def test_checkpoint_round_trip(anet, tmp_path):
    path = tmp_path / "anet.safetensors"
    build.save(path, "anet", anet, {"steps": 3})
    loaded = build.load(path, "anet")
    window, noise = torch.rand(1, 8, 64, 64), torch.randn(1, 32)
    assert loaded.dims == SMALL and not loaded.training
    torch.testing.assert_close(loaded(window, noise), anet(window, noise))
    assert summary_of(path) == {"steps": 3}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def _wrong_network(path):
    return path, "cnet"


def _wrong_dims(path):
    save_file(
        load_file(path),
        path,
        {"network": "anet", "dims": '{"encoder_width": 8}', "summary": "{}"},
    )
    return path, "anet"


def _unknown_dims(path):
    save_file(load_file(path), path, {"network": "anet", "dims": '{"girth": 8}'})
    return path, "anet"


def _foreign_file(path):
    save_file(load_file(path), path)
    return path, "anet"


def _truncated(path):
    path.write_bytes(path.read_bytes()[:1000])
    return path, "anet"


def _missing(path):
    return path.with_name("none.safetensors"), "anet"


@pytest.mark.parametrize(
    "spoil",
    [_wrong_network, _wrong_dims, _unknown_dims, _foreign_file, _truncated, _missing],
)
def test_what_does_not_fit_is_refused_by_name(anet, tmp_path, spoil):
    path = tmp_path / "anet.safetensors"
    build.save(path, "anet", anet, {})
    path, network = spoil(path)
    with pytest.raises(WeightsError, match=path.name):
        build.load(path, network)


@pytest.mark.parametrize(
    ("processor", "wanted", "enabled"),
    [("AVX512", True, True), ("AVX512", False, False), ("AVX2", True, False)],
)
def test_bfloat16_is_used_where_it_is_fast(monkeypatch, processor, wanted, enabled):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: processor)
    image = torch.ones(1, 1, 4, 4)
    with bfloat16(wanted=wanted):
        made = torch.nn.functional.conv2d(image, torch.ones(1, 1, 3, 3))
    assert (made.dtype == torch.bfloat16) == enabled
