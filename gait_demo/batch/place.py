"""Where results go: a folder of this machine or one that several share, or a URL for fsspec."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from gait_demo.errors import BatchError, VideoError, not_written


@dataclass(frozen=True)
class Place:
    """A folder by its path, or anything that fsspec knows by its URL (s3://, hf://, file://).

    It may be sent to another process.
    """

    url: str

    @property
    def folder(self) -> Path | None:
        """None: a URL."""
        return None if "://" in self.url else Path(self.url)

    def open(self) -> None:
        """Make it if need be.

        Raises:
            BatchError: it cannot be, or nothing can be written there.
        """
        with self._usable():
            if self.folder is None:
                filesystem, root = self._remote
                filesystem.makedirs(root, exist_ok=True)
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise BatchError(
                    f"Nothing may be written to {self.url}: change its permissions or choose "
                    "another folder."
                )

    def address(self, name: str) -> str:
        """Path or URL of a file in it."""
        return f"{self.url.rstrip('/')}/{name}"

    def files(self) -> set[str]:
        """The names of all files in it, relative to it.

        Raises:
            BatchError: a URL cannot be used.
        """
        if self.folder is None:
            with self._usable():
                filesystem, root = self._remote
                filesystem.invalidate_cache()
                return {path[len(root) :].lstrip("/") for path in filesystem.find(root)}
        found = set()
        for parent, _, names in os.walk(self.folder):
            below = Path(parent).relative_to(self.folder).as_posix()
            found.update(names if below == "." else (f"{below}/{name}" for name in names))
        return found

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if there is no such file.

        Raises:
            OSError: a folder's file cannot be read.
            BatchError: a URL cannot be used.
        """
        with suppress(FileNotFoundError):
            if self.folder is not None:
                return (self.folder / name).read_bytes()
            with self._usable(FileNotFoundError):
                filesystem, root = self._remote
                return filesystem.cat_file(f"{root}/{name}")
        return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole, in place of an older one.

        Raises:
            OSError: it cannot be written; a folder then still has the older one.
            BatchError: a URL cannot be used.
        """
        if self.folder is None:
            with self._usable():
                filesystem, root = self._remote
                filesystem.pipe_file(f"{root}/{name}", content)
            return
        part = self.folder / f".{name}.part"
        try:
            part.write_bytes(content)
            part.replace(self.folder / name)
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def filled(self, name: str) -> Iterator[Path]:
        """A folder to write one clip's results into; with a URL they are sent when the block ends,
        one by one, once those of an earlier run are gone. If the process is killed, the next such
        block on this machine removes them.

        Raises:
            VideoError: they cannot be sent.
        """
        if self.folder is not None:
            yield self.folder / name
            return
        from gait_demo.pipeline.outputs import NAMES  # loads what only a worker needs
        from gait_demo.workspace import working_folder

        filesystem, root = self._remote
        with working_folder(Path(tempfile.gettempdir()), uuid4().hex) as part:
            here = part / "results"
            here.mkdir()
            yield here
            try:
                there = f"{root}/{name}"
                filesystem.makedirs(there, exist_ok=True)
                filesystem.invalidate_cache()
                for old in filter(filesystem.exists, [f"{there}/{file}" for file in NAMES]):
                    filesystem.rm_file(old)
                for path in here.iterdir():
                    filesystem.put_file(str(path), f"{there}/{path.name}")
            except OSError as error:
                sentence = f"The results cannot be sent to {self.url}: {error.strerror or error}."
                raise not_written(sentence, error) from error
            except Exception as error:  # whatever a service's own library raises
                raise VideoError(f"The results cannot be sent to {self.url}: {error}.") from error

    @cached_property
    def _remote(self):
        """The filesystem of the URL, and the path in it."""
        import fsspec

        with self._usable():
            return fsspec.core.url_to_fs(self.url)

    @contextmanager
    def _usable(self, *but: type[Exception]) -> Iterator[None]:
        """
        Raises:
            BatchError: in place of any error in the block, `but` for some.
        """
        try:
            yield
        except (BatchError, *but):
            raise
        except Exception as error:  # whatever a service's own library raises
            told = " ".join(str(getattr(error, "strerror", None) or error).split())
            raise BatchError(
                f"The output {self.url} cannot be used: {told.rstrip('.') or type(error).__name__}."
            ) from error
