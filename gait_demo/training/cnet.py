"""Training of C-NET, as the paper does it and in pairs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gait_demo.models.cnet import CNet, CNetDims
from gait_demo.training.data import Recordings
from gait_demo.training.loop import TrainingOptions, adam, train
from gait_demo.training.losses import reconstruction
from gait_demo.training.source import read_source

_SHIFT = 3  # pixels: maximum shift of a silhouette from its person


@dataclass(frozen=True)
class CNetTrainingOptions(TrainingOptions):
    """Options of training C-NET.

    Attributes:
        preset: sets the target: "paper": the nearest colours of the crop in another person's
            silhouette; "paired": the other person in the same clothes, light and place.
        dims: sizes of C-NET.
    """

    dims: CNetDims = field(default_factory=CNetDims)
    batch: int = 32


@dataclass(frozen=True)
class Crops:
    """Crops, and the silhouettes to colour by them.

    Attributes:
        rgb: (N, 3, 64, 64) float32 in [0, 1]; Y.
        silhouettes: (N, 64, 64) float32 in [0, 1]; Z.
        wanted: (N, 3, 64, 64) float32 in [0, 1]; GT.
    """

    rgb: Tensor
    silhouettes: Tensor
    wanted: Tensor


def train_cnet(options: CNetTrainingOptions) -> dict:
    """Trains C-NET by Eq. 5 and writes its checkpoint.

    Returns:
        The training summary, as written into the checkpoint.

    Raises:
        DataError: no usable walks, or no training state to resume.
    """
    about = {"preset": options.preset, "learning_rate": options.learning_rate}
    about["dims"] = asdict(options.dims)
    return train(_CNetTask(options), options, about)


def nearest_colours(crop: np.ndarray, original: np.ndarray, new: np.ndarray) -> np.ndarray:
    """GT of Eq. 5: each pixel of the new silhouette takes the nearest original colour.

    Args:
        crop: (H, W, 3), any dtype; the original crop with its background.
        original: (H, W) bool, not empty; the true silhouette in it.
        new: (H, W) bool; the silhouette to colour.

    Returns:
        (H, W, 3) of the crop's dtype, zero outside `new`.
    """
    row, column = distance_transform_edt(~original, return_distances=False, return_indices=True)
    return np.where(new[..., None], crop[row, column], 0).astype(crop.dtype)


def sample_crops(
    recordings: Recordings, count: int, rng: torch.Generator, preset: str = "paired"
) -> Crops:
    """Random crops of one person, with the silhouette of another in a similar pose."""
    device = rng.device
    pictures = recordings.pictures(count, rng)
    new = pictures.others
    shifts = _integers(-_SHIFT, _SHIFT, (count, 2), rng).tolist()
    for i, shift in enumerate(shifts):
        new[i] = _shifted(new[i], *shift)
    if preset == "paired":
        rolled = zip(pictures.others_rgb, shifts, strict=True)
        wanted = torch.stack([other.roll(shift, (0, 1)) for other, shift in rolled])
    else:
        masks = (pictures.silhouettes.cpu().numpy() > 0.5, new.cpu().numpy() > 0.5)
        triples = zip(pictures.rgb.cpu().numpy(), *masks, strict=True)
        wanted = torch.from_numpy(np.stack([nearest_colours(*t) for t in triples])).to(device)
    images = torch.cat((pictures.rgb, wanted), dim=3)
    images = _recolour(images.permute(0, 3, 1, 2).float() / 255, rng)
    soft = avg_pool2d(new, 3, 1, 1)
    softness = torch.rand((count, 1, 1), generator=rng, device=device)
    return Crops(
        rgb=images[:, :3],
        silhouettes=new + softness * (soft - new),
        wanted=images[:, 3:].masked_fill(new[:, None] < 0.5, 0),
    )


def _shifted(mask: Tensor, down: int, right: int) -> Tensor:
    moved = mask.roll((down, right), (0, 1))
    row, column = (torch.arange(len(mask), device=mask.device) - by for by in (down, right))
    inside = [(at >= 0) & (at < len(mask)) for at in (row, column)]
    return moved * inside[0][:, None] * inside[1]


def _recolour(images: Tensor, rng: torch.Generator) -> Tensor:
    """Other clothes and light: permuted channels, contrast and gains, for Y and GT alike."""
    count = len(images)
    shape = (count, 1, 3, 1, 1)
    order = torch.rand((count, 3), generator=rng, device=rng.device).argsort(dim=1)
    pairs = images.view(count, 2, 3, *images.shape[2:])
    pairs = pairs[torch.arange(count, device=rng.device)[:, None], :, order].transpose(1, 2)
    gain = 0.6 + 0.8 * torch.rand(shape, generator=rng, device=rng.device)
    offset = 0.3 * torch.rand(shape, generator=rng, device=rng.device) - 0.15
    return (pairs * gain + offset).clamp(0, 1).reshape(images.shape)


def _integers(low: int, high: int, shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    return torch.randint(low, high + 1, shape, generator=rng, device=rng.device)


class _CNetTask:
    network = "cnet"

    def __init__(self, options: CNetTrainingOptions):
        torch.manual_seed(options.seed)
        self.rng = torch.Generator(options.device).manual_seed(options.seed)
        self._options = options
        self.data = read_source(
            options.data,
            options.device,
            people=options.people,
            pairs=options.preset == "paired",
            rgb=True,
        )
        channels_last = torch.channels_last
        self.model = CNet(options.dims).to(options.device, memory_format=channels_last)
        self._optimiser = adam(self.model, options.learning_rate)
        self.parts = {"model": self.model, "optimiser": self._optimiser}

    def step(self, progress: float) -> dict[str, Tensor]:
        self.model.train()
        crops = self._sample(self.data.training, self._options.batch, self.rng)
        with self._options.autocast():
            coloured = self.model(crops.rgb, crops.silhouettes)
        loss = reconstruction(crops.wanted, coloured.float())
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        return {"L1": loss}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """inside, copy: mean absolute error on the silhouette of C-NET and of Y x Z itself."""
        self.model.eval()
        crops = self._sample(self.data.held_out, 64, self._seeded(0))
        inside = crops.silhouettes[:, None].expand_as(crops.wanted) > 0.5
        coloured = self.model(crops.rgb, crops.silhouettes)
        return {
            "inside": float((coloured - crops.wanted).abs()[inside].mean()),
            "copy": float((crops.rgb - crops.wanted).abs()[inside].mean()),
        }

    @torch.no_grad()
    def picture(self) -> np.ndarray:
        """Columns: crop, silhouette, Y x Z, target, output."""
        self.model.eval()
        crops = self._sample(self.data.held_out, 12, self._seeded(1))
        shape = crops.silhouettes[:, None].expand(-1, 3, -1, -1)
        coloured = self.model(crops.rgb, crops.silhouettes)
        rows = torch.stack((crops.rgb, shape, crops.rgb * shape, crops.wanted, coloured), dim=1)
        grid = rows.permute(0, 3, 1, 4, 2).reshape(12 * 64, 5 * 64, 3)
        return (grid.cpu().numpy() * 255).astype(np.uint8)

    def _sample(self, recordings: Recordings, count: int, rng: torch.Generator) -> Crops:
        return sample_crops(recordings, count, rng, self._options.preset)

    def _seeded(self, seed: int) -> torch.Generator:
        return torch.Generator(self._options.device).manual_seed(seed)
