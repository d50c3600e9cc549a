"""A secret for evaluations, whose results must be repeatable and are not shared."""

from __future__ import annotations

import hashlib


def repeatable_secret(seed: int) -> bytes:
    """32 bytes that anybody can compute, so only for measurements. The evaluation's attackers do
    not get them."""
    return hashlib.sha256(f"gait_demo evaluation {seed}".encode()).digest()
