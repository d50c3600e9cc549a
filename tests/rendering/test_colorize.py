import numpy as np
import torch

from gait_demo.models.cnet import CNet, CNetDims
from gait_demo.rendering.colorize import colorize


def test_frames_keep_their_order_across_batches():
    torch.manual_seed(0)
    cnet = CNet(CNetDims(width=4)).eval()
    rng = np.random.default_rng(0)
    crops = rng.random((70, 64, 64, 3), np.float32)
    silhouettes = rng.random((70, 64, 64), np.float32)
    coloured = colorize(crops, silhouettes, cnet)
    assert coloured.shape == crops.shape and coloured.dtype == np.float32
    assert coloured.min() >= 0 and coloured.max() <= 1
    alone = colorize(crops[69:], silhouettes[69:], cnet)
    np.testing.assert_allclose(coloured[69:], alone, atol=1e-5)
