"""The manifest: sha256, origin and licence of every weights file that the program uses."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from gait_demo.errors import WeightsError

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
MANIFEST = "manifest.json"
PERSON, FACE = ("pose_detection", "pose_landmark"), "face_detection"
RELEASED = (*PERSON, FACE)  # networks whose files are in released packages
_FILES = {
    "pose_detection": "pose_detection.tflite",
    "pose_landmark": "pose_landmark_full.tflite",
    "face_detection": "centerface.onnx",
}


def manifest(folder: Path = CHECKPOINTS) -> dict[str, dict]:
    """The entries of the manifest by file name; empty without a manifest.

    An entry with "release" describes a file that is not in `folder`, but inside a package on the
    Python package index.

    Raises:
        WeightsError: the manifest is not valid JSON.
    """
    path = folder / MANIFEST
    try:
        return json.loads(path.read_text()) if path.is_file() else {}
    except ValueError as error:
        raise WeightsError(f"{path} is not valid JSON; restore it.") from error


def file_of(name: str) -> str:
    """The name of a network's weights file."""
    return _FILES.get(name, f"{name}.safetensors")


def names(folder: Path = CHECKPOINTS) -> list[str]:
    """The networks whose files the manifest in `folder` lists."""
    known = {file: name for name, file in _FILES.items()}
    return [known.get(file, Path(file).stem) for file in manifest(folder)]


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
