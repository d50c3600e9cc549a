"""What a walker looks like: skin, hair, cloth and light."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from gait_demo.synthesis.clothes import BAG, BOTTOM, HAIR, SHOES, SKIN, TOP
from gait_demo.synthesis.walker import Walker

PATTERNS = ("plain", "striped", "checked", "printed")

# Light, medium and dark skin and natural hair, sRGB in [0, 1]; mixed with each other at random.
_SKIN = np.array([(0.94, 0.80, 0.70), (0.82, 0.62, 0.48), (0.58, 0.40, 0.28), (0.32, 0.21, 0.15)])
_HAIR = np.array([(0.07, 0.06, 0.06), (0.25, 0.16, 0.10), (0.62, 0.48, 0.30), (0.72, 0.71, 0.70)])


@dataclass(frozen=True)
class Appearance:
    """Colours of one walker.

    Attributes:
        colours: (6, 3) sRGB in [0, 1] by SKIN, HAIR, TOP, BOTTOM, SHOES, BAG.
        accents: (5, 3) second colour of a pattern.
        patterns: pattern name of TOP and of BOTTOM.
        scale_m: size of a pattern's repeat in metres.
        light: (3,) direction to the light, unit length.
        ambient: share of ambient light.
    """

    colours: np.ndarray
    accents: np.ndarray
    patterns: tuple[str, str]
    scale_m: float
    light: np.ndarray
    ambient: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Appearance:
        colours = np.zeros((6, 3))
        for kind, palette in ((SKIN, _SKIN), (HAIR, _HAIR)):
            at = rng.uniform(0, len(palette) - 1)
            low = min(int(at), len(palette) - 2)
            colours[kind] = palette[low] + (at - low) * (palette[low + 1] - palette[low])
        for kind in (TOP, BOTTOM, SHOES):
            colours[kind] = _cloth(rng)
        accents = np.array([_cloth(rng) for _ in range(5)])
        colours[BAG] = accents[SHOES]  # which have no pattern
        azimuth, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.3)
        patterns = (
            str(rng.choice(PATTERNS, p=[0.55, 0.17, 0.14, 0.14])),
            str(rng.choice(PATTERNS, p=[0.85, 0.05, 0.07, 0.03])),
        )
        scale_m = float(rng.uniform(0.04, 0.14))
        level = np.cos(height)
        light = np.array([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(height)])
        return cls(colours, accents, patterns, scale_m, light, float(rng.uniform(0.45, 0.75)))


def _cloth(rng: np.random.Generator) -> np.ndarray:
    """A clothing colour: mostly muted, some vivid, any brightness."""
    saturation = rng.beta(1.2, 2.5)
    return np.array(colorsys.hsv_to_rgb(rng.uniform(), saturation, rng.uniform(0.08, 0.95)))


def shade(
    walker: Walker,
    vertices: np.ndarray,
    index: np.ndarray,
    weights: np.ndarray,
    appearance: Appearance,
) -> np.ndarray:
    """Colours the pixels in which a rasteriser found a face.

    Args:
        vertices: (V, 3) posed mesh in metres.
        index, weights: as `render.rasterise` returns them, (H, W) and (H, W, 2).

    Returns:
        (N, 3) float32 in [0, 1], sRGB, for the N pixels where index >= 0, in row order.
    """
    seen = index >= 0
    face = index[seen]
    u, v = weights[seen].T
    mix = np.stack([u, v, 1 - u - v], -1)
    corners = walker.faces[face]
    normal = np.einsum("nk,nkd->nd", mix, _vertex_normals(vertices, walker.faces)[corners])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    place = np.einsum("nk,nkd->nd", mix, walker.cloth[corners])
    kind = walker.face_kind[face]
    colour = appearance.colours[kind]
    for cloth, pattern in zip((TOP, BOTTOM), appearance.patterns, strict=True):
        on_cloth = kind == cloth
        share = _pattern(pattern, place[on_cloth] / appearance.scale_m)[:, None]
        colour[on_cloth] = (1 - share) * colour[on_cloth] + share * appearance.accents[cloth]
    lit = np.clip(normal @ appearance.light * 0.8 + 0.2, 0, 1)
    return np.clip(
        colour * (appearance.ambient + (1 - appearance.ambient) * lit)[:, None], 0, 1
    ).astype(np.float32)


def _pattern(name: str, place: np.ndarray) -> np.ndarray:
    """(N,): share of the accent colour at points of the cloth, given in repeats of the pattern."""
    x, y, z = (2 * np.pi * place).T
    if name == "striped":
        return (np.sin(z) > 0.2).astype(float)
    if name == "checked":
        return ((np.sin(z) > 0.3).astype(float) + (np.sin(x + y) > 0.3)) / 2
    if name == "printed":
        return (np.sin(1.3 * x + 0.6 * z) * np.sin(0.9 * z - 0.4 * x) * np.cos(y) > 0.35).astype(
            float
        )
    return np.zeros(len(place))


def _vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normals = np.cross(b - a, c - a)
    flat = faces.ravel()
    return np.stack(
        [
            np.bincount(flat, np.repeat(face_normals[:, d], 3), len(vertices))
            for d in range(3)
        ],
        -1,
    )  # fmt: skip
