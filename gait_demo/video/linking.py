"""Linking or copying finished files."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path


def link_or_copy(path: Path, to: Path) -> None:
    """Hard link a finished file to a second path, or copy it if that is not possible.

    A file at that path is replaced atomically: other processes may do the same at the same time.
    """
    part = to.with_name(f".{secrets.token_hex(8)}")
    try:
        try:
            os.link(path, part)
        except OSError:
            shutil.copyfile(path, part)
        os.replace(part, to)
    finally:
        part.unlink(missing_ok=True)  # os.replace does nothing if both are links to one file
