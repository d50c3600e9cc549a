"""A camera and a z-buffer rasteriser: which face of the mesh does each pixel see?"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks at a point above the ground.

    Attributes:
        view_angle: degrees between the walking direction and the direction to the camera, as in
            CASIA-B: 0 the walker comes straight at it, 90 it crosses the image to the left and
            shows its left side, 180 it walks away, 270 it crosses to the right.
        elevation: degrees above the horizontal.
        distance: metres from the point looked at.
        focal: pixels.
        width, height: pixels.
        target_height: metres above the ground of the point looked at.
    """

    view_angle: float
    elevation: float
    distance: float
    focal: float
    width: int
    height: int
    target_height: float = 0.9

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) in metres to (..., 3): x and y in pixels, depth in metres."""
        azimuth, elevation = np.radians([self.view_angle, self.elevation])
        towards = np.array(
            [
                np.sin(azimuth) * np.cos(elevation),
                -np.cos(azimuth) * np.cos(elevation),
                np.sin(elevation),
            ]
        )
        right = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
        up = np.cross(towards, right)
        axes = np.stack([right, up, towards], 1).astype(np.float32)
        seen = (np.asarray(points, np.float32) - np.float32([0, 0, self.target_height])) @ axes
        depth = np.float32(self.distance) - seen[..., 2]
        seen[..., 0] = self.width / 2 + self.focal * seen[..., 0] / depth
        seen[..., 1] = self.height / 2 - self.focal * seen[..., 1] / depth
        seen[..., 2] = depth
        return seen


@numba.njit(cache=True, fastmath=True)
def rasterise(points, faces, height, width):
    """The nearest face at every pixel centre.

    Args:
        points: (V, 3) float32 x, y in pixels and depth in metres.
        faces: (F, 3) int32.

    Returns:
        (H, W) int32 face index or -1, and (H, W, 2) float32 weights of the face's first two
        vertices there (the third is what is left to 1).
    """
    nearest = np.full((height, width), np.float32(np.inf))
    index = np.full((height, width), np.int32(-1))
    weights = np.zeros((height, width, 2), np.float32)
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, az = points[a, 0], points[a, 1], points[a, 2]
        bx, by, bz = points[b, 0], points[b, 1], points[b, 2]
        cx, cy, cz = points[c, 0], points[c, 1], points[c, 2]
        if min(az, bz, cz) <= 0.05:
            continue
        x0 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        x1 = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0 = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        y1 = min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if x0 > x1 or y0 > y1 or area == 0:  # most faces are smaller than a pixel
            continue
        for y in range(y0, y1 + 1):
            py = y + 0.5
            for x in range(x0, x1 + 1):
                px = x + 0.5
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                w = 1 - u - v
                if u < 0 or v < 0 or w < 0:
                    continue
                depth = u * az + v * bz + w * cz
                if depth < nearest[y, x]:
                    nearest[y, x] = depth
                    index[y, x] = f
                    weights[y, x, 0] = u
                    weights[y, x, 1] = v
    return index, weights
