"""Colours for synthesised silhouettes: the original crops through C-NET."""

from __future__ import annotations

import numpy as np
import torch

from gait_demo.imaging.nearest import nearest_colours
from gait_demo.models.cnet import CNet

_BATCH = 64  # frames


@torch.inference_mode()
def colorize(crops: np.ndarray, silhouettes: np.ndarray, cnet: CNet) -> np.ndarray:
    """f_C(Y, Z) for a whole track (paper, section III-C).

    Args:
        crops: (T, 64, 64, 3) float32 in [0, 1]; the original RGB squares with background.
        silhouettes: (T, 64, 64) float32 in [0, 1]; A-NET's output in the same squares.
        cnet: ready for inference.

    Returns:
        (T, 64, 64, 3) float32 in [0, 1]; outside the silhouette (0.5 or less) each pixel has the
        nearest colour inside, so that an enlarged edge is not mixed with black.
    """
    device = next(cnet.parameters()).device
    images = torch.from_numpy(crops).permute(0, 3, 1, 2)
    shapes = torch.from_numpy(silhouettes)
    batches = zip(images.split(_BATCH), shapes.split(_BATCH), strict=True)
    coloured = [cnet(image.to(device), shape.to(device)).cpu() for image, shape in batches]
    colours = torch.cat(coloured).permute(0, 2, 3, 1).contiguous().numpy()
    return np.stack(
        [
            nearest_colours(picture, inside) if inside.any() else picture
            for picture, inside in zip(colours, silhouettes > 0.5, strict=True)
        ]
    )
