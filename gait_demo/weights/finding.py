"""Find weights, begin to fetch them ahead of time, and say how far that is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gait_demo.errors import WeightsError
from gait_demo.weights import publisher
from gait_demo.weights.manifest import CHECKPOINTS, PERSON, sha256
from gait_demo.weights.sources import Wanted, Weights, offline, search

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_fetches: dict[tuple[str, Path], _Fetch] = {}


class State(Enum):
    """Whether weights can be used."""

    READY = "ready"
    FETCHING = "fetching"
    ABSENT = "absent"


@dataclass(frozen=True)
class Status:
    """Of one network's weights: the state and, where they are absent, why (one sentence)."""

    state: State
    reason: str = ""


def find(name: str, explicit: Path | None = None, *, folder: Path = CHECKPOINTS) -> Weights:
    """Resolve a name to a file: the first of these that has it.

    1. `explicit`, the user's own choice, which is not compared with anything here (but whoever
       opens a pickle does, see `publisher.check_file`);
    2. for "yolo" the publisher's detector (see `publisher`): a pickle, and the only one that is
       taken unasked;
    3. `folder`, as all that follow with the sha256 that `folder`/manifest.json lists;
    4. for "pose_detection" and "pose_landmark" the user's cache (see `cache`);
    5. the cache of huggingface_hub, and the project's repository on the Hub;
    6. for "pose_detection" and "pose_landmark" the pinned release on the Python package index,
       through pip (see `release`).

    What `ask_ahead` began is waited for. Where GAIT_DEMO_OFFLINE or HF_HUB_OFFLINE is 1, nothing
    is fetched, and step 2 is skipped even if an earlier run left its file in the cache.

    Raises:
        WeightsError: not found, an explicit path without a file, or content that is not what the
            manifest promises or the publisher published.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise WeightsError(f"There is no file {explicit}; check the path of the weights.")
        return Weights(name, explicit, sha256(explicit), "path")
    if fetch := _fetches.get((name, folder)):
        fetch.wait()
    return search(Wanted(name, folder, online=not offline()))


def of_a_run(anonymizer: str, chosen: Mapping[str, Path] | None = None) -> tuple[Weights, ...]:
    """Every file of weights of a run with this anonymizer, without the landmark networks where
    those cannot be had.

    Args:
        chosen: by the network's name, where the user has chosen them.

    Raises:
        WeightsError: as for `find`, and of a chosen landmark network.
    """
    chosen = chosen or {}
    files = [find(name, chosen.get(name)) for name in (anonymizer, "cnet", "yolo")]
    try:
        return *files, *(find(name, chosen.get(name)) for name in PERSON)
    except WeightsError:
        if chosen.keys() & set(PERSON):
            raise
        return tuple(files)


def ask_ahead(*names: str, folder: Path = CHECKPOINTS) -> None:
    """Begin to fetch what `find` may have to wait for; returns at once.

    Args:
        names: of networks; none: those that are not in the repository.
        folder: of the project's checkpoints and their manifest.
    """
    if offline():
        return
    for name in names or ("yolo", *PERSON):
        if name == "yolo":
            publisher.ask()
            continue
        with _lock:
            known = _fetches.get((name, folder))
            if known is None or not known.runs:
                _fetches[name, folder] = _Fetch(name, folder)


def is_ready(name: str, *, folder: Path = CHECKPOINTS) -> bool:
    """Whether `find` would return without the network; asks nobody and does not wait."""
    try:
        search(Wanted(name, folder, online=False))
    except WeightsError:
        return False
    return True


def status(name: str, *, folder: Path = CHECKPOINTS) -> Status:
    """How far a network's weights are; asks nobody and does not wait."""
    fetch = _fetches.get((name, folder))
    if fetch and fetch.runs:
        return Status(State.FETCHING)
    try:
        search(Wanted(name, folder, online=False))
    except WeightsError as error:
        return Status(State.ABSENT, fetch.reason if fetch and fetch.reason else str(error))
    return Status(State.READY)


class _Fetch:
    """One attempt to find weights, in a thread that nothing waits for at exit."""

    def __init__(self, name: str, folder: Path):
        self.reason = ""  # why it failed
        self._wanted = Wanted(name, folder, online=True)
        self._thread = threading.Thread(target=self._run, name=f"fetch {name}", daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        return self._thread.is_alive()

    def wait(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            search(self._wanted)
        except WeightsError as error:
            self.reason = str(error)
            _log.info("%s", error)
