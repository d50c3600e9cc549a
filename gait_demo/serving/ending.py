"""How a process ends that is told to."""

from __future__ import annotations

import signal


def end_tidily() -> None:
    """Let a request to end, or a terminal that is closed, be as tidy as Ctrl-C; what was started to
    outlive its terminal (`nohup`) goes on."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
