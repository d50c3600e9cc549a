"""Walkers: a dressed body posed by a gait.

World axes in metres: x to the walker's left, y backwards (a walker faces -y), z up, the ground
at z = 0. A walker is a deterministic function of a latent of LATENT_DIM standard normal numbers
and an outfit, so that a random latent is a person who does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from gait_demo.synthesis.body import MOVING_BONES, PHENOTYPE_DIMS, Body
from gait_demo.synthesis.clothes import BAGS, OUTFITS, carry, dress
from gait_demo.synthesis.footing import find_footing
from gait_demo.synthesis.kinematics import GAIT_DIMS, gait_from_latent
from gait_demo.synthesis.landmarks import OFFSETS, bones
from gait_demo.synthesis.recorded import RecordedWalk
from gait_demo.synthesis.skeleton import bone_rotations

_DRESS_DIMS = 3  # hair, looseness of the upper and of the lower clothes
LATENT_DIM = PHENOTYPE_DIMS + _DRESS_DIMS + GAIT_DIMS

# Men and women, middles of the normative bands of adults at their own pace.
_BASE_WIDTH_M = (0.107, 0.091)  # between the lines that the feet walk on
_CADENCE_HZ = (106 / 120, 116 / 120)  # gait cycles a second
_HEIGHT_M = (1.76, 1.63)


class Walker:
    """One dressed person who walks.

    Attributes:
        female: 0 to 1.
        height: metres, shoes and hair included.
        stride: metres per gait cycle.
        base_width: metres between the lines that the feet walk on.
        cadence: gait cycles per second, of the recording if there is one; otherwise shorter people
            of either sex step faster, as pendulums do, and so do people who take long steps.
        gait: of the person.
        faces: (F, 3) int32 vertex indices.
        face_number: (F,) which face of the mesh that all walkers share.
        face_kind: (F,) what each face shows, as clothes.SKIN and so on.
        vertex_bone: (V,) index in MOVING_BONES of the bone that moves it most.
        rest: (V, 3) float32 dressed rest mesh in metres.
        cloth: (V, 3) float32 metres, where patterns of cloth are drawn.
    """

    def __init__(
        self,
        latent: np.ndarray,
        outfit: str = "trousers",
        bag: str | None = None,
        recorded: RecordedWalk | None = None,
    ):
        """recorded: by which they move, as far as it goes."""
        if np.shape(latent) != (LATENT_DIM,):
            raise ValueError(f"latent: expected shape ({LATENT_DIM},), got {np.shape(latent)}")
        if outfit not in OUTFITS:
            raise ValueError(f"outfit: expected one of {OUTFITS}, got {outfit!r}")
        if bag not in (None, *BAGS):
            raise ValueError(f"bag: expected one of {BAGS} or None, got {bag!r}")
        figure, (hair, upper, lower), walk = np.split(
            np.asarray(latent, float), [PHENOTYPE_DIMS, PHENOTYPE_DIMS + _DRESS_DIMS]
        )
        walk = walk.copy()
        walk[1] -= 0.3 * figure[1]  # strides shorten with age
        self._body = Body(figure)
        self.female = self._body.female
        curves = recorded.curves if recorded else {}
        self.gait = replace(gait_from_latent(walk), laden=bag == "handbag", recorded=curves)
        dressed = dress(self._body, outfit, hair=hair, upper=upper, lower=lower)
        if bag is not None:
            dressed = carry(dressed, self._body, bag)
        self.faces, self.face_number = dressed.faces, dressed.face_number
        self.face_kind = dressed.face_kind
        self.vertex_bone = dressed.weights.argmax(axis=1)
        self.rest, self.cloth, self._weights = dressed.rest, dressed.cloth, dressed.weights
        self.height = float(np.ptp(self.rest[:, 2]))
        self.base_width, cadence, usual_height = (
            float(np.interp(self.female, (0, 1), pair))
            for pair in (_BASE_WIDTH_M, _CADENCE_HZ, _HEIGHT_M)
        )
        brisk, narrow = walk[1], walk[9]
        self.base_width *= np.exp(-0.22 * narrow)
        self.cadence = cadence * np.exp(0.05 * brisk) * (usual_height / self.height) ** 0.5
        if recorded:
            self.cadence = recorded.cadence
        self._footing = find_footing(
            self._body, self.gait, self.rest, self._weights, self.base_width
        )
        self.stride = self._footing.stride

    def pose(
        self,
        t: np.ndarray,
        *,
        advance: bool = False,
        vigour: float | np.ndarray = 1.0,
        gesture: Mapping[str, float] | None = None,
    ) -> np.ndarray:
        """The mesh at phases `t`.

        Args:
            t: (T,) gait cycles, 0 at left heel strike.
            advance: whether the walker moves forwards, from the origin at phase 0; otherwise they
                walk on the spot, as on a treadmill.
            vigour: relative size of the movements, a number or (T,).
            gesture: degrees to be added to some of the joint angles, named as Gait.angles does;
                feet do not stay on the ground for it.

        Returns:
            (T, V, 3) float32, metres.
        """
        t = np.asarray(t, float)
        transforms = self._placed(t, vigour, gesture or {})
        if advance:
            transforms[..., 1, 3] -= self._footing.stride * _covered(t, vigour)[:, None]
        blended = np.tensordot(self._weights, transforms, axes=(1, 1))  # (V, T, 3, 4)
        vertices = np.einsum("vtij,vj->tvi", blended[..., :3], self.rest)
        return (vertices + blended[..., 3].transpose(1, 0, 2)).astype(np.float32)

    def angles(self, t: np.ndarray, vigour: float | np.ndarray = 1.0) -> dict[str, np.ndarray]:
        """Joint angles at phases `t` (T,), as Gait.angles, with the feet on the ground."""
        return self._footing.corrected(self.gait.angles(t, vigour), t)

    def joints(self, t: np.ndarray) -> dict[str, np.ndarray]:
        """(T, 3) metres of each moving bone's joint at phases `t`, on the spot."""
        transforms = self._transforms(np.asarray(t, float), 1.0, {})
        return {
            name: transforms[:, i] @ np.append(self._body.joints[name], 1)
            for i, name in enumerate(MOVING_BONES)
        }

    def landmarks(self, t: np.ndarray, offsets: np.ndarray = OFFSETS) -> np.ndarray:
        """(T, 19, 3) metres: where the landmark network sees the joints of `joints.NAMES` at
        phases `t`, on the spot.

        Args:
            offsets: (19, 3) heights, as `landmarks.Anchor` has them.
        """
        transforms = self._placed(np.asarray(t, float), 1.0, {})
        points = [
            transforms[:, MOVING_BONES.index(bone)]
            @ np.append(self._body.joints[joint] + self.height * mirror * offset, 1)
            for (joint, bone, mirror), offset in zip(bones(), offsets, strict=True)
        ]
        return np.stack(points, axis=1)

    def _placed(
        self, t: np.ndarray, vigour: float | np.ndarray, gesture: Mapping[str, float]
    ) -> np.ndarray:
        """(T, len(MOVING_BONES), 3, 4): of a walker who goes on the spot, on the ground."""
        transforms = self._transforms(t, vigour, gesture)
        transforms[..., 3] += self._footing.root_at(t)[:, None]
        return transforms

    def _transforms(
        self, t: np.ndarray, vigour: float | np.ndarray, gesture: Mapping[str, float]
    ) -> np.ndarray:
        angles = self.angles(t, vigour)
        angles |= {name: angles[name] + more for name, more in gesture.items()}
        rotations = bone_rotations(angles, self._body.joints, self.gait.head_pitch)
        return self._body.bone_transforms(rotations)


def _covered(t: np.ndarray, vigour: float | np.ndarray) -> np.ndarray:
    """(T,) strides walked since phase 0, each as long as its vigour."""
    steps = np.diff(t, prepend=t[:1]) * vigour
    return t[:1] + np.cumsum(steps)
