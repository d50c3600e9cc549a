"""A copy of the votes in a dataset on the Hugging Face Hub, for machines without a lasting disk.

Each process appends new records to its own JSONL file, and huggingface_hub uploads the folder
periodically. The database remains authoritative: if the Hub fails, only the copy is lost.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import CommitScheduler, HfApi
from huggingface_hub.errors import HfHubHTTPError

from gait_demo.mos.store import Store

EVERY_MIN = 5
AGAIN_S = 300
_CLOSE_S = 5
_KINDS = ("rater", "vote")

_log = logging.getLogger(__name__)


class HubCopy:
    """Restores the votes from the copy at start, then keeps the copy up to date; all in the
    background."""

    def __init__(
        self, store: Store, repository: str, folder: Path, api: HfApi | None = None,
        every_min: float = EVERY_MIN, again_s: float = AGAIN_S,
    ) -> None:  # fmt: skip
        """
        Args:
            store: the votes.
            repository: a dataset; created as a private one if it does not exist.
            folder: local folder for this process's file, and for downloaded ones.
            api: access to the Hub; None: the default.
            every_min: minutes between uploads.
            again_s: seconds after which a Hub that does not answer is asked again.
        """
        self._store = store
        self._repository = repository
        self._api = api or HfApi()
        self._every_min, self._again_s = every_min, again_s
        self._upload = folder / "upload"
        self._download = folder / "download"
        self._upload.mkdir(parents=True, exist_ok=True)
        self._file = self._upload / f"{uuid.uuid4().hex}.jsonl"
        self._written: set[tuple] = set()
        self._lock = threading.Lock()
        self._scheduler: CommitScheduler | None = None
        self._stop = threading.Event()
        self.read = threading.Event()  # set when the copy was restored
        store.listener = self._append
        self._thread = threading.Thread(target=self._start, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops the uploads."""
        self._stop.set()
        self._thread.join(_CLOSE_S)
        if self._scheduler:
            self._scheduler.stop()

    def _start(self) -> None:
        """Tries until the Hub answers once; then the scheduler takes over."""
        while not self._stop.is_set():
            try:
                self._api.create_repo(
                    self._repository, repo_type="dataset", private=True, exist_ok=True
                )
                self._read_back()
                self.read.set()
                self._scheduler = CommitScheduler(
                    repo_id=self._repository,
                    repo_type="dataset",
                    folder_path=self._upload,
                    every=self._every_min,
                    private=True,
                    hf_api=self._api,
                )
                return
            except (HfHubHTTPError, OSError, ValueError) as error:
                _log.warning("The Hub does not answer (%s): the votes are kept here.", error)
            except Exception:
                _log.exception("The copy of the votes on the Hub could not be read.")
            self._stop.wait(self._again_s)

    def _read_back(self) -> None:
        """Restores records from the Hub, and appends those that the Hub lacks."""
        self._download.mkdir(parents=True, exist_ok=True)
        self._api.snapshot_download(
            self._repository, repo_type="dataset", allow_patterns="*.jsonl",
            local_dir=self._download,
        )  # fmt: skip
        there = list(_records(self._download))
        new = self._store.restore(there)
        known = {_key(record) for record in there}
        for record in self._store.events():
            if _key(record) not in known:
                self._append(record)  # unless it was already
        _log.info("%d votes were taken over from %s.", new, self._repository)

    def _append(self, record: dict) -> None:
        with self._lock:
            if _key(record) not in self._written:
                self._write(json.dumps(record) + "\n")
                self._written.add(_key(record))

    def _write(self, line: str) -> None:
        file = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, line.encode())  # one call, so that uploads contain whole lines
            now = time.time_ns()  # uploads compare file times; the file system's are too coarse
            os.utime(file, ns=(now, now))
        finally:
            os.close(file)


def _records(folder: Path) -> Iterator[dict]:
    for path in sorted(folder.glob("**/*.jsonl")):
        for line in path.read_text().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                _log.warning("%s has a line that is not JSON; it is skipped.", path.name)
                continue
            if isinstance(record, dict) and record.get("kind") in _KINDS:
                yield record


def _key(record: dict) -> tuple:
    return record["kind"], record["study"], record["rater"], record.get("event")
