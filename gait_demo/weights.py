"""Where weights come from: an explicit path, the project's checkpoints, or the Hub."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from gait_demo import publisher
from gait_demo.errors import WeightsError

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"
_FILES = {name: f"{name}.safetensors" for name in ("anet", "cnet", "yolo")}


@dataclass(frozen=True)
class Weights:
    """A file of weights that was found and verified.

    Attributes:
        name: "anet", "cnet" or "yolo".
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
    4. ours in the Hub repository that GAIT_DEMO_HUB_REPO names.

    Ours are safetensors and must have the sha256 that `folder`/manifest.json lists. Where
    GAIT_DEMO_OFFLINE or HF_HUB_OFFLINE is 1, steps 2 and 4 are skipped, even if an earlier run
    left the file in a cache: the result then depends on nothing but the project.

    Raises:
        WeightsError: not found, an explicit path without a file, or content that is not what the
            manifest promises or what was recorded.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise WeightsError(f"There is no file {explicit}; check the path of the weights.")
        return Weights(name, explicit, _sha256(explicit), "path")
    if name == "yolo" and not _offline() and (path := publisher.fetch()):
        found = Weights(name, path, _sha256(path), publisher.REPOSITORY)
        publisher.check(found.sha256)
        return found
    path, source = folder / _FILES[name], "checkpoints"
    if not path.is_file():
        path, source = _download(_FILES[name], folder)
    found = Weights(name, path, _sha256(path), source)
    promised = _manifest(folder).get(path.name, {}).get("sha256", found.sha256)
    if promised != found.sha256:
        raise WeightsError(
            f"{path} is damaged or was replaced: its sha256 is {found.sha256}, but the manifest "
            f"lists {promised}. Restore the file, or pass your own by its path."
        )
    return found


def ask_ahead() -> None:
    """Begin to ask for what `find` may have to wait for; returns at once."""
    if not _offline():
        publisher.ask()


def _offline() -> bool:
    return "1" in (os.environ.get("GAIT_DEMO_OFFLINE"), os.environ.get("HF_HUB_OFFLINE"))


def _manifest(folder: Path) -> dict[str, dict]:
    path = folder / "manifest.json"
    try:
        return json.loads(path.read_text()) if path.is_file() else {}
    except ValueError as error:
        raise WeightsError(f"{path} is not valid JSON; restore it.") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(file: str, folder: Path) -> tuple[Path, str]:
    """One of our files, and the Hub repository that it came from."""
    repository = os.environ.get("GAIT_DEMO_HUB_REPO")
    missing = (
        f"There are no weights {file}: put them into {folder}, give their path, or, with a "
        "network, set GAIT_DEMO_HUB_REPO to the Hub repository that holds them."
    )
    if not repository or _offline():
        raise WeightsError(missing)
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError

    try:
        return Path(hf_hub_download(repository, file)), repository
    except EntryNotFoundError as error:
        raise WeightsError(missing) from error
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise WeightsError(
            f"{file} could not be fetched from {repository}: {type(error).__name__}. Check the "
            "network and GAIT_DEMO_HUB_REPO, or put the file into checkpoints/."
        ) from error
