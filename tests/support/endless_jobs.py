"""Jobs of an `Engine` that load no networks and go on until they are stopped."""

import time
from itertools import count


def load() -> None:
    pass


def analyse(state: None, report, *_: object) -> None:
    for done in count():
        report("people", done, 0)
        time.sleep(0.05)


look = analyse
