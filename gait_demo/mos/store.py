"""Raters and their votes: who may vote for what and when is decided here, and nowhere else."""

from __future__ import annotations

import logging
import secrets
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields

from sqlalchemy import Connection, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from gait_demo.errors import StudyError
from gait_demo.mos import records
from gait_demo.mos.allocation import allocate
from gait_demo.mos.database import Database, assignments, devices, raters, studies
from gait_demo.mos.study import SCALE, Study
from gait_demo.mos.votes import Device, Trial, UnknownRater, Vote, rater_of

AWAY_S = 1800  # after which the clips that a rater left undone are given to others as well


class Store:
    """The votes of one study. Threads, processes and machines may share its database."""

    def __init__(
        self, study: Study, database: Database, now: Callable[[], float] = time.time
    ) -> None:
        """now: the server's clock, in seconds since 1970."""
        self.study = study
        self.listener: Callable[[dict], None] = lambda event: None  # told of what was committed
        self._database = database
        self._now = now
        try:
            with database.transaction() as connection:
                if connection.scalar(_lock(study.id)) is None:
                    connection.execute(insert(studies).values(study=study.id))
        except StudyError as error:
            if not isinstance(error.__cause__, IntegrityError):  # another process was faster
                raise

    def join(self) -> str:
        """A new rater has agreed to take part.

        Returns:
            The rater's token: whoever has it rates as this rater. Only its hash is kept.
        """
        token = secrets.token_urlsafe(18)
        rater, now = rater_of(token), self._now()
        with self._database.transaction() as connection:
            connection.scalar(_lock(self.study.id))
            clips = allocate(self.study, self._asked(connection, now), rater)
            event = {
                "kind": "rater", "study": self.study.id, "rater": rater, "joined": now,
                "clips": [clip.id for clip in clips],
            }  # fmt: skip
            records.add_rater(connection, event)
        self._tell(event)
        return token

    def trial(self, token: str) -> Trial:
        """What this rater is to see now; its clock starts when it is asked for the first time.

        Raises:
            StudyError: nobody has this token.
        """
        with self._database.transaction() as connection:
            return self._trial(connection, self._rater(connection, token))

    def vote(self, token: str, clip: str, score: int, device: Device | None = None) -> Trial:
        """Take a vote for the clip that this rater is being shown.

        Args:
            device: on which it was seen, if known.

        Returns:
            What comes next.

        Raises:
            StudyError: nobody has this token; the clip is not the one that is shown, say because
                it was voted on already; the score is not 1 to 5; or the clip cannot have been seen
                to its end yet. Nothing was changed.
        """
        if type(score) is not int or score not in SCALE:
            raise StudyError(f"{score!r} is no rating: give a whole number from 1 to 5.")
        with self._database.transaction() as connection:
            rater = self._rater(connection, token)
            shown = self._assigned(connection, rater.rater, rater.open)
            if shown is None or shown.clip != clip or shown.served is None:
                raise StudyError("This is not the clip that you are being shown: reload the page.")
            now = self._now()
            left = shown.served + self.study.by_id[clip].duration_s - now
            if left > 0:
                raise StudyError(f"Watch the clip to its end first: {left:.1f} s are left.")
            event = {
                "kind": "vote", "event": uuid.uuid4().hex, "study": self.study.id,
                "rater": rater.rater, "clip": clip, "score": score, "voted": now,
            }  # fmt: skip
            if device is not None:
                event["device"] = asdict(device)
            records.add_vote(connection, event)
            upcoming = connection.scalar(
                select(func.min(assignments.c.position)).where(
                    *self._of(rater.rater), assignments.c.score.is_(None)
                )
            )
            upcoming = records.FINISHED if upcoming is None else upcoming
            connection.execute(update(raters).where(*_row(rater)).values(active=now, open=upcoming))
            trial = self._trial(connection, self._rater(connection, token))
        self._tell(event)
        return trial

    def back(self, token: str) -> Trial:
        """Show the clip before once more, so that its vote can be changed.

        Raises:
            StudyError: nobody has this token, or there is no clip before.
        """
        with self._database.transaction() as connection:
            rater = self._rater(connection, token)
            if not self._trial(connection, rater).can_go_back:
                raise StudyError("There is no clip before this one to go back to.")
            before = connection.scalar(
                select(func.max(assignments.c.position)).where(
                    *self._of(rater.rater), assignments.c.position < rater.open
                )
            )
            connection.execute(update(raters).where(*_row(rater)).values(open=before))
            return self._trial(connection, self._rater(connection, token))

    def votes(self) -> list[Vote]:
        """All that count, the training left out, in the order of raters and positions."""
        rows, own = assignments.c, [devices.c[field.name] for field in fields(Device)]
        keys = [rows[name] == devices.c[name] for name in ("study", "rater", "clip")]
        query = (
            select(rows.rater, rows.clip, rows.score, rows.position, rows.served, rows.voted, *own)
            .select_from(assignments.outerjoin(devices, and_(*keys)))
            .where(rows.study == self.study.id, rows.score.is_not(None))
            .order_by(rows.rater, rows.position)
        )
        training = {clip.id for clip in self.study.of_role("training")}
        with self._database.transaction() as connection:
            return [
                Vote(*row[: -len(own)], Device(*row[-len(own) :]))
                for row in connection.execute(query)
                if row.clip not in training
            ]

    def events(self) -> list[dict]:
        """Everything that was ever told to the listener, of other studies as well."""
        with self._database.transaction() as connection:
            return records.read(connection)

    def restore(self, events: Iterable[dict]) -> int:
        """Take over raters and votes that were kept elsewhere, each of them once.

        Returns:
            How many votes were new.
        """
        with self._database.transaction() as connection:
            connection.scalar(_lock(self.study.id))
            return records.take_over(connection, events)

    def _asked(self, connection: Connection, now: float) -> dict[str, int]:
        """Of how many raters each clip was asked; those who went away only for what they did."""
        rows = connection.execute(
            select(assignments.c.clip, func.count())
            .join(raters)
            .where(
                assignments.c.study == self.study.id,
                or_(assignments.c.score.is_not(None), raters.c.active > now - AWAY_S),
            )
            .group_by(assignments.c.clip)
        )
        return {clip: count for clip, count in rows}

    def _rater(self, connection: Connection, token: str):
        rater = rater_of(token)
        row = connection.execute(
            select(raters)
            .where(raters.c.study == self.study.id, raters.c.rater == rater)
            .with_for_update()
        ).first()
        if row is None:
            raise UnknownRater
        return row

    def _of(self, rater: str) -> tuple:
        return assignments.c.study == self.study.id, assignments.c.rater == rater

    def _assigned(self, connection: Connection, rater: str, position: int):
        return connection.execute(
            select(assignments).where(*self._of(rater), assignments.c.position == position)
        ).first()

    def _trial(self, connection: Connection, rater) -> Trial:
        practice = len(self.study.of_role("training"))
        counts = connection.execute(
            select(func.count(), func.count(assignments.c.score)).where(
                *self._of(rater.rater), assignments.c.position >= practice
            )
        ).one()
        shown = self._assigned(connection, rater.rater, rater.open)
        if shown is not None and shown.served is None:
            mine = (*self._of(rater.rater), assignments.c.clip == shown.clip)
            connection.execute(update(assignments).where(*mine).values(served=self._now()))
        clip = None if shown is None else self.study.by_id[shown.clip]
        position = min(max(0, rater.open - practice + 1), counts[0])
        score = None if shown is None else shown.score
        return Trial(clip, position, *counts, score, score is None and rater.open > 0)

    def _tell(self, event: dict) -> None:
        try:
            self.listener(event)
        except Exception:  # the vote is kept: a copy that fails must not undo it
            logging.exception("a copy of the votes could not be written")


def _lock(study: str):
    """Raters join one after the other, so that each sees what the one before was given."""
    return select(studies.c.study).where(studies.c.study == study).with_for_update()


def _row(rater) -> tuple:
    return raters.c.study == rater.study, raters.c.rater == rater.rater
