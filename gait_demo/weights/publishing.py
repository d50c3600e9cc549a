"""Publishing on the Hugging Face Hub: the weights with a model card, and the app as a Space."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template

from gait_demo.errors import GaitDemoError, WeightsError
from gait_demo.weights import hub
from gait_demo.weights.finding import find
from gait_demo.weights.manifest import CHECKPOINTS, MANIFEST, manifest

ROOT = CHECKPOINTS.parent
SPACE = (
    "app.py", "requirements.txt", "packages.txt", "README.md", "LICENSE", "gait_demo",
    "checkpoints", "assets",
)  # fmt: skip
_LICENCE = ROOT / "LICENSE"
_CARD = Path(__file__).with_name("model_card.md")
_NETWORKS = {
    "anet": "A-NET: anonymized silhouettes from silhouettes and noise",
    "cnet": "C-NET: colours for anonymized silhouettes",
    "recogniser": "GaitBase: checks whether a result is recognised among synthetic walkers",
    "stgan": "ST-GAN: the baseline to compare A-NET with",
    "yolo": "person detector: a YOLO with instance masks",
}
_MEASURES = {
    "iou": "IoU with the silhouettes of the wanted walker",
    "alike": "mean IoU of the results of two noise vectors (1: the noise has no effect)",
    "whole": "share of frames whose silhouette is one piece",
    "area": "area of the silhouette relative to the input's",
    "inside": "mean absolute error of colours inside the silhouette",
    "copy": "the same for the original's own pixels",
    "BCE": "training loss, binary cross-entropy",
    "L1": "training loss, mean absolute error",
}


@dataclass(frozen=True)
class Upload:
    """The files to upload to one repository.

    Attributes:
        kind: "model" or "space".
        repository: OWNER/NAME.
        files: by path in the repository: the content, or the path of a file that holds it.
        owned: folders of the repository from which all other files are deleted.
    """

    kind: str
    repository: str
    files: dict[str, Path | bytes]
    owned: tuple[str, ...] = ()

    def sizes(self) -> dict[str, int]:
        """Size in bytes by path."""
        return {
            path: len(content) if isinstance(content, bytes) else content.stat().st_size
            for path, content in sorted(self.files.items())
        }


def weights(repository: str, results: str | None = None, folder: Path = CHECKPOINTS) -> Upload:
    """The upload of all files of the manifest that are in `folder`, with a model card.

    Args:
        repository: OWNER/NAME.
        results: the card's evaluation, as Markdown; None: the figures of the training.
        folder: of the weights and the manifest.

    Raises:
        WeightsError: a file is missing or differs from the manifest, or there is no manifest.
    """
    listed = manifest(folder)
    if not listed:
        raise WeightsError(f"There is nothing to publish: {folder / MANIFEST} lists no weights.")
    entries = {name: entry for name, entry in listed.items() if "release" not in entry}
    files: dict[str, Path | bytes] = {}
    for name, entry in entries.items():
        found = find(Path(name).stem, folder / name)
        if found.sha256 != entry["sha256"]:
            raise WeightsError(
                f"{found.path} is not the file that {MANIFEST} lists: its sha256 is "
                f"{found.sha256}. Restore the file or update the manifest before you publish."
            )
        files[name] = found.path
    sizes = Upload("model", repository, files).sizes()
    card = model_card(repository, entries, sizes, results)
    return Upload("model", repository, {**files, "README.md": card.encode(), "LICENSE": _LICENCE})


def space(repository: str, models: str, root: Path = ROOT) -> Upload:
    """The upload of the app as a Space, whose README names the repository of the weights.

    Args:
        repository: OWNER/NAME of the Space.
        models: OWNER/NAME of the weights.
        root: folder of the project.
    """
    from huggingface_hub import SpaceCard

    files: dict[str, Path | bytes] = {}
    for path in (root / name for name in SPACE):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            place = file.relative_to(root)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in place.parts)
            if file.is_file() and not hidden:
                files[place.as_posix()] = file
    card = SpaceCard((root / "README.md").read_text(encoding="utf-8"))
    card.data.models = [models, *(name for name in card.data.models or () if name != models)]
    owned = tuple(name for name in SPACE if (root / name).is_dir())
    return Upload("space", repository, files | {"README.md": str(card).encode()}, owned)


def upload(what: Upload) -> str:
    """Uploads all files in one commit; creates the repository if it does not exist.

    Returns:
        The id of the commit.

    Raises:
        GaitDemoError: the Hub cannot be reached, or refuses.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api, name = HfApi(), {"repo_id": what.repository, "repo_type": what.kind}
    try:
        api.create_repo(**name, exist_ok=True, space_sdk="gradio" if what.kind == "space" else None)
        listed = api.list_repo_files(**name)
        gone = [
            path for path in listed if path.split("/")[0] in what.owned and path not in what.files
        ]
        add = [CommitOperationAdd(path, content) for path, content in what.files.items()]
        delete = [CommitOperationDelete(path) for path in gone]
        return api.create_commit(
            **name, operations=add + delete, commit_message="Published by gait_demo"
        ).oid
    except Exception as error:  # any error of the network, a proxy or the Hub
        raise GaitDemoError(
            f"{what.kind} {what.repository} was not published: {hub.reason(error)}. Check the "
            "name, the network and, with `hf auth whoami`, that you may write there; no file in it "
            "was changed."
        ) from error


def record(repository: str, commit: str, files: Iterable[str], folder: Path = CHECKPOINTS) -> None:
    """Writes to the manifest where published files can be downloaded from.

    Args:
        repository: OWNER/NAME.
        commit: id of the commit that holds the files.
        files: names of the published files; those that the manifest does not list are ignored.
        folder: of the manifest.

    Raises:
        OSError: the manifest cannot be written; it is as it was.
    """
    hub = {"hub": f"{repository}@{commit}"}
    entries = {
        name: entry | hub if name in files else entry for name, entry in manifest(folder).items()
    }
    with tempfile.TemporaryDirectory(prefix=".manifest-", dir=folder) as parts:
        part = Path(parts, MANIFEST)
        part.write_text(json.dumps(entries, indent=2) + "\n")
        os.replace(part, folder / MANIFEST)


def model_card(repository: str, entries: dict, sizes: dict[str, int], results: str | None) -> str:
    """The README of the weights' repository; all its figures come from the arguments."""
    from huggingface_hub import ModelCardData

    about = ModelCardData(
        license="agpl-3.0",
        library_name="pytorch",
        pipeline_tag="video-to-video",
        tags=["gait", "anonymization", "privacy", "silhouettes", "safetensors"],
    )
    networks = {name: _NETWORKS.get(Path(name).stem, name) for name in entries}
    body = Template(_CARD.read_text(encoding="utf-8")).substitute(
        repository=repository,
        names=", ".join(network.partition(":")[0] for network in networks.values()),
        files="\n".join(
            f"| `{name}` | {networks[name]} | {sizes[name]:,} | `{entry['sha256']}` |"
            for name, entry in entries.items()
        ),
        training="\n\n".join(_training(name, entry) for name, entry in entries.items()),
        evaluation=results.strip() if results else _scores(entries),
    )
    return f"---\n{about.to_yaml()}\n---\n\n{body}"


def _training(name: str, entry: dict) -> str:
    """How one weights file was made: the commands and the training data, as Markdown."""
    sets = _listed(entry["data"])
    commands = [manifest["command"] for manifest in sets] + _listed(entry["command"])
    facts = [entry["date"][:10]]
    facts += [f"{entry[unit]} {unit}" for unit in ("steps", "epochs", "seconds") if unit in entry]
    facts += [f"photos: {entry['photos']}"] if "photos" in entry else []
    return (
        f"`{name}` ({'; '.join(facts)}), on synthetic people that the project makes:\n\n```bash\n"
        + "\n".join(commands)
        + "\n```"
    )


def _scores(entries: dict) -> str:
    rows = [
        f"| `{name}` | {_MEASURES.get(measure, measure)} | {value} |"
        for name, entry in entries.items()
        for measure, value in entry.get("scores", {}).items()
        if measure not in ("step", "seconds")
    ]
    return (
        "Figures of the training: losses on the training data, all others on held-out people. This "
        "card has no figures on how well the gait is hidden.\n\n"
        "| file | measure | value |\n|---|---|---|\n" + "\n".join(rows)
    )


def _listed(value) -> list:
    return value if isinstance(value, list) else [value]
