"""The database tables of the votes, in SQLite or any other database that SQLAlchemy supports."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from gait_demo.errors import StudyError

_WAIT_S = 5  # time to wait for another writer
_POOL = 20  # number of connections

metadata = MetaData()

studies = Table("studies", metadata, Column("study", String(12), primary_key=True))

raters = Table(
    "raters",
    metadata,
    Column("study", String(12), primary_key=True),
    Column("rater", String(16), primary_key=True),
    Column("joined", Float, nullable=False),  # seconds since 1970, as all times here
    Column("active", Float, nullable=False),
    Column("open", Integer, nullable=False),  # position of the clip that the rater is shown
)

# One row for each rater and each of their clips, with at most one vote.
assignments = Table(
    "assignments",
    metadata,
    Column("study", String(12), primary_key=True),
    Column("rater", String(16), primary_key=True),
    Column("clip", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("served", Float),  # time when it was first shown
    Column("score", Integer),
    Column("voted", Float),
    ForeignKeyConstraint(("study", "rater"), ("raters.study", "raters.rater")),
)

# All votes ever cast, including those that were changed later.
history = Table(
    "history",
    metadata,
    Column("event", String(32), primary_key=True),
    Column("study", String(12), nullable=False),
    Column("rater", String(16), nullable=False),
    Column("clip", String(64), nullable=False),
    Column("score", Integer, nullable=False),
    Column("voted", Float, nullable=False),
)


# The device on which the last vote on a clip was cast.
devices = Table(
    "devices",
    metadata,
    Column("study", String(12), primary_key=True),
    Column("rater", String(16), primary_key=True),
    Column("clip", String(64), primary_key=True),
    Column("screen_width", Integer),
    Column("screen_height", Integer),
    Column("pixel_ratio", Float),
    Column("is_touch", Boolean),
    Column("frames", Integer),
    Column("dropped", Integer),
)


class Database:
    """A database of votes with durable transactions."""

    def __init__(self, where: str):
        """
        Args:
            where: a file for SQLite, or a database URL.

        Raises:
            StudyError: the database cannot be opened.
        """
        try:
            url = make_url(_url(where))
        except ArgumentError as error:
            raise StudyError(
                "GAIT_DEMO_MOS_DB is neither a file nor a URL such as "
                "postgresql://user:password@host/name."
            ) from error
        self._file = url.database if url.get_backend_name() == "sqlite" else None
        try:
            if self._file:
                Path(self._file).parent.mkdir(parents=True, exist_ok=True)
            self._engine = _engine(url)
            metadata.create_all(self._engine)
            self._check_columns()
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise StudyError(
                f"There is no driver for {url.drivername}: give a file or a postgresql:// URL."
            ) from error
        except (SQLAlchemyError, OSError) as error:
            raise StudyError(f"The votes cannot be kept: {self._reason(error)}.") from error
        # one writer at a time: SQLite's own waiting polls, and lets some writers wait very long
        self._turn, self._answered_s = threading.Lock(), time.monotonic()
        self._number = self._file_number()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction; it is stored on disk when the block ends, or not at all.

        Raises:
            StudyError: the database failed, and the transaction was rolled back.
        """
        if self._file_number() != self._number:  # SQLite would write to the deleted file
            raise StudyError(
                f"The votes' database {self._file} was deleted or replaced while it was in use: "
                "its owner has to start the app again."
            )
        try:
            with self._taking_turns(), self._engine.begin() as connection:
                self._answered_s = time.monotonic()
                yield connection
        except SQLAlchemyError as error:
            raise StudyError(
                f"The votes' database does not answer ({self._reason(error)}): try again."
            ) from error

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _taking_turns(self) -> Iterator[None]:
        """Waits for this process's other writers, however many there are, as long as they make
        progress.

        Raises:
            StudyError: nothing progresses, because another process keeps the file locked.
        """
        if not self._file:
            yield
            return
        while not self._turn.acquire(timeout=_WAIT_S):
            if time.monotonic() - self._answered_s > _WAIT_S:
                raise StudyError("The votes' database does not answer (it is busy): try again.")
        try:
            yield
        finally:
            self._turn.release()

    def _file_number(self) -> int | None:
        """The inode of the SQLite file, which changes if it is replaced; None if there is none."""
        try:
            return Path(self._file).stat().st_ino if self._file else None
        except OSError:
            return None

    def _check_columns(self) -> None:
        inspector = inspect(self._engine)
        for table in metadata.sorted_tables:
            names = {column["name"] for column in inspector.get_columns(table.name)}
            if missing := {column.name for column in table.columns} - names:
                raise StudyError(
                    f"The votes' database was made by another version of this program: "
                    f"{table.name} has no {', '.join(sorted(missing))}. Set GAIT_DEMO_MOS_DB to a "
                    "new one, and keep this one for the program that made it."
                )

    def _reason(self, error: Exception) -> str:
        cause = getattr(error, "orig", None) or error
        return f"{self._file or 'database'}: {type(cause).__name__}"


def _url(where: str) -> str:
    if "://" not in where:
        return f"sqlite:///{Path(where).absolute()}"
    for short in ("postgres://", "postgresql://"):
        if where.startswith(short):
            return "postgresql+psycopg://" + where.removeprefix(short)
    return where


def _engine(url) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_size=_POOL, max_overflow=_POOL, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _WAIT_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection, _record) -> None:
        connection.isolation_level = None  # SQLAlchemy starts transactions, not the driver
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a later upgrade to writing would not wait

    return engine
