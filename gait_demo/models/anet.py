"""A-NET: silhouettes and joints of a walk and a noise vector in, those of another walker out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from gait_demo.joints import BONES

_STAGES = 4  # 64 -> 4 pixels by halving
_JOINT_WIDTH = 256  # of the layers that read and write joints
_DRAWN = 32  # pixels of the square in which bones are drawn
_THICK = 0.04  # heights: deviation of a bone's width


@dataclass(frozen=True)
class ANetDims:
    """Sizes of A-NET; the paper gives none of them.

    Attributes:
        frames: length of the window of silhouettes that is read and written at once.
        noise_dim: length of the noise vector R.
        encoder_width, generator_width: channels of the convolutions nearest the image; they
            double at every halving.
        content_dim: numbers that carry one frame of the walk (phase, view, clothes) past the
            bottleneck. Few of them leave little room for the walker's identity.
        latent_dim: channels in which content and noise are added.
        joints: how many are read and written beside the silhouettes; 0 is the paper's A-NET.
    """

    frames: int = 8
    noise_dim: int = 32
    encoder_width: int = 32
    generator_width: int = 16
    content_dim: int = 16
    latent_dim: int = 128
    joints: int = 0


@dataclass(frozen=True)
class Written:
    """What A-NET writes.

    Attributes:
        logits: (N, frames, 64, 64), of Z before the sigmoid.
        joints: (N, frames, joints, 2), x and y in the unit square of the crop, or None.
    """

    logits: Tensor
    joints: Tensor | None


def _halve(inputs: int, outputs: int, norm: bool = True) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=not norm)
    rest = [nn.BatchNorm2d(outputs)] if norm else []
    return nn.Sequential(conv, *rest, nn.LeakyReLU(0.2))


class _Double(nn.Module):
    """One generator stage: twice the resolution, with the latent added before the batch norm."""

    def __init__(
        self, inputs: int, outputs: int, latent: int, first: bool = False, bones: bool = False
    ):
        super().__init__()
        stride, padding = (1, 0) if first else (2, 1)
        self.conv = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.condition = nn.Conv2d(latent, outputs, 1, bias=False)
        self.bones = nn.Conv2d(len(BONES) + 1, outputs, 3, padding=1, bias=False) if bones else None

    def forward(self, features: Tensor, latent: Tensor, drawn: Tensor | None) -> Tensor:
        wider = self.conv(features) + self.condition(latent)
        if self.bones is not None:
            times = drawn.shape[-1] // wider.shape[-1]
            wider = wider + self.bones(drawn if times == 1 else avg_pool2d(drawn, times))
        return torch.relu(self.norm(wider))


class _JointReader(nn.Module):
    """What joints say beside the silhouettes: at first nothing, so that a net that has never seen
    any can be trained on."""

    def __init__(self, dims: ANetDims):
        super().__init__()
        contents = dims.frames * dims.content_dim
        last = nn.Linear(_JOINT_WIDTH, contents)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(
            nn.Linear(contents + 3 * dims.frames * dims.joints, _JOINT_WIDTH),
            nn.LeakyReLU(0.2),
            nn.Linear(_JOINT_WIDTH, _JOINT_WIDTH),
            nn.LeakyReLU(0.2),
            last,
        )

    def forward(self, joints: Tensor, contents: Tensor) -> Tensor:
        """(N, frames, joints, 3) and (N, frames * content_dim), to be added to the latter."""
        places, seen = joints.split((2, 1), dim=3)
        centred = torch.cat(((places - 0.5) * seen.gt(0), seen), dim=3)
        return self.layers(torch.cat((contents, centred.flatten(1)), dim=1))


class _JointWriter(nn.Module):
    """(N, latent_dim) to joints (N, joints, 2), in full precision: bfloat16 knows three digits."""

    def __init__(self, dims: ANetDims):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(dims.latent_dim, _JOINT_WIDTH),
            nn.ReLU(),
            nn.Linear(_JOINT_WIDTH, _JOINT_WIDTH),
            nn.ReLU(),
            nn.Linear(_JOINT_WIDTH, 2 * dims.joints),
        )

    def forward(self, latent: Tensor) -> Tensor:
        with torch.autocast(latent.device.type, enabled=False):
            return 0.5 + self.layers(latent.float()).unflatten(1, (-1, 2))


def draw_bones(joints: Tensor) -> Tensor:
    """(N, 19, 2) in the unit square -> (N, 21, 32, 32) in [0, 1]: each bone, and the head."""
    pairs = torch.tensor([*BONES, (0, 0)], device=joints.device)
    start, end = joints[:, pairs[:, 0], :, None, None], joints[:, pairs[:, 1], :, None, None]
    pixel = (torch.arange(_DRAWN, device=joints.device) + 0.5) / _DRAWN
    x, y = pixel[None, :] - start[:, :, 0], pixel[:, None] - start[:, :, 1]
    along_x, along_y = (end - start).unbind(dim=2)
    length = (along_x.square() + along_y.square()).clamp(min=1e-6)
    share = ((x * along_x + y * along_y) / length).clamp(0, 1)
    apart = (x - share * along_x).square() + (y - share * along_y).square()
    return torch.exp(-apart / (2 * _THICK**2))


class ANet(nn.Module):
    """The paper's A-NET: a DCGAN (Radford et al. 2015) with a second input (section III-B).

    Strided 4x4 convolutions read the window X down to a content vector a frame, R is added to
    each, and the DCGAN generator writes the frames of Z one by one. That the sum is also added to
    the generator's inner feature maps is ours: at the latent alone the noise conditions the
    output too weakly. With joints, which tell left from right, a small branch reads them into
    the same content vectors, and another writes the new walker's from the same sum. The
    generator is shown the bones between these, so that limbs are as crisp as it knows them.
    """

    def __init__(self, dims: ANetDims):
        super().__init__()
        self.dims = dims
        up = [dims.encoder_width * 2**i for i in range(_STAGES)]
        self.encoder = nn.Sequential(
            _halve(dims.frames, up[0], norm=False),
            *(_halve(a, b) for a, b in pairwise(up)),
            nn.Conv2d(up[-1], dims.frames * dims.content_dim, 4),
        )
        self.content = nn.Conv2d(dims.content_dim, dims.latent_dim, 1)
        self.noise = nn.Conv2d(dims.noise_dim, dims.latent_dim, 1)
        down = [dims.generator_width * 2**i for i in reversed(range(_STAGES))]
        self.generator = nn.ModuleList(
            [
                _Double(dims.latent_dim, down[0], dims.latent_dim, first=True),
                *(
                    _Double(a, b, dims.latent_dim, bones=dims.joints > 0 and stage >= 2)
                    for stage, (a, b) in enumerate(pairwise(down), start=1)
                ),
            ]
        )
        self.last = nn.ConvTranspose2d(down[-1], 1, 4, stride=2, padding=1)
        self.apply(_initialise)
        self.joint_reader = _JointReader(dims) if dims.joints else None
        self.joint_writer = _JointWriter(dims) if dims.joints else None
        for stage in self.generator:
            if stage.bones is not None:
                nn.init.zeros_(stage.bones.weight)

    def read(self, silhouettes: Tensor, joints: Tensor | None = None) -> Tensor:
        """(N * frames, latent_dim, 1, 1): the content vectors of the windows of forward."""
        contents = self.encoder(silhouettes).flatten(1)
        if self.joint_reader is not None:
            if joints is None:
                joints = contents.new_zeros(*silhouettes.shape[:2], self.dims.joints, 3)
            contents = contents + self.joint_reader(joints, contents)
        return self.content(contents.reshape(-1, self.dims.content_dim, 1, 1))

    def write(self, content: Tensor, noise: Tensor) -> Written:
        """Of what `read` gave, or of as many frames more or less for each noise; otherwise as in
        forward."""
        frames = len(content) // len(noise)
        person = self.noise(noise[:, :, None, None]).repeat_interleave(frames, dim=0)
        features = latent = content + person
        joints = drawn = None
        if self.joint_writer is not None:
            joints = self.joint_writer(latent.flatten(1))
            drawn = draw_bones(joints.detach()).to(latent.dtype)
        for stage in self.generator:
            features = stage(features, latent, drawn)
        logits = self.last(features).unflatten(0, (-1, frames)).squeeze(2)
        return Written(logits, None if joints is None else joints.unflatten(0, (-1, frames)))

    def rewrite(self, silhouettes: Tensor, noise: Tensor, joints: Tensor | None = None) -> Written:
        """Read and written at once; arguments as in forward."""
        return self.write(self.read(silhouettes, joints), noise)

    def forward(self, silhouettes: Tensor, noise: Tensor, joints: Tensor | None = None) -> Tensor:
        """f_A(X, R) of Eq. 1-3.

        Args:
            silhouettes: (N, frames, 64, 64) float32 in [0, 1].
            noise: (N, noise_dim) float32, standard normal.
            joints: (N, frames, joints, 3) float32, x and y in the unit square of the crop, and
                visibility, 0 where not known; None: not known. Not read by a net without joints.

        Returns:
            (N, frames, 64, 64) float32 in [0, 1].
        """
        return torch.sigmoid(self.rewrite(silhouettes, noise, joints).logits)


def _initialise(module: nn.Module) -> None:
    """DCGAN's normal(0, 0.02) for convolutions is too small for 1x1 ones; scale by fan-in."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, a=0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
