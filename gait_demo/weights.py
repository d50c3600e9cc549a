"""Where weights come from: an explicit path, the project's checkpoints, then the Hub."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from gait_demo.errors import WeightsError

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"
_FILES = {
    "anet": "anet.safetensors",
    "cnet": "cnet.safetensors",
    "yolo": "yolo11n-seg.pt",
}


@dataclass(frozen=True)
class Weights:
    """A file of weights that was found and, where the manifest lists it, verified.

    Attributes:
        name: "anet", "cnet" or "yolo".
        path: the file.
        sha256: of its content, as hexadecimal digits.
    """

    name: str
    path: Path
    sha256: str


def find(
    name: str,
    explicit: Path | None = None,
    *,
    required: bool = True,
    folder: Path = CHECKPOINTS,
) -> Weights | None:
    """Resolve a name to a file.

    The Hub is asked only where the environment names a repository (GAIT_DEMO_HUB_REPO) and
    neither GAIT_DEMO_OFFLINE nor HF_HUB_OFFLINE is 1. What lies in `folder` or comes from the
    Hub must have the sha256 that `folder`/manifest.json lists for its file name; an explicit
    path is the user's own choice and is not compared.

    Args:
        name: "anet", "cnet" or "yolo".
        explicit: a file to take instead of looking for one.
        required: whether to raise, rather than return None, when there is none.
        folder: the project's checkpoints.

    Raises:
        WeightsError: not found though required, an explicit path without a file, or content
            that is not what the manifest promises.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise WeightsError(f"There is no file {explicit}; check the path of the weights.")
        return Weights(name, explicit, _sha256(explicit))
    path = folder / _FILES[name]
    if not path.is_file():
        path = _download(_FILES[name])
    if path is None:
        if required:
            raise WeightsError(
                f"No weights for {name}: put {_FILES[name]} into {folder}, give its path, or, "
                "with a network, set GAIT_DEMO_HUB_REPO to the Hub repository that holds it."
            )
        return None
    found = Weights(name, path, _sha256(path))
    promised = _manifest(folder).get(path.name, {}).get("sha256", found.sha256)
    if promised != found.sha256:
        raise WeightsError(
            f"{path} is damaged or was replaced: its sha256 is {found.sha256}, but the manifest "
            f"lists {promised}. Restore the file, or pass your own by its path."
        )
    return found


def _manifest(folder: Path) -> dict[str, dict]:
    path = folder / "manifest.json"
    try:
        return json.loads(path.read_text()) if path.is_file() else {}
    except ValueError as error:
        raise WeightsError(f"{path} is not valid JSON; restore it.") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(file: str) -> Path | None:
    repository = os.environ.get("GAIT_DEMO_HUB_REPO")
    offline = "1" in (os.environ.get("GAIT_DEMO_OFFLINE"), os.environ.get("HF_HUB_OFFLINE"))
    if not repository or offline:
        return None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError

    try:
        return Path(hf_hub_download(repository, file))
    except EntryNotFoundError:
        return None
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise WeightsError(
            f"{file} could not be fetched from {repository}: {type(error).__name__}. Check the "
            "network and GAIT_DEMO_HUB_REPO, or put the file into checkpoints/."
        ) from error
