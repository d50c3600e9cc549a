"""Raters and votes as JSON records, which can be copied elsewhere and restored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from gait_demo.mos.database import assignments, devices, history, raters
from gait_demo.mos.votes import Device

_DEVICE = [field.name for field in fields(Device)]
FINISHED = 1_000_000  # position after the last clip of any study


def add_rater(connection: Connection, record: dict) -> None:
    """Adds a rater; `record` has "study", "rater", "joined" and "clips", the clips' ids in
    order."""
    who = {"study": record["study"], "rater": record["rater"]}
    times = {"joined": record["joined"], "active": record["joined"]}
    connection.execute(insert(raters).values(**who, **times, open=0))
    rows = [{**who, "clip": clip, "position": n} for n, clip in enumerate(record["clips"])]
    connection.execute(insert(assignments), rows)


def add_vote(connection: Connection, record: dict) -> None:
    """Adds a vote; `record` has "event" (the vote's id), "study", "rater", "clip", "score", "voted"
    and perhaps "device". The latest vote on a clip counts."""
    row = {name: record[name] for name in ("event", "study", "rater", "clip", "score", "voted")}
    connection.execute(insert(history).values(**row))
    same_row = [assignments.c[name] == row[name] for name in ("study", "rater", "clip")]
    latest = or_(assignments.c.voted.is_(None), assignments.c.voted <= row["voted"])
    new = {"score": row["score"], "voted": row["voted"]}
    changed = connection.execute(update(assignments).where(*same_row, latest).values(**new))
    if changed.rowcount:
        key = {name: row[name] for name in ("study", "rater", "clip")}
        connection.execute(delete(devices).where(*(devices.c[n] == key[n] for n in key)))
        if device := record.get("device"):
            connection.execute(insert(devices).values(**key, **asdict(Device.of(device))))


def read(connection: Connection) -> list[dict]:
    """The records of all raters and votes in a database, of all its studies."""
    order = assignments.c.study, assignments.c.rater, assignments.c.position
    clips: dict[tuple, list[str]] = {}
    for row in connection.execute(select(assignments).order_by(*order)):
        clips.setdefault((row.study, row.rater), []).append(row.clip)
    people = [
        {"kind": "rater", "study": row.study, "rater": row.rater, "joined": row.joined,
         "clips": clips[row.study, row.rater]}
        for row in connection.execute(select(raters))
    ]  # fmt: skip
    known = {
        (row["study"], row["rater"], row["clip"]): {n: row[n] for n in _DEVICE}
        for row in connection.execute(select(devices)).mappings()
    }
    votes = connection.execute(select(history).order_by(history.c.voted)).mappings()
    records = []
    for vote in votes:
        device = known.get((vote["study"], vote["rater"], vote["clip"]))
        records.append({"kind": "vote", **vote} | ({"device": device} if device else {}))
    return [*people, *records]


def take_over(connection: Connection, records: Iterable[dict]) -> int:
    """Adds the raters and votes that the database lacks; their order does not matter.

    Returns:
        The number of new votes.
    """
    records = list(records)
    known = set(map(tuple, connection.execute(select(raters.c.study, raters.c.rater))))
    for record in records:
        who = record["study"], record["rater"]
        if record["kind"] == "rater" and who not in known:
            known.add(who)
            add_rater(connection, record)
    seen = set(connection.scalars(select(history.c.event)))
    before = len(seen)
    for record in records:
        who = record["study"], record["rater"]
        if record["kind"] == "vote" and who in known and record["event"] not in seen:
            seen.add(record["event"])
            add_vote(connection, record)
    _go_on(connection)
    return len(seen) - before


def _go_on(connection: Connection) -> None:
    """Moves all raters on to their first clip without a vote, after votes were restored."""
    unrated = (
        select(func.min(assignments.c.position))
        .where(
            and_(assignments.c.study == raters.c.study, assignments.c.rater == raters.c.rater),
            assignments.c.score.is_(None),
        )
        .scalar_subquery()
    )
    upcoming = func.coalesce(unrated, FINISHED)
    connection.execute(update(raters).where(raters.c.open < upcoming).values(open=upcoming))
