"""Where weights come from: an explicit path, the project's checkpoints, or the Hub."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from gait_demo.errors import WeightsError
from gait_demo.weights import hub, publisher

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
MANIFEST = "manifest.json"
_YES = ("1", "ON", "YES", "TRUE")  # as huggingface_hub takes it


@dataclass(frozen=True)
class Weights:
    """A file of weights that was found and verified.

    Attributes:
        name: "anet", "cnet", "yolo", "stgan" or "recogniser".
        path: the file.
        sha256: of its content, as hexadecimal digits.
        source: "path" (the user's own choice), "checkpoints", or the Hub repository.
    """

    name: str
    path: Path
    sha256: str
    source: str


def find(name: str, explicit: Path | None = None, *, folder: Path = CHECKPOINTS) -> Weights:
    """Resolve a name to a file: the first of these that there is.

    1. `explicit`, the user's own choice, which is not compared with anything;
    2. for "yolo" the publisher's detector (see `publisher`): a pickle, and the only one that is
       taken unasked;
    3. ours in `folder`;
    4. ours in the cache of huggingface_hub;
    5. ours on the Hub.

    Ours are safetensors and must have the sha256 that `folder`/manifest.json lists; the Hub is
    asked only for what is listed there. The repository is GAIT_DEMO_HUB_REPO, else the entry's
    "hub", either of them OWNER/NAME or OWNER/NAME@REVISION. Where GAIT_DEMO_OFFLINE or
    HF_HUB_OFFLINE is 1, steps 2 and 5 are skipped, step 2 even if an earlier run left its file in
    the cache: the result then depends on nothing but the project.

    Raises:
        WeightsError: not found, an explicit path without a file, or content that is not what the
            manifest promises or what was recorded.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise WeightsError(f"There is no file {explicit}; check the path of the weights.")
        return Weights(name, explicit, hub.sha256(explicit), "path")
    if name == "yolo" and not _offline() and (path := publisher.fetch()):
        found = Weights(name, path, hub.sha256(path), publisher.REPOSITORY)
        publisher.check(found.sha256)
        return found
    file = f"{name}.safetensors"
    listed = manifest(folder).get(file, {})
    path, source = folder / file, "checkpoints"
    if not path.is_file():
        path, source = _from_hub(file, listed, folder)
    found = Weights(name, path, hub.sha256(path), source)
    promised = listed.get("sha256")
    if promised != found.sha256:
        raise WeightsError(
            f"{path} (from {source}) is damaged or was replaced: its sha256 is {found.sha256}, but "
            f"the manifest lists {promised or 'no such file'}. Put the right file into {folder} or "
            "pass your own by its path."
        )
    return found


def ask_ahead() -> None:
    """Begin to ask for what `find` may have to wait for; returns at once."""
    if not _offline():
        publisher.ask()


def manifest(folder: Path = CHECKPOINTS) -> dict[str, dict]:
    """How each of our files came about, by its name; empty if there is no manifest.

    Raises:
        WeightsError: it is not valid JSON.
    """
    path = folder / MANIFEST
    try:
        return json.loads(path.read_text()) if path.is_file() else {}
    except ValueError as error:
        raise WeightsError(f"{path} is not valid JSON; restore it.") from error


def _from_hub(file: str, listed: dict, folder: Path) -> tuple[Path, str]:
    """One of our files, and the Hub repository that it came from."""
    place = os.environ.get("GAIT_DEMO_HUB_REPO") or listed.get("hub")
    cause = None
    if "sha256" not in listed:
        why = f"{MANIFEST} there does not list it, so the Hub is not asked"
    elif not place:
        why = "no Hub repository is known (GAIT_DEMO_HUB_REPO=OWNER/NAME names one)"
    else:
        try:
            return hub.fetch(file, listed["sha256"], place, online=not _offline()), place
        except Exception as error:  # whatever a network, a proxy or a full disk can do
            why, cause = f"not from {place}: {hub.reason(error)}", error
    raise WeightsError(
        f"There are no weights {file}: not in {folder}, and {why}. Without a network, put the file "
        "into that folder or give its path."
    ) from cause


def _offline() -> bool:
    said = (os.environ.get(name, "") for name in ("GAIT_DEMO_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.upper() in _YES for value in said)
