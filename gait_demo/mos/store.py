"""The store of raters and votes, with all rules on who may vote on what, and when."""

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

AWAY_S = 1800  # time without activity after which a rater's open clips are given to others


class Store:
    """The votes of one study. Threads, processes and machines can share its database."""

    def __init__(
        self, study: Study, database: Database, now: Callable[[], float] = time.time
    ) -> None:
        """
        Args:
            study: the study.
            database: where the votes are stored.
            now: the server's clock, in seconds since 1970.
        """
        self.study = study
        self.listener: Callable[[dict], None] = lambda event: None  # called with new records
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
        """Adds a new rater, who has agreed to take part.

        Returns:
            The rater's token: whoever has it can rate as this rater. Only its hash is stored.
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
        """What a rater is shown now. A clip's time starts when it is first asked for.

        Raises:
            StudyError: the token is unknown.
        """
        with self._database.transaction() as connection:
            return self._trial(connection, self._rater(connection, token))

    def vote(self, token: str, clip: str, score: int, device: Device | None = None) -> Trial:
        """Stores a vote for the clip that the rater is shown.

        Args:
            token: of the rater.
            clip: id of the clip.
            score: 1 to 5.
            device: on which the clip was seen, if known.

        Returns:
            What the rater is shown next.

        Raises:
            StudyError: the token is unknown; the clip is not the one that is shown (for example
                because it was already voted on); the score is not 1 to 5; or too little time has
                passed to see the whole clip. Nothing is changed then.
        """
        if type(score) is not int or score not in SCALE:
            raise StudyError(f"{score!r} is not a rating: give a whole number from 1 to 5.")
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
        """Goes back to the previous clip, so that its vote can be changed.

        Raises:
            StudyError: the token is unknown, or there is no previous clip.
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
        """All votes that count, without those on training clips, by rater and position."""
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
        """The records of all raters and votes in the database, also of other studies."""
        with self._database.transaction() as connection:
            return records.read(connection)

    def restore(self, events: Iterable[dict]) -> int:
        """Adds raters and votes from records; those that are already there are skipped.

        Returns:
            The number of new votes.
        """
        with self._database.transaction() as connection:
            connection.scalar(_lock(self.study.id))
            return records.take_over(connection, events)

    def _asked(self, connection: Connection, now: float) -> dict[str, int]:
        """The number of raters who were given each clip, by the clip's id. Raters who went away
        count only for clips that they rated."""
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
            this_clip = (*self._of(rater.rater), assignments.c.clip == shown.clip)
            connection.execute(update(assignments).where(*this_clip).values(served=self._now()))
        clip = None if shown is None else self.study.by_id[shown.clip]
        position = min(max(0, rater.open - practice + 1), counts[0])
        score = None if shown is None else shown.score
        return Trial(clip, position, *counts, score, score is None and rater.open > 0)

    def _tell(self, event: dict) -> None:
        try:
            self.listener(event)
        except Exception:  # the vote is stored: a copy that fails must not undo it
            logging.exception("A copy of the votes could not be written.")


def _lock(study: str):
    """A query that locks the study, so that raters join one after another and each allocation sees
    the one before."""
    return select(studies.c.study).where(studies.c.study == study).with_for_update()


def _row(rater) -> tuple:
    return raters.c.study == rater.study, raters.c.rater == rater.rater
