"""Training of ST-GAN, the baseline."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from torch import Tensor

from gait_demo.models.stgan import STGAN, STGANDims
from gait_demo.training import losses
from gait_demo.training.anet import ANetTask
from gait_demo.training.loop import TrainingOptions, train


@dataclass(frozen=True)
class STGANTrainingOptions(TrainingOptions):
    """Options of training ST-GAN.

    Attributes:
        preset: "paper" alone.
        pull: weight of L_Pur, which draws the result to the noise's gait; its authors tried 0.1,
            0.2 and 0.3. Larger hides more and looks less natural.
        critic_width: channels of D_S nearest the image, twice those of D_T.
    """

    preset: str = "paper"
    learning_rate: float = 2e-4
    dims: STGANDims = field(default_factory=STGANDims)
    pull: float = 0.3
    critic_width: int = 32


def train_stgan(options: STGANTrainingOptions) -> dict:
    """Trains ST-GAN and writes its checkpoint.

    Returns:
        The training summary, as written into the checkpoint.

    Raises:
        DataError: no usable walks, or no training state to resume.
    """
    about = {"pull": options.pull, "learning_rate": options.learning_rate}
    return train(_STGANTask(options), options, about | {"dims": asdict(options.dims)})


class _STGANTask(ANetTask):
    """L_Rec + pull x L_Pur + L_S + L_T, and the noise generator as a GAN of its own.

    What is published names the losses; that L_Pur is the distance to the noise's gait, as L_Rec is
    to the original, is our inference. Both networks get the losses of both discriminators in the
    form that still has gradients while a discriminator wins.
    """

    network = "stgan"
    build = STGAN

    def _made(self, inputs: Tensor, noise: Tensor, seen: None) -> tuple[Tensor, None]:
        return self.model(inputs, noise), None

    def step(self, progress: float) -> dict[str, Tensor]:
        self.model.train()
        count = self._options.batch
        real = self.data.training.windows(count, self._frames, self.rng).walker
        with self._options.autocast():
            noise_gait = self.model.noise_gait(self._random_noise(count))
            made = self.model.anonymized(real, noise_gait.detach())
        noise_gait, made = noise_gait.float(), made.float()
        critic = self._train_critic(real, made) + self._train_critic(real, noise_gait)
        terms = {}
        for name, fake in (("", made), ("N_", noise_gait)):
            on_frames, on_windows = self._judge(fake)
            terms[f"L_{name}S"] = losses.non_saturating(on_frames)
            terms[f"L_{name}T"] = losses.non_saturating(on_windows)
        terms["L_Rec"] = losses.reconstruction(real, made)
        terms["L_Pur"] = losses.reconstruction(noise_gait.detach(), made)
        weights = {"L_Pur": self._options.pull}
        self._descend(sum(weights.get(name, 1) * term for name, term in terms.items()))
        return terms | {"D": critic}
