"""ZeroGPU, the hardware of Hugging Face's Spaces that lends a GPU to functions that ask for one.

This app has no use for it: its networks take a third of a run, and on the processor the same clip
and seed give the same frames everywhere. A lease would spend a visitor's quota on decoding and
encoding, and a visitor without quota would get nothing. But ZeroGPU ends an app of which no
function asks, so one does.
"""

from __future__ import annotations


def declare() -> None:
    """Let the app start on ZeroGPU; where the package `spaces` is not installed, do nothing.

    To be called before torch looks for GPUs.
    """
    try:
        import spaces
    except ImportError:
        return
    spaces.GPU(_never_called)


def _never_called() -> None:
    pass
