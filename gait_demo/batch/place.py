"""The output of a run over many clips: a folder, perhaps on a shared disk, or a URL for fsspec."""

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
    """A folder by its path, or any storage that fsspec supports by its URL (s3://, hf://, file://).

    It can be pickled.
    """

    url: str

    @property
    def folder(self) -> Path | None:
        """The folder; None for a URL."""
        return None if "://" in self.url else Path(self.url)

    def open(self) -> None:
        """Creates it if it does not exist.

        Raises:
            BatchError: it cannot be created or written to.
        """
        with self._usable():
            if self.folder is None:
                filesystem, root = self._remote
                filesystem.makedirs(root, exist_ok=True)
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise BatchError(
                    f"Writing to {self.url} is not permitted: change its permissions or choose "
                    "another folder."
                )

    def address(self, name: str) -> str:
        """Path or URL of a file in it."""
        return f"{self.url.rstrip('/')}/{name}"

    def files(self) -> set[str]:
        """The names of all files in it, also in subfolders, relative to it.

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
        """The content of a file; None if it does not exist.

        Raises:
            OSError: a file in a folder cannot be read.
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
        """Writes a file, replacing an older one.

        Raises:
            OSError: a file in a folder cannot be written; the older one is kept.
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
        """A local folder for one clip's results. With a URL it is temporary, and its files are
        uploaded when the block ends, after those of an earlier run were deleted there. If the
        process is killed, the next such block on this machine removes the temporary folder.

        Raises:
            VideoError: the results cannot be uploaded.
        """
        if self.folder is not None:
            yield self.folder / name
            return
        from gait_demo.pipeline.outputs import NAMES  # slow import that only workers need
        from gait_demo.workspace import working_folder

        filesystem, root = self._remote
        with working_folder(Path(tempfile.gettempdir()), uuid4().hex) as part:
            here = part / "results"
            here.mkdir()
            yield here
            try:
                target = f"{root}/{name}"
                filesystem.makedirs(target, exist_ok=True)
                filesystem.invalidate_cache()
                for old in filter(filesystem.exists, [f"{target}/{file}" for file in NAMES]):
                    filesystem.rm_file(old)
                for path in here.iterdir():
                    filesystem.put_file(str(path), f"{target}/{path.name}")
            except OSError as error:
                sentence = f"The results cannot be sent to {self.url}: {error.strerror or error}."
                raise not_written(sentence, error) from error
            except Exception as error:  # storage libraries raise exceptions of their own
                raise VideoError(f"The results cannot be sent to {self.url}: {error}.") from error

    @cached_property
    def _remote(self):
        """The fsspec file system of the URL, and the path in it."""
        import fsspec

        with self._usable():
            return fsspec.core.url_to_fs(self.url)

    @contextmanager
    def _usable(self, *but: type[Exception]) -> Iterator[None]:
        """Turns errors in the block into BatchError, except those in `but`.

        Raises:
            BatchError: the output cannot be used.
        """
        try:
            yield
        except (BatchError, *but):
            raise
        except Exception as error:  # storage libraries raise exceptions of their own
            reason = " ".join(str(getattr(error, "strerror", None) or error).split())
            reason = reason.rstrip(".") or type(error).__name__
            raise BatchError(f"The output {self.url} cannot be used: {reason}.") from error
