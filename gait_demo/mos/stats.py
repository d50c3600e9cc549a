"""Statistics of opinion scores, after ITU-R BT.500, ITU-T P.910 and P.913.

Votes are a matrix, (raters, clips) float64 from 1 to 5, NaN where a rater gave none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

CONFIDENCE = 0.95
LEAST = 5  # votes of a clip, or raters of a condition, without which no interval is told
_OUTLYING = 0.05  # of a rater's votes: BT.500
_LOPSIDED = 0.3  # a rater who errs to one side only is kept: BT.500
_RESAMPLES = 2000


@dataclass(frozen=True)
class Scores:
    """Of every clip, (clips,) each.

    Attributes:
        votes: how many there are.
        mos: mean opinion score; NaN without votes.
        sd: of the votes, with N - 1; NaN with fewer than two.
        ci: half the width of the 95 % interval by Student's t; NaN with fewer than two votes.
    """

    votes: np.ndarray
    mos: np.ndarray
    sd: np.ndarray
    ci: np.ndarray


def scores(votes: np.ndarray) -> Scores:
    """Mean opinion score and confidence of every clip."""
    count = (~np.isnan(votes)).sum(axis=0)
    several = np.where(count > 1, count, 2)
    mean = _mean(votes, axis=0)
    spread = np.sqrt(np.nansum((votes - mean) ** 2, axis=0) / (several - 1))
    spread = np.where(count > 1, spread, np.nan)
    quantile = stdtrit(several - 1, (1 + CONFIDENCE) / 2)  # of Student's t
    return Scores(count, mean, spread, quantile * spread / np.sqrt(several))


def clustered_interval(votes: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean of all votes, by resampling whole raters (percentile bootstrap):
    the votes of one rater are not independent. NaN with fewer than two raters who voted.
    """
    sums, counts = np.nansum(votes, axis=1), (~np.isnan(votes)).sum(axis=1)
    sums, counts = sums[counts > 0], counts[counts > 0]
    if len(sums) < 2:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(len(sums), size=(_RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


def differences(votes: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Difference scores against the hidden reference (P.910, ACR-HR): 5 where a rater finds a clip
    as good as its original, less where it is worse; (raters, clips), NaN without both votes.

    Args:
        reference: (clips,) int, the column of each clip's original; -1: there is none.
    """
    known = np.where(reference[None] >= 0, votes[:, reference], np.nan)
    return votes - known + 5


def signed_rank(first: np.ndarray, second: np.ndarray) -> float:
    """p of Wilcoxon's signed-rank test, two-sided, that raters' means of two methods differ.

    Args:
        first, second: (raters, clips) votes of the same raters.

    Returns:
        NaN with fewer than LEAST raters who rated both; 1 if nobody makes any difference.
    """
    from scipy.stats import wilcoxon  # takes most of a second to import, and few ask for it

    apart = _mean(first, axis=1) - _mean(second, axis=1)
    apart = apart[np.isfinite(apart)]
    if len(apart) < LEAST:
        return float("nan")
    return float(wilcoxon(apart, method="asymptotic").pvalue) if np.any(apart) else 1.0


def holm(p: np.ndarray) -> np.ndarray:
    """(N,) p values, corrected for their number by Holm's method; NaN stays and does not count."""
    corrected, known = np.full(len(p), np.nan), np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known])]
    times = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1, np.maximum.accumulate(times * p[order]))
    return corrected


def outliers(votes: np.ndarray) -> np.ndarray:
    """(raters,) bool: who is to be rejected by BT.500's screening of observers.

    A vote is outlying if it lies k standard deviations (N - 1) or more from the mean of its clip;
    k is 2 where the votes' kurtosis is from 2 to 4, as a normal distribution's, and else the root
    of 20. A rater is rejected if more than 5 % of their votes are, to either side about as often.
    """
    of_clip = scores(votes)
    centred = votes - of_clip.mos
    second, fourth = _mean(centred**2, axis=0), _mean(centred**4, axis=0)
    varied = second > 0
    kurtosis = fourth / np.where(varied, second**2, 1)
    factor = np.where((kurtosis >= 2) & (kurtosis <= 4), 2, np.sqrt(20))
    limit = np.where(varied, factor * of_clip.sd, np.inf)  # NaN: one vote alone outlies nothing
    above, below = (centred >= limit).sum(axis=1), (centred <= -limit).sum(axis=1)
    both, count = above + below, (~np.isnan(votes)).sum(axis=1)
    often = both > _OUTLYING * count
    return often & (np.abs(above - below) < _LOPSIDED * np.maximum(both, 1))


def biases(votes: np.ndarray) -> np.ndarray:
    """(raters,) by how much each rater's votes lie above the clips' means (P.913, 12.4); NaN
    without votes."""
    return _mean(votes - _mean(votes, axis=0), axis=1)


def without_bias(votes: np.ndarray) -> np.ndarray:
    """The votes less their rater's bias."""
    return votes - biases(votes)[:, None]


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """nanmean that says nothing where there is nothing."""
    count = (~np.isnan(values)).sum(axis=axis)
    return np.where(count > 0, np.nansum(values, axis=axis) / np.maximum(count, 1), np.nan)
