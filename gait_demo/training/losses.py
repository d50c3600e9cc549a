"""The losses of A-NET and of its discriminators (paper, Eq. 1-4)."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus


def minimax(fake_logits: Tensor) -> Tensor:
    """E log(1 - D(f_A(X, R))), Eq. 1 and 2 as written; the generator minimises it.

    With D = sigmoid(logit), log(1 - D) is -softplus(logit).
    """
    return -softplus(fake_logits).mean()


def non_saturating(fake_logits: Tensor) -> Tensor:
    """-E log D(f_A(X, R)): the same fixed point as minimax, with gradients while D wins."""
    return softplus(-fake_logits).mean()


def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Binary cross-entropy of a discriminator: real is 1, synthesised is 0."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def reconstruction(wanted: Tensor, got: Tensor) -> Tensor:
    """E || wanted - got ||_1, Eq. 3 and 5: the sum over a window or crop, the mean over a batch."""
    return (got - wanted).abs().flatten(1).sum(dim=1).mean()
