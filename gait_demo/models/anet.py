"""A-NET: maps silhouettes and joints of a walk, and a noise vector, to those of another walker."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from gait_demo.joints import BONES

_STAGES = 4  # 64 -> 4 pixels by halving
_JOINT_WIDTH = 256  # width of the layers that read and write joints
_DRAWN = 32  # side in pixels of the images in which bones are drawn
_THICK = 0.04  # standard deviation of a bone's Gaussian profile, in sides of the crop


@dataclass(frozen=True)
class ANetDims:
    """Sizes of A-NET; the paper gives none of them.

    Attributes:
        frames: number of frames of the window that is read and written at once.
        noise_dim: length of the noise vector R.
        encoder_width, generator_width: channels of the convolutions nearest the image; they
            double at every halving.
        content_dim: length of the content vector, the bottleneck that carries one frame of the walk
            (phase, view, clothes). A short one leaves little room for the walker's identity.
        latent_dim: channels in which content and noise are added.
        joints: number of joints read and written with the silhouettes; 0 is the paper's A-NET.
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
    """A-NET's output.

    Attributes:
        logits: (N, frames, 64, 64), Z before the sigmoid.
        joints: (N, frames, joints, 2), x and y in the unit square of the crop, or None.
    """

    logits: Tensor
    joints: Tensor | None

    def halves(self) -> tuple[Written, Written]:
        """Those of the first N/2 walks, and of the others."""
        joints = (None, None) if self.joints is None else self.joints.chunk(2)
        one, other = map(Written, self.logits.chunk(2), joints)
        return one, other


def _halve(inputs: int, outputs: int, norm: bool = True) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=not norm)
    rest = [nn.BatchNorm2d(outputs)] if norm else []
    return nn.Sequential(conv, *rest, nn.LeakyReLU(0.2))


class _Double(nn.Module):
    """One generator stage: doubles the resolution and adds the latent (and, in later stages, images
    of the bones) before the batch norm."""

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
    """Corrects the content vectors by the joints. It starts as 0, so that training can continue
    from a network without joints."""

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
        """(N, frames, joints, 3) and contents (N, frames * content_dim) -> the correction to add to
        the contents, same shape."""
        places, seen = joints.split((2, 1), dim=3)
        centred = torch.cat(((places - 0.5) * seen.gt(0), seen), dim=3)
        return self.layers(torch.cat((contents, centred.flatten(1)), dim=1))


class _JointWriter(nn.Module):
    """(N, latent_dim) -> joints (N, joints, 2). Always in float32: bfloat16 has three digits."""

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
    """Joints (N, 19, 2) in the unit square -> (N, 21, 32, 32) in [0, 1]: an image of each bone, and
    one of the head."""
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

    Strided 4x4 convolutions encode the window X into one content vector per frame, R is added to
    each, and the DCGAN generator decodes the frames of Z one by one. Unlike the paper's, the sum is
    also added to the generator's inner feature maps: at its input alone, the noise has too little
    effect. If there are joints, which tell left from right, a small branch adds them to the content
    vectors, and another one predicts the new walker's joints from the sum. The generator is also
    given images of the bones between these joints, so that it draws crisp limbs.
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
        """Encoder: content vectors (N * frames, latent_dim, 1, 1); arguments as for `forward`."""
        contents = self.encoder(silhouettes).flatten(1)
        if self.joint_reader is not None:
            if joints is None:
                joints = contents.new_zeros(*silhouettes.shape[:2], self.dims.joints, 3)
            contents = contents + self.joint_reader(joints, contents)
        return self.content(contents.reshape(-1, self.dims.content_dim, 1, 1))

    def write(self, content: Tensor, noise: Tensor) -> Written:
        """Decoder.

        Args:
            content: (N * frames, latent_dim, 1, 1), as `read` returns it, with any number of frames
                per noise vector.
            noise: (N, noise_dim).
        """
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
        """`read`, then `write`; arguments as for `forward`."""
        return self.write(self.read(silhouettes, joints), noise)

    def forward(self, silhouettes: Tensor, noise: Tensor, joints: Tensor | None = None) -> Tensor:
        """f_A(X, R) of Eq. 1-3.

        Args:
            silhouettes: (N, frames, 64, 64) float32 in [0, 1].
            noise: (N, noise_dim) float32, standard normal.
            joints: (N, frames, joints, 3) float32, x and y in the unit square of the crop, and
                visibility, 0 where not known; None: none is known. A network without joints ignores
                them.

        Returns:
            (N, frames, 64, 64) float32 in [0, 1].
        """
        return torch.sigmoid(self.rewrite(silhouettes, noise, joints).logits)


def _initialise(module: nn.Module) -> None:
    """Kaiming initialisation: DCGAN's normal(0, 0.02) is too small for 1x1 convolutions."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, a=0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
