"""A second place for a finished file."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path


def link_or_copy(path: Path, to: Path) -> None:
    """Give a finished file a second place without writing it again where that is possible.

    What is there already is replaced, at once and whole: others may do the same meanwhile.
    """
    part = to.with_name(f".{secrets.token_hex(8)}")
    try:
        try:
            os.link(path, part)
        except OSError:
            shutil.copyfile(path, part)
        os.replace(part, to)
    finally:
        part.unlink(missing_ok=True)  # a second link to the same file is not moved
