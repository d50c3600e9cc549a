"""Orderly end of a process."""

from __future__ import annotations

import signal


def end_tidily() -> None:
    """Makes SIGTERM and SIGHUP (a closed terminal) end the process as Ctrl-C does, so that it
    cleans up. A signal that is ignored, as under `nohup`, stays ignored."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
