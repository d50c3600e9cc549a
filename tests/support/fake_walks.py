"""Shards of the shape that synthesis writes, of a figure simple enough to draw in a line."""

from pathlib import Path

import numpy as np

PEOPLE, PHASES, PICTURES = 3, 48, 4


def write_fake_walks(folder: Path, shards: int = 2, walks: int = 4) -> Path:
    """An ellipse on two swinging legs; its width and stride are the first two code numbers.

    Its legs are where the joints say, the left one first. The clothes of a walk are of one colour
    before a background of noise.
    """
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(shards):
        codes = rng.standard_normal((walks, PEOPLE, 32)).astype(np.float32)
        width = (8 + 2 * np.tanh(codes[..., 0]))[..., None, None, None]
        stride = (8 + 4 * np.tanh(codes[..., 1]))[..., None]
        swing = (stride * np.sin(np.arange(PHASES) / PHASES * 2 * np.pi))[..., None, None]
        leg = swing * (y - 35) / 29
        trunk = ((y - 24) / 22) ** 2 + ((x - 32) / width) ** 2 < 1
        legs = (np.minimum(abs(x - 32 - leg), abs(x - 32 + leg)) < 4) & (y >= 35)
        masks = trunk | legs
        foot = np.stack([32 + swing[..., 0], np.full_like(swing[..., 0], 63)], axis=-1)
        other_foot = foot * [-1, 1] + [64, 0]
        joints = np.full((*swing.shape[:3], 19, 2), 32.0)
        joints[..., 5:10, :], joints[..., 14:, :] = foot, other_foot
        pictures = np.arange(PICTURES) * PHASES // PICTURES
        clothes = rng.integers(0, 256, (walks, 1, 1, 1, 1, 3))
        place = rng.integers(0, 256, (walks, PEOPLE, PICTURES, 64, 64, 3))
        rgb = np.where(masks[:, :, pictures, :, :, None], clothes, place)
        np.savez(
            folder / f"walks-{shard:05d}.npz",
            silhouettes=np.packbits(masks, axis=-1),
            codes=codes,
            joints=(joints / 64).astype(np.float16),
            rgb=rgb.astype(np.uint8),
            rgb_phases=pictures,
            views=np.zeros((walks, 2), np.float32),
        )
    return folder
