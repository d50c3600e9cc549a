"""The precision that networks are trained in."""

from __future__ import annotations

import torch


def bfloat16(device: str = "cpu", *, wanted: bool = True) -> torch.autocast:
    """Convolutions in bfloat16, which takes half of the time; but not on a processor without it,
    where it takes ten times as long.

    Args:
        device: "cpu" or "cuda".
        wanted: if not, in full precision everywhere.
    """
    fast = device != "cpu" or torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return torch.autocast(device, torch.bfloat16, enabled=wanted and fast)
