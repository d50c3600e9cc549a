"""Statistics of opinion scores, after ITU-R BT.500, ITU-T P.910 and P.913.

Votes are a matrix (raters, clips), float64 from 1 to 5, NaN where a rater gave no vote.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

CONFIDENCE = 0.95
LEAST = 5  # minimum number of votes of a clip, or raters of a condition, for an interval
_OUTLYING = 0.05  # BT.500: share of outlying votes above which a rater may be rejected
_LOPSIDED = 0.3  # BT.500: a rater whose outliers are mostly on one side is kept
_RESAMPLES = 2000


@dataclass(frozen=True)
class Scores:
    """Figures for each clip, (clips,) each.

    Attributes:
        votes: number of votes.
        mos: mean opinion score; NaN without votes.
        sd: standard deviation of the votes (N - 1); NaN with fewer than two votes.
        ci: half width of the 95 % interval, by Student's t; NaN with fewer than two votes.
    """

    votes: np.ndarray
    mos: np.ndarray
    sd: np.ndarray
    ci: np.ndarray


def scores(votes: np.ndarray) -> Scores:
    """Mean opinion score and confidence interval of each clip."""
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
        votes: (raters, clips).
        reference: (clips,) int, column of each clip's original; -1 if there is none.
    """
    known = np.where(reference[None] >= 0, votes[:, reference], np.nan)
    return votes - known + 5


def signed_rank(first: np.ndarray, second: np.ndarray) -> float:
    """p value of Wilcoxon's two-sided signed-rank test for a difference between two methods, on
    raters' means.

    Args:
        first, second: (raters, clips) votes of the same raters on each method.

    Returns:
        NaN with fewer than LEAST raters who rated both; 1 if all raters' means are equal.
    """
    from scipy.stats import wilcoxon  # slow import, rarely needed

    apart = _mean(first, axis=1) - _mean(second, axis=1)
    apart = apart[np.isfinite(apart)]
    if len(apart) < LEAST:
        return float("nan")
    return float(wilcoxon(apart, method="asymptotic").pvalue) if np.any(apart) else 1.0


def holm(p: np.ndarray) -> np.ndarray:
    """p values (N,) with Holm's correction for multiple tests; NaN stays NaN and does not count."""
    corrected, known = np.full(len(p), np.nan), np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known])]
    times = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1, np.maximum.accumulate(times * p[order]))
    return corrected


def outliers(votes: np.ndarray) -> np.ndarray:
    """(raters,) bool: raters rejected by BT.500's screening of observers.

    A vote is outlying if it is k or more standard deviations (N - 1) from its clip's mean; k is 2
    if the kurtosis of the clip's votes is in [2, 4], near a normal distribution's, and otherwise
    the square root of 20. A rater is rejected if more than 5 % of their votes are outlying, about
    equally often above and below the mean.
    """
    of_clip = scores(votes)
    centred = votes - of_clip.mos
    second, fourth = _mean(centred**2, axis=0), _mean(centred**4, axis=0)
    varied = second > 0
    kurtosis = fourth / np.where(varied, second**2, 1)
    factor = np.where((kurtosis >= 2) & (kurtosis <= 4), 2, np.sqrt(20))
    limit = np.where(varied, factor * of_clip.sd, np.inf)  # NaN for a single vote: never outlying
    above, below = (centred >= limit).sum(axis=1), (centred <= -limit).sum(axis=1)
    both, count = above + below, (~np.isnan(votes)).sum(axis=1)
    often = both > _OUTLYING * count
    return often & (np.abs(above - below) < _LOPSIDED * np.maximum(both, 1))


def biases(votes: np.ndarray) -> np.ndarray:
    """(raters,): mean difference of each rater's votes from the clips' means (P.913, 12.4); NaN
    without votes."""
    return _mean(votes - _mean(votes, axis=0), axis=1)


def without_bias(votes: np.ndarray) -> np.ndarray:
    """The votes minus their rater's bias."""
    return votes - biases(votes)[:, None]


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """np.nanmean without its warning for empty slices."""
    count = (~np.isnan(values)).sum(axis=axis)
    return np.where(count > 0, np.nansum(values, axis=axis) / np.maximum(count, 1), np.nan)
