"""The store of raters and votes, with all rules on who may vote on what, and when."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, fields

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from gait_demo.errors import StudyError
from gait_demo.mos.allocation import allocate
from gait_demo.mos.database import Database, assignments, raters, studies
from gait_demo.mos.study import SCALE, Study
from gait_demo.mos.votes import Device, Trial, UnknownRater, Vote, rater_of

AWAY_S = 1800  # time without activity after which a rater's open clips are given to others
_FINISHED = 1_000_000  # position after the last clip of any study


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
            who = {"study": self.study.id, "rater": rater}
            connection.execute(insert(raters).values(**who, joined=now, active=now, open=0))
            rows = [{**who, "clip": clip.id, "position": n} for n, clip in enumerate(clips)]
            connection.execute(insert(assignments), rows)
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
            this_clip = (*self._of(rater.rater), assignments.c.clip == clip)
            new = {"score": score, "voted": now, **asdict(device or Device())}
            connection.execute(update(assignments).where(*this_clip).values(**new))
            upcoming = connection.scalar(
                select(func.min(assignments.c.position)).where(
                    *self._of(rater.rater), assignments.c.score.is_(None)
                )
            )
            upcoming = _FINISHED if upcoming is None else upcoming
            connection.execute(update(raters).where(*_row(rater)).values(active=now, open=upcoming))
            return self._trial(connection, self._rater(connection, token))

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
        rows = assignments.c
        own = [rows[field.name] for field in fields(Device)]
        query = (
            select(rows.rater, rows.clip, rows.score, rows.position, rows.served, rows.voted, *own)
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


def _lock(study: str):
    """A query that locks the study, so that raters join one after another and each allocation sees
    the one before."""
    return select(studies.c.study).where(studies.c.study == study).with_for_update()


def _row(rater) -> tuple:
    return raters.c.study == rater.study, raters.c.rater == rater.rater
