"""ZeroGPU, the hardware of Hugging Face's Spaces that lends a GPU to functions that ask for one.

This app has no use for it: its networks take only a part of a run, and on the processor the same
clip and seed give the same frames everywhere. A lease would spend a visitor's quota on decoding and
encoding, and a visitor without quota would get nothing. But ZeroGPU ends an app of which no
function asks, so one does.
"""

from __future__ import annotations


def declare() -> None:
    """Lets the app start on ZeroGPU; does nothing if the package `spaces` is not installed.

    To be called before torch searches for GPUs.
    """
    try:
        import spaces
    except ImportError:
        return
    spaces.GPU(_never_called)


def _never_called() -> None:
    pass
