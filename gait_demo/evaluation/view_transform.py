"""The paper's recogniser (Zheng et al. 2011): gait energy images are cleaned by robust PCA, carried
to another view by a view transformation, and compared by partial least squares.

That publication names the parts but few of their sizes; how they are combined here is our
inference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cross_decomposition import PLSRegression

from gait_demo.errors import DataError
from gait_demo.evaluation.identity import Geis

_TOLERANCE = 1e-5  # relative tolerance of robust PCA
_MOST_STEPS = 200
_ENERGY = 0.999  # share of the training GEIs' energy that the view transformation keeps
_NOISE = 0.1  # noise of a probe, as a share of the total variance: ridge of the inverse
_PLS_DIMS = 40


def robust_pca(matrix: np.ndarray) -> np.ndarray:
    """The low-rank part of a matrix of which a few entries are grossly wrong.

    Principal component pursuit (Candes et al. 2011) by the inexact augmented Lagrange multiplier
    method (Lin, Chen and Ma 2010), lambda = 1 / sqrt(max(m, n)).

    Args:
        matrix: (m, n).

    Returns:
        (m, n) float64.
    """
    matrix = np.asarray(matrix, np.float64)
    size = np.linalg.norm(matrix)
    if size == 0:
        return matrix
    weight = 1 / np.sqrt(max(matrix.shape))
    spectral = np.linalg.norm(matrix, 2)
    multiplier = matrix / max(spectral, np.abs(matrix).max() / weight)
    penalty = 1.25 / spectral
    sparse = np.zeros_like(matrix)
    for _ in range(_MOST_STEPS):
        low_rank = _shrink_spectrum(matrix - sparse + multiplier / penalty, 1 / penalty)
        sparse = _shrink(matrix - low_rank + multiplier / penalty, weight / penalty)
        rest = matrix - low_rank - sparse
        multiplier += penalty * rest
        penalty *= 1.5
        if np.linalg.norm(rest) < _TOLERANCE * size:
            break
    return low_rank


def _shrink(values: np.ndarray, by: float) -> np.ndarray:
    return np.sign(values) * np.maximum(np.abs(values) - by, 0)


def _shrink_spectrum(matrix: np.ndarray, by: float) -> np.ndarray:
    """Reduces every singular value by `by`, by way of the smaller Gram matrix."""
    if matrix.shape[0] < matrix.shape[1]:
        return _shrink_spectrum(matrix.T, by).T
    squares, right = np.linalg.eigh(matrix.T @ matrix)
    values = np.sqrt(np.maximum(squares, 0))
    kept = np.maximum(values - by, 0) / np.maximum(values, np.finfo(float).tiny)
    return matrix @ (right * kept) @ right.T


@dataclass(frozen=True)
class ViewTransform:
    """The trained recogniser.

    Attributes:
        views: degrees.
        mean: by view, (4096,) the mean GEI.
        basis: by view, (4096, r): GEI - mean = basis @ code, where the code is the same at all
            views.
        inverse: by view, (r, 4096), from GEI - mean to the code.
        projection: by view, (4096, k): partial least squares, from GEI - mean to the features that
            tell people apart.
    """

    mean: dict[int, np.ndarray]
    basis: dict[int, np.ndarray]
    inverse: dict[int, np.ndarray]
    projection: dict[int, np.ndarray]

    @property
    def views(self) -> tuple[int, ...]:
        return tuple(self.mean)

    @classmethod
    def fit(cls, training: Geis) -> ViewTransform:
        """
        Args:
            training: walks; those that are not seen at every view are left out.

        Raises:
            DataError: there are not two people with such walks.
        """
        views = sorted(set(training.view.tolist()))
        stack, person = _complete(training, views)
        if len(np.unique(person)) < 2:
            raise DataError("The recogniser needs two people or more, each seen at every view.")
        low_rank = robust_pca(stack.reshape(len(stack), -1).T).T.reshape(stack.shape)
        means = low_rank.mean(axis=0)  # (views, 4096)
        centred = low_rank - means
        _, values, right = np.linalg.svd(centred.reshape(len(stack), -1), full_matrices=False)
        energy = np.cumsum(values**2) / np.sum(values**2)
        rank = int(np.searchsorted(energy, _ENERGY)) + 1
        bases = right[:rank].reshape(rank, len(views), -1).transpose(1, 2, 0)
        spread = values[:rank] ** 2 / len(stack)  # variance along each component
        wanted = (person[:, None] == np.unique(person)).astype(float)
        dims = min(_PLS_DIMS, len(stack) - 1, wanted.shape[1])
        mean, basis, inverse, projection = {}, {}, {}, {}
        for n, view in enumerate(views):
            mean[view], basis[view] = means[n], bases[n]
            gram = bases[n].T @ bases[n] + np.diag(_NOISE * centred.var() / spread)
            inverse[view] = np.linalg.solve(gram, bases[n].T)
            pls = PLSRegression(dims, scale=False, max_iter=200).fit(centred[:, n], wanted)
            projection[view] = pls.x_rotations_
        return cls(mean, basis, inverse, projection)

    def features(self, images: np.ndarray, view: int, at: int) -> np.ndarray:
        """Features that tell people apart, of walks transformed from one view to another.

        Args:
            images: (N, 4096) GEIs.
            view: at which they were seen, degrees.
            at: view to compare at, degrees.

        Returns:
            (N, k) float64.
        """
        walks = (images - self.mean[view]) @ self.inverse[view].T
        return walks @ (self.basis[at].T @ self.projection[at])

    def distances(
        self, probes: np.ndarray, view: int, gallery: np.ndarray, gallery_view: int
    ) -> np.ndarray:
        """(P, G): Euclidean distances of GEIs (P, 4096) and (G, 4096) at the gallery's view."""
        a = self.features(probes, view, gallery_view)
        b = self.features(gallery, gallery_view, gallery_view)
        return np.linalg.norm(a[:, None] - b, axis=-1)


def _complete(geis: Geis, views: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """(W, views, 4096) GEIs and (W,) people of the walks that are seen at every view."""
    walks: dict[tuple, dict[int, np.ndarray]] = {}
    for image, person, condition, view in zip(
        geis.images, geis.person, geis.condition, geis.view, strict=True
    ):
        walks.setdefault((int(person), str(condition)), {})[int(view)] = image
    whole = {walk: seen for walk, seen in walks.items() if len(seen) == len(views)}
    stack = [[seen[view] for view in views] for seen in whole.values()]
    people = [person for person, _ in whole]
    return np.reshape(stack, (len(whole), len(views), -1)).astype(np.float64), np.array(people)
