"""Training of A-NET, as the paper does it and in pairs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss, mse_loss

from gait_demo.anonymization.anet import of_one_length
from gait_demo.joints import LEGS, NAMES
from gait_demo.models.anet import ANet, ANetDims, Written
from gait_demo.models.discriminators import (
    IdentityReader,
    SpatialDiscriminator,
    TemporalDiscriminator,
)
from gait_demo.silhouettes.crops import is_one_piece
from gait_demo.silhouettes.degrade import degrade
from gait_demo.training import losses
from gait_demo.training.data import Windows
from gait_demo.training.figures import side_by_side
from gait_demo.training.loop import TrainingOptions, adam, train
from gait_demo.training.misread import misread
from gait_demo.training.source import read_source

_NOISES = 8  # number of noise vectors that validation compares
_LEGS_APART = 0.05  # heights: minimum distance of the legs for telling left from right
_INDEX = {name: n for n, name in enumerate(NAMES)}
_THIGH, _SHANK = ("left_hip", "left_knee"), ("left_knee", "left_ankle")
_TRUNK = ("left_hip", "left_shoulder")


@dataclass(frozen=True)
class ANetTrainingOptions(TrainingOptions):
    """Options of training A-NET.

    Attributes:
        preset: "paper" minimises Eq. 4 as it stands. "paired" learns to map damaged silhouettes of
            one walker to clean ones of another walker, whose identity vector is the noise.
        dims: sizes of A-NET; joints are for pairs.
        joint_weight: "paired": of the mean absolute error of joints, beside cross-entropy.
        adversarial_weight: "paired": weight of each discriminator's loss beside cross-entropy.
        adversarial_from: "paired": share of the training after which discriminators join; 1: never.
            They sharpen outlines, but too many silhouettes fall into pieces.
        forget_weight: "paired": weight of what an adversary, which is trained meanwhile, can read
            of the input walker from the result; 0: no adversary.
        twin_weight: "paired": weight of the difference between what is made, with the same noise,
            of two walkers of the same walk; 0: none. Not with discriminators.
        critic_width: channels of D_S nearest the image, twice those of D_T.
    """

    dims: ANetDims = field(default_factory=ANetDims)
    joint_weight: float = 2.0
    adversarial_weight: float = 0.005
    adversarial_from: float = 1.0
    forget_weight: float = 0.0
    twin_weight: float = 0.0
    critic_width: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dims.joints and self.preset != "paired":
            raise ValueError(f"dims: joints are for preset paired, got {self.preset!r}")
        if self.twin_weight < 0:
            raise ValueError(f"twin_weight: expected at least 0, got {self.twin_weight}")
        if self.twin_weight and (self.preset != "paired" or self.adversarial_from < 1):
            raise ValueError("twin_weight: twins are for preset paired, without discriminators")


def train_anet(options: ANetTrainingOptions) -> dict:
    """Trains A-NET and writes its checkpoint.

    Returns:
        The training summary, as written into the checkpoint.

    Raises:
        DataError: no usable walks, or no training state to resume.
    """
    about = {"preset": options.preset, "learning_rate": options.learning_rate}
    if options.preset == "paired":
        about["adversarial_weight"] = options.adversarial_weight
        about["adversarial_from"] = options.adversarial_from
        about["forget_weight"] = options.forget_weight
        about["twin_weight"] = options.twin_weight
        if options.dims.joints:
            about["joint_weight"] = options.joint_weight
    return train(ANetTask(options), options, about | {"dims": asdict(options.dims)})


class ANetTask:
    """Training of A-NET; tasks of other anonymizing networks inherit all but the step."""

    network = "anet"
    build = ANet

    def __init__(self, options: ANetTrainingOptions):
        torch.manual_seed(options.seed)
        self.rng = torch.Generator(options.device).manual_seed(options.seed)
        self._options = options
        pairs = options.preset == "paired"
        self._joints = options.dims.joints if pairs else 0
        self.data = read_source(
            options.data, options.device, people=options.people, pairs=pairs,
            joints=self._joints > 0,
        )  # fmt: skip
        channels_last = torch.channels_last
        self.model = self.build(options.dims).to(options.device, memory_format=channels_last)
        self._spatial = SpatialDiscriminator(options.critic_width).to(memory_format=channels_last)
        self._temporal = TemporalDiscriminator(options.critic_width // 2)
        self._critic = nn.ModuleList([self._spatial, self._temporal]).to(options.device)
        self._judges = [self._critic]
        self._optimiser = adam(self.model, options.learning_rate)
        self._critic_optimiser = adam(self._critic, options.learning_rate)
        self.parts = {
            "model": self.model,
            "critic": self._critic,
            "optimiser": self._optimiser,
            "critic_optimiser": self._critic_optimiser,
        }
        self._forgets = pairs and options.forget_weight > 0
        if self._forgets:
            reader = IdentityReader(
                options.dims.frames, options.dims.noise_dim, joints=self._joints
            )
            self._reader = reader.to(options.device, memory_format=channels_last)
            self._reader_optimiser = adam(self._reader, options.learning_rate)
            self._judges.append(self._reader)
            self.parts |= {"reader": self._reader, "reader_optimiser": self._reader_optimiser}

    def step(self, progress: float) -> dict[str, Tensor]:
        self.model.train()
        if self._options.preset == "paper":
            return self._paper_step()
        begin = self._options.adversarial_from
        return self._paired_step(adversarial=begin < 1 and progress >= begin)

    def _paper_step(self) -> dict[str, Tensor]:
        windows = self.data.training.windows(self._options.batch, self._frames, self.rng)
        real = windows.walker
        with self._options.autocast():
            logits = self.model.rewrite(real, self._random_noise(len(real))).logits
        fake = torch.sigmoid(logits.float())
        critic = self._train_critic(real, fake)
        on_frames, on_windows = self._judge(fake)
        terms = {
            "L_S": losses.minimax(on_frames),
            "L_T": losses.minimax(on_windows),
            "L_Rec": losses.reconstruction(real, fake),
        }
        self._descend(sum(terms.values()))
        return terms | {"D": critic}

    def _paired_step(self, adversarial: bool) -> dict[str, Tensor]:
        count = self._options.batch
        twins = self._options.twin_weight > 0
        windows = self.data.training.windows(count, self._frames, self.rng, twins)
        noise = windows.code
        # While discriminators judge, the last eighth of the batch becomes people who do not
        # exist: no cross-entropy can be asked of them, only that they look real.
        eighth = count // 8 if adversarial else 0
        paired = count - eighth
        if adversarial:
            noise = torch.cat((noise[:paired], self._random_noise(eighth)))
        with self._options.autocast():
            inputs, seen = degrade(windows.walker, self.rng), self._seen(windows, self.rng)
            content = self.model.read(inputs, seen)
            if twins:  # both in one batch, whose statistics the norms keep
                same = of_one_length(self._random_noise(len(noise) // 2)).repeat(2, 1)
                both = self.model.write(content.repeat(2, 1, 1, 1), torch.cat((noise, same)))
                written, made_of_twins = both.halves()
            else:
                written = self.model.write(content, noise)
        logits = written.logits.float()
        entropy = binary_cross_entropy_with_logits(logits[:paired], windows.other[:paired])
        terms = {"BCE": entropy}
        loss = entropy
        joints = None
        if written.joints is not None:
            joints = written.joints[:paired].float()
            terms["J"] = l1_loss(joints, windows.other_joints[:paired])
            loss = loss + self._options.joint_weight * terms["J"]
        if twins:
            terms["Twins"] = self._apart(made_of_twins)
            loss = loss + self._options.twin_weight * terms["Twins"]
        if adversarial:
            fake = torch.sigmoid(logits[-2 * eighth :])
            terms["D"] = self._train_critic(windows.other[: 2 * eighth], fake)
            on_frames, on_windows = self._judge(fake)
            terms["S"] = losses.non_saturating(on_frames)
            terms["T"] = losses.non_saturating(on_windows)
            loss = loss + self._options.adversarial_weight * (terms["S"] + terms["T"])
        if self._forgets:
            made = torch.sigmoid(logits[:paired])
            walker, person = windows.walker_code[:paired], noise[:paired]
            shown = None if joints is None else joints.detach()
            terms["Id"] = self._train_reader(made.detach(), person, walker, shown)
            error = self._read(made, person, joints).square().mean()
            loss = loss + self._options.forget_weight * error
        self._descend(loss)
        return terms

    def _apart(self, twins: Written) -> Tensor:
        """How far the first half of the batch is from the second: cross-entropy of silhouettes,
        each being the target of its twin, and mean absolute difference of joints."""
        one, other = twins.halves()
        logits = one.logits.float(), other.logits.float()
        targets = [values.detach().gt(0).float() for values in reversed(logits)]
        apart = binary_cross_entropy_with_logits(torch.cat(logits), torch.cat(targets))
        if twins.joints is None:
            return apart
        return apart + self._options.joint_weight * l1_loss(one.joints, other.joints)

    def _seen(self, windows: Windows, rng: torch.Generator) -> Tensor | None:
        """The walkers' joints with simulated errors; None for a network without joints."""
        if not self._joints:
            return None
        return misread(windows.walker_joints, rng)

    def _train_critic(self, real: Tensor, fake: Tensor) -> Tensor:
        pairs = zip(self._judge(real), self._judge(fake.detach()), strict=True)
        loss = sum(losses.discriminator(*logits) for logits in pairs)
        self._critic_optimiser.zero_grad()
        loss.backward()
        self._critic_optimiser.step()
        return loss

    def _judge(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of D_S, on one frame of each window (neighbours are too alike), and of D_T."""
        count, frames = windows.shape[:2]
        frame = torch.randint(frames, (count,), generator=self.rng, device=windows.device)
        picked = windows[torch.arange(count, device=windows.device), frame]
        with self._options.autocast():
            on_frames, on_windows = self._spatial(picked), self._temporal(windows)
        return on_frames.float(), on_windows.float()

    def _train_reader(
        self, made: Tensor, noise: Tensor, walker_code: Tensor, joints: Tensor | None
    ) -> Tensor:
        """Trains the adversary; returns its mean squared error, which is 1 by guessing."""
        loss = mse_loss(self._read(made, noise, joints), walker_code)
        self._reader_optimiser.zero_grad()
        loss.backward()
        self._reader_optimiser.step()
        return loss

    def _read(self, made: Tensor, noise: Tensor, joints: Tensor | None) -> Tensor:
        with self._options.autocast():
            return self._reader(made, noise, joints).float()

    def _descend(self, loss: Tensor) -> None:
        self._optimiser.zero_grad()
        for judge in self._judges:
            judge.requires_grad_(False)
        loss.backward()
        for judge in self._judges:
            judge.requires_grad_(True)
        self._optimiser.step()

    def _random_noise(self, count: int) -> Tensor:
        shape = (count, self._options.dims.noise_dim)
        return torch.randn(shape, generator=self.rng, device=self.rng.device)

    @property
    def _frames(self) -> int:
        return self._options.dims.frames

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Scores on walks of people who are not in training, always the same ones.

        iou: with the person whose code is the noise; on CASIA-B, with the walker. alike: mean IoU
        between outputs of different noises (1 if the network ignores R). whole: share of
        frames with one main component. area: foreground against the input's. read, if there is an
        adversary: its mean squared error, 1 by guessing. With joints: joint, the
        mean distance to that person's joints in heights; sides, the share of legs that lie
        nearer to theirs than to those of the other side, where these are apart; thigh, knee and
        trunk, the mean angle in degrees between outputs of different noises.
        """
        self.model.eval()
        rng = torch.Generator(self._options.device).manual_seed(0)
        windows = self.data.held_out.windows(64, self._frames, rng)
        inputs, seen = degrade(windows.walker, rng), self._seen(windows, rng)
        made, joints = self._made(inputs, windows.code, seen)
        few = slice(0, 16)
        shape = (_NOISES, 1, self._options.dims.noise_dim)
        noise = torch.randn(shape, generator=rng, device=rng.device)
        others = [
            self._made(inputs[few], r.expand(16, -1), None if seen is None else seen[few])
            for r in noise
        ]
        masks = torch.stack([made > 0.5 for made, _ in others])
        pairs = [iou(masks[i], masks[j]) for i in range(_NOISES) for j in range(i)]
        area = masks.sum() / (_NOISES * (windows.walker[few] > 0.5).sum())
        scores = {}
        if self._forgets:
            self._reader.eval()
            read = self._read(made, windows.code, joints)
            scores["read"] = float(mse_loss(read, windows.walker_code))
            self._reader.train()
        if joints is not None:
            scores |= _joint_scores(joints, windows.other_joints)
            scores |= _angle_scores(torch.stack([written for _, written in others]))
        return scores | {
            "iou": float(iou(made > 0.5, windows.other > 0.5).mean()),
            "alike": float(torch.stack(pairs).mean()),
            "whole": float(np.mean([is_one_piece(m) for m in masks.flatten(0, 2).cpu().numpy()])),
            "area": float(area),
        }

    def _made(
        self, inputs: Tensor, noise: Tensor, seen: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Z and the new joints; arguments as for A-NET's forward."""
        written = self.model.rewrite(inputs, noise, seen)
        return torch.sigmoid(written.logits), written.joints

    @torch.no_grad()
    def picture(self) -> np.ndarray:
        """Six rows for each of four walks: input, target, output, and outputs of three random
        noises."""
        self.model.eval()
        rng = torch.Generator(self._options.device).manual_seed(1)
        windows = self.data.held_out.windows(4, self._frames, rng)
        inputs, seen = degrade(windows.walker, rng), self._seen(windows, rng)
        shape = (3, 1, self._options.dims.noise_dim)
        noise = torch.randn(shape, generator=rng, device=rng.device)
        rows = [(inputs, seen), (windows.other, windows.other_joints)]
        rows.append(self._made(inputs, windows.code, seen))
        rows += [self._made(inputs, r.expand(len(inputs), -1), seen) for r in noise]
        grid = torch.stack([masks for masks, _ in rows], dim=1).flatten(0, 1)
        points = [None] * len(grid)
        if seen is not None:
            points = torch.stack([joints[..., :2] for _, joints in rows], dim=1).flatten(0, 1)
        return np.concatenate([side_by_side(*row) for row in zip(grid, points, strict=True)])


def _joint_scores(joints: Tensor, wanted: Tensor) -> dict[str, float]:
    """Scores of joints (N, frames, 19, 2) against their targets."""
    left, right = (list(side) for side in LEGS)

    def apart(a: list[int], b: list[int], other: Tensor) -> Tensor:
        return (joints[:, :, a] - other[:, :, b]).norm(dim=-1).mean(dim=-1)

    straight = apart(left, left, wanted) + apart(right, right, wanted)
    crossed = apart(left, right, wanted) + apart(right, left, wanted)
    clear = (wanted[:, :, left] - wanted[:, :, right]).norm(dim=-1).mean(dim=-1) > _LEGS_APART
    return {
        "joint": float((joints - wanted).norm(dim=-1).mean()),
        "sides": float((straight < crossed)[clear].float().mean()),
    }


def _angle_scores(joints: Tensor) -> dict[str, float]:
    """Mean differences in degrees between walkers, (R, N, frames, 19, 2)."""
    angles = {"thigh": (_THIGH,), "knee": (_THIGH, _SHANK), "trunk": (_TRUNK,)}
    scores = {}
    for name, bones in angles.items():
        first, *second = (_turn(joints, *bone) for bone in bones)
        angle = first - second[0] if second else first
        pairs = [angle[i] - angle[j] for i in range(len(angle)) for j in range(i)]
        scores[name] = float(torch.rad2deg(_wrapped(torch.stack(pairs)).abs()).mean())
    return scores


def _turn(joints: Tensor, start: str, end: str) -> Tensor:
    """(...) radians of a bone of the left side against the vertical of the picture."""
    x, y = (joints[..., _INDEX[end], :] - joints[..., _INDEX[start], :]).unbind(dim=-1)
    return torch.atan2(x, y)


def _wrapped(angle: Tensor) -> Tensor:
    return torch.atan2(angle.sin(), angle.cos())


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boolean masks (..., 64, 64), over the last two axes."""
    return (a & b).sum((-2, -1)) / (a | b).sum((-2, -1)).clamp(min=1)
