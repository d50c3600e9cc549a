"""Training of A-NET, as the paper does it and in pairs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from gait_demo.degrade import degrade
from gait_demo.models.anet import ANet, ANetDims
from gait_demo.models.discriminators import (
    IdentityReader,
    SpatialDiscriminator,
    TemporalDiscriminator,
)
from gait_demo.silhouettes import is_one_piece
from gait_demo.training import losses
from gait_demo.training.loop import TrainingOptions, adam, train
from gait_demo.training.source import read_source

_NOISES = 8  # vectors that validation compares with each other


@dataclass(frozen=True)
class ANetTrainingOptions(TrainingOptions):
    """What training A-NET is told.

    Attributes:
        preset: "paper" minimises Eq. 4 as it stands. "paired" asks, from damaged silhouettes of
            one walker, for the clean ones of another walker whose identity is the noise.
        dims: sizes of A-NET.
        adversarial_weight: "paired": weight of each discriminator's loss beside cross-entropy.
        adversarial_from: "paired": share of the training after which discriminators join; 1 is
            never. They make sharper outlines, of which too many fall into pieces.
        forget_weight: "paired": weight of what an adversary, trained along, reads of the walker
            who went in from the result; 0 is without an adversary.
        critic_width: channels of D_S nearest the image, twice those of D_T.
    """

    dims: ANetDims = field(default_factory=ANetDims)
    adversarial_weight: float = 0.005
    adversarial_from: float = 1.0
    forget_weight: float = 0.0
    critic_width: int = 32


def train_anet(options: ANetTrainingOptions) -> dict:
    """Train A-NET and write its checkpoint.

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
    return train(ANetTask(options), options, about | {"dims": asdict(options.dims)})


class ANetTask:
    """A-NET in training; of another network that anonymizes, all but the step is the same."""

    network = "anet"
    build = ANet

    def __init__(self, options: ANetTrainingOptions):
        torch.manual_seed(options.seed)
        self.rng = torch.Generator(options.device).manual_seed(options.seed)
        self._options = options
        pairs = options.preset == "paired"
        self.data = read_source(options.data, options.device, people=options.people, pairs=pairs)
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
            reader = IdentityReader(options.dims.frames, options.dims.noise_dim)
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
            logits = self.model.logits(real, self._random_noise(len(real)))
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
        windows = self.data.training.windows(count, self._frames, self.rng)
        noise = windows.code
        # While discriminators judge, the last eighth of the batch becomes people who do not
        # exist: no cross-entropy can be asked of them, only that they look real.
        eighth = count // 8 if adversarial else 0
        paired = count - eighth
        if adversarial:
            noise = torch.cat((noise[:paired], self._random_noise(eighth)))
        with self._options.autocast():
            logits = self.model.logits(degrade(windows.walker, self.rng), noise)
        logits = logits.float()
        entropy = binary_cross_entropy_with_logits(logits[:paired], windows.other[:paired])
        terms = {"BCE": entropy}
        loss = entropy
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
            terms["Id"] = self._train_reader(made.detach(), person, walker)
            loss = loss + self._options.forget_weight * self._read(made, person).square().mean()
        self._descend(loss)
        return terms

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
        one = torch.randint(frames, (count,), generator=self.rng, device=windows.device)
        picked = windows[torch.arange(count, device=windows.device), one]
        with self._options.autocast():
            on_frames, on_windows = self._spatial(picked), self._temporal(windows)
        return on_frames.float(), on_windows.float()

    def _train_reader(self, made: Tensor, noise: Tensor, walker_code: Tensor) -> Tensor:
        """Its mean squared error; 1 is that of who knows nothing."""
        loss = mse_loss(self._read(made, noise), walker_code)
        self._reader_optimiser.zero_grad()
        loss.backward()
        self._reader_optimiser.step()
        return loss

    def _read(self, made: Tensor, noise: Tensor) -> Tensor:
        with self._options.autocast():
            return self._reader(made, noise).float()

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
        """On walks and people never seen, always the same ones.

        iou: to the person whose code is the noise; on CASIA-B, to the walker. alike: mean IoU
        between outputs of different noises (1 is a network that ignores R). whole: share of
        frames with one main component. area: foreground against the input's. read, if there is an
        adversary: its mean squared error, 1 is that of who knows nothing.
        """
        self.model.eval()
        rng = torch.Generator(self._options.device).manual_seed(0)
        windows = self.data.held_out.windows(64, self._frames, rng)
        inputs = degrade(windows.walker, rng)
        made = self.model(inputs, windows.code)
        found = made > 0.5
        few = inputs[:16]
        shape = (_NOISES, 1, self._options.dims.noise_dim)
        noise = torch.randn(shape, generator=rng, device=rng.device)
        others = torch.stack([self.model(few, r.expand(len(few), -1)) > 0.5 for r in noise])
        pairs = [iou(others[i], others[j]) for i in range(_NOISES) for j in range(i)]
        area = others.sum() / (_NOISES * (windows.walker[:16] > 0.5).sum())
        scores = {}
        if self._forgets:
            self._reader.eval()
            scores["read"] = float(mse_loss(self._read(made, windows.code), windows.walker_code))
            self._reader.train()
        return scores | {
            "iou": float(iou(found, windows.other > 0.5).mean()),
            "alike": float(torch.stack(pairs).mean()),
            "whole": float(np.mean([is_one_piece(m) for m in others.flatten(0, 2).cpu().numpy()])),
            "area": float(area),
        }

    @torch.no_grad()
    def picture(self) -> np.ndarray:
        """Rows by fours: input, wanted person, the network's, then three random noises."""
        self.model.eval()
        rng = torch.Generator(self._options.device).manual_seed(1)
        windows = self.data.held_out.windows(4, self._frames, rng)
        inputs = degrade(windows.walker, rng)
        shape = (3, 1, self._options.dims.noise_dim)
        noise = torch.randn(shape, generator=rng, device=rng.device)
        rows = [inputs, windows.other, self.model(inputs, windows.code)]
        rows += [self.model(inputs, r.expand(len(inputs), -1)) for r in noise]
        grid = torch.stack(rows, dim=1).transpose(2, 3).flatten(0, 2).flatten(1)
        image = (grid.cpu().numpy().reshape(-1, grid.shape[1]) * 255).astype(np.uint8)
        return np.repeat(image[..., None], 3, axis=2)


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boolean masks (..., 64, 64), over the last two axes."""
    return (a & b).sum((-2, -1)) / (a | b).sum((-2, -1)).clamp(min=1)
