"""Clothes, hair and bags: what is drawn of a person, and how far it stands off the body."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gait_demo.synthesis.body import MOVING_BONES, PHENOTYPE_DIMS, Body, template

OUTFITS = ("trousers", "skirt", "coat", "sportswear")
BAGS = ("backpack", "shoulder bag", "handbag")

SKIN, HAIR, TOP, BOTTOM, SHOES, BAG = range(6)  # what a face of the mesh shows

# Of each bag: the bone it hangs on, on which side of the body (x to the left, y backwards), and
# its size in metres.
_TRUNK = ("root", "spine05", "spine03", "spine01", "upperleg01.L")
_BAGS = {
    "backpack": ("spine01", 1, (0.30, 0.17, 0.44)),
    "shoulder bag": ("root", 0, (0.10, 0.30, 0.26)),
    "handbag": ("lowerarm01.L", None, (0.10, 0.34, 0.28)),
}


@dataclass(frozen=True)
class Dressed:
    """A dressed mesh, ready to be posed.

    Attributes:
        faces: (F, 3) int32 vertex indices.
        face_number: (F,) int, the face's index in the mesh that all people share; those of bags
            come after it.
        face_kind: (F,) one of SKIN, HAIR, TOP, BOTTOM, SHOES, BAG.
        rest: (V, 3) float32, metres.
        cloth: (V, 3) float32, metres, the vertices on the average body: patterns are drawn there,
            so that clothes have the same pattern on everybody.
        weights: (V, len(MOVING_BONES)) float32, of the skinning.
    """

    faces: np.ndarray
    face_number: np.ndarray
    face_kind: np.ndarray
    rest: np.ndarray
    cloth: np.ndarray
    weights: np.ndarray


def dress(
    body: Body,
    outfit: str,
    *,
    hair: float,
    upper: float,
    lower: float,
) -> Dressed:
    """Puts clothes and hair on a body at rest.

    Args:
        outfit: one of OUTFITS.
        hair, upper, lower: standard normal; length of the hair, looseness of the clothes.
    """
    base, vertices, heads = template(), body.vertices, body.joints
    bones = np.array(MOVING_BONES)[base.vertex_bone]
    group = np.zeros(len(vertices), int)
    group[base.faces.ravel()] = np.repeat(base.face_group, 3)
    normals = _normals(vertices, base.faces)
    z = vertices[:, 2]
    hip, knee, ankle = (heads[f"{b}.L"][2] for b in ("upperleg01", "lowerleg01", "foot"))
    leg = np.char.startswith(bones, "upperleg") | np.char.startswith(bones, "lowerleg")
    arm = np.char.startswith(bones, "upperarm") | np.char.startswith(bones, "lowerarm")
    foot = np.char.startswith(bones, "foot") | np.char.startswith(bones, "toe")
    head = bones == "head"

    looseness_up = {"sportswear": 0.5, "coat": 1.4}.get(outfit, 1.0) * np.exp(0.5 * upper)
    looseness_low = {"sportswear": 0.4}.get(outfit, 1.0) * np.exp(0.4 * lower)
    towards_ankle = np.clip((hip - z) / (hip - ankle), 0, 1)
    push = np.zeros(len(vertices))
    tights = group == 1
    push[tights & ~leg] = 0.024 * looseness_up
    push[tights & arm] = 0.013 * looseness_up
    push[tights & leg] = (0.009 + 0.018 * looseness_low * towards_ankle)[tights & leg]
    push[(group == 0) & foot] = 0.008
    _, back, skull = (vertices - heads["head"]).T
    scalp = (group == 0) & head & (((skull > 0.035) & (back > -0.04)) | (skull > 0.11))
    push[scalp] = 0.014 * np.exp(0.5 * hair)
    push[group == 2] = 0.01 * looseness_low + (0.015 if outfit == "coat" else 0)
    dressed = vertices + push[:, None] * normals
    sole = (group == 0) & foot & (normals[:, 2] < -0.5)
    dressed[sole, 2] -= 0.012

    corners = base.faces
    # Clothes end along the mesh's own rings, which its triangles cross: all of a quad or nothing.
    quad = base.face_quad
    centre = (np.bincount(quad, z[corners].mean(1)) / np.maximum(np.bincount(quad), 1))[quad]
    face_bone = bones[corners[:, 0]]
    of_leg = np.char.startswith(face_bone, "upperleg") | np.char.startswith(face_bone, "lowerleg")
    of_foot = np.char.startswith(face_bone, "foot") | np.char.startswith(face_bone, "toe")
    of_foot &= centre < ankle + 0.03
    of_body, of_tights, of_skirt, of_hair = (base.face_group == g for g in range(4))

    kind = np.full(len(corners), SKIN)
    kind[of_tights] = np.where((of_leg | (centre < hip + 0.06))[of_tights], BOTTOM, TOP)
    kind[of_body & of_foot] = SHOES
    kind[of_body & scalp[corners].all(1)] = HAIR
    kind[of_skirt], kind[of_hair] = BOTTOM, HAIR
    keep = of_body | (of_tights & ~of_foot)
    if outfit in ("skirt", "coat"):
        share = {"skirt": 0.1 - 0.12 * np.tanh(lower), "coat": 0.5 + 0.35 * np.tanh(lower)}
        hem = knee + share[outfit] * (hip - knee)
        keep |= of_skirt & (z[corners].max(1) > hem)
        dressed[group == 2, 2] = np.maximum(dressed[group == 2, 2], hem)  # an even hem
        under = of_tights & of_leg & (centre < hip - 0.06)
        keep &= ~(under & ((outfit == "skirt") | (centre > hem + 0.06)))
        keep &= ~(of_body & of_leg & (centre > hem + 0.06))
        if outfit == "coat":
            kind[of_skirt | (of_tights & (centre > hem))] = TOP
    if hair + 2.5 * (body.female - 0.5) > 0.5:
        hem = heads["neck01"][2] - 0.12 * (1 + np.tanh(hair - 1))
        brow = heads["head"][2] + 0.13
        of_fringe = (vertices[corners, 1].mean(1) < heads["head"][1] + 0.01) & (centre < brow)
        keep |= of_hair & (centre > hem) & ~of_fringe
    if outfit != "skirt":
        keep &= ~(of_body & of_leg & ~of_foot & (centre > ankle + 0.04))
    covered = np.isin(face_bone, ["root", "spine05", "spine03"])
    keep &= ~(of_body & covered)

    used, faces = np.unique(corners[keep], return_inverse=True)
    return Dressed(
        faces.reshape(-1, 3).astype(np.int32), np.flatnonzero(keep), kind[keep],
        dressed[used].astype(np.float32), _middle_body()[used], base.weights[used]
    )  # fmt: skip


def carry(dressed: Dressed, body: Body, bag: str) -> Dressed:
    """Adds one of BAGS, a box with round edges that moves with one bone."""
    bone, axis, size = _BAGS[bag]
    middle = body.joints[bone].copy()
    if axis is None:  # in the hand: below it once the arm hangs
        arm = body.joints["wrist.L"] - middle
        middle += arm * (1 + 0.24 / np.linalg.norm(arm))
    else:  # against the clothes
        trunk = np.isin(dressed.weights.argmax(axis=1), [MOVING_BONES.index(b) for b in _TRUNK])
        level = np.abs(dressed.rest[:, 2] - middle[2]) < size[2] / 3
        middle[axis] = dressed.rest[trunk & level, axis].max() + 0.4 * size[axis]
    box, faces = _round_box(12, 9)
    box = middle + box * np.array(size) / 2
    weights = np.zeros((len(box), len(MOVING_BONES)), np.float32)
    weights[:, MOVING_BONES.index(bone)] = 1
    return Dressed(
        np.append(dressed.faces, faces + len(dressed.rest), axis=0).astype(np.int32),
        np.append(dressed.face_number, len(template().faces) + np.arange(len(faces))),
        np.append(dressed.face_kind, np.full(len(faces), BAG)),
        np.append(dressed.rest, box, axis=0).astype(np.float32),
        np.append(dressed.cloth, box, axis=0).astype(np.float32),
        np.append(dressed.weights, weights, axis=0),
    )


@lru_cache(maxsize=1)
def _middle_body() -> np.ndarray:
    return Body(np.zeros(PHENOTYPE_DIMS)).vertices


def _round_box(around: int, down: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (N, 3) in [-1, 1] and triangles of a superellipsoid."""
    longitude, latitude = np.meshgrid(
        np.arange(around) / around * 2 * np.pi, np.linspace(-np.pi / 2, np.pi / 2, down)
    )

    def bulged(values: np.ndarray) -> np.ndarray:
        return np.sign(values) * np.sqrt(np.abs(values))

    ring = bulged(np.cos(latitude))
    points = [ring * bulged(np.cos(longitude)), ring * bulged(np.sin(longitude))]
    vertices = np.stack([*points, bulged(np.sin(latitude))], axis=-1).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(down - 1), np.arange(around), indexing="ij")
    a, b = row * around + column, row * around + (column + 1) % around
    c, d = a + around, b + around
    return vertices, np.stack([a, b, c, b, d, c], axis=-1).reshape(-1, 3)


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) unit vertex normals, area weighted."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for i in range(3):
        np.add.at(normals, faces[:, i], face_normals)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
