"""A copy of the votes in a dataset on the Hugging Face Hub, for machines without a lasting disk.

Each process uploads the whole SQLite file under a name of its own whenever it has changed. The file
on this machine remains authoritative: if the Hub fails, only the copy is lost.
"""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from gait_demo.errors import StudyError

EVERY_S = 300
_CLOSE_S = 10  # to wait for the last upload
_log = logging.getLogger(__name__)


def restore(file: Path, repository: str, api: HfApi | None = None) -> None:
    """Downloads the newest copy, unless the file exists or there is no copy yet.

    Raises:
        StudyError: the Hub cannot be asked, or the file cannot be written.
    """
    if file.exists():
        return
    api = api or HfApi()
    try:
        copies = sorted(api.list_repo_files(repository, repo_type="dataset"))
        copies = [name for name in copies if name.endswith(".sqlite")]
        if copies:
            copy = Path(api.hf_hub_download(repository, copies[-1], repo_type="dataset"))
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f".{uuid.uuid4().hex}")
            part.write_bytes(copy.read_bytes())
            os.replace(part, file)
    except RepositoryNotFoundError:
        return
    except Exception as error:  # any error of the network, a proxy, the Hub or the disk
        raise StudyError(
            f"The votes so far cannot be fetched from {repository} ({type(error).__name__}): start "
            "the app again when the Hub answers."
        ) from error


class HubCopy:
    """Keeps a copy of a SQLite file up to date, in the background."""

    def __init__(
        self, file: Path, repository: str, api: HfApi | None = None, every_s: float = EVERY_S
    ):
        """
        Args:
            file: of the votes.
            repository: a dataset; created as a private one if it does not exist.
            api: access to the Hub; None: the default.
            every_s: seconds between uploads.
        """
        self._file, self._repository, self._api = file, repository, api or HfApi()
        self._every_s = every_s
        self._name = f"{time.time_ns()}.sqlite"
        self._sent = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def close(self) -> None:
        """Uploads the last votes, and no more after them."""
        self._stop.set()
        self._thread.join(_CLOSE_S)
        atexit.unregister(self.close)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self._upload()
        self._upload()

    def _upload(self) -> None:
        try:
            votes = self._votes()
            if votes != self._sent:
                where = {"repo_id": self._repository, "repo_type": "dataset"}
                self._api.create_repo(**where, private=True, exist_ok=True)
                self._api.upload_file(path_or_fileobj=votes, path_in_repo=self._name, **where)
                self._sent = votes
        except Exception as error:  # any error of the network, a proxy, the Hub or the disk
            _log.warning(
                "The votes could not be copied to %s (%s).", self._repository, type(error).__name__
            )

    def _votes(self) -> bytes:
        with (
            closing(sqlite3.connect(self._file)) as file,
            closing(sqlite3.connect(":memory:")) as copy,
        ):
            file.backup(copy)
            return copy.serialize()
