"""Who may vote for what and when, in SQLite and in PostgreSQL."""

import json
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing

import pytest
from databases import postgresql
from fake_study import write_study

from gait_demo.errors import StudyError
from gait_demo.mos.allocation import allocate
from gait_demo.mos.database import Database
from gait_demo.mos.export import long_csv
from gait_demo.mos.store import AWAY_S, Store
from gait_demo.mos.study import Study
from gait_demo.mos.votes import Device


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"), rated=8, per_rater=6, gold=2)


@pytest.fixture(scope="module")
def server():
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """A database with nothing in it."""
    if request.param == "sqlite":
        return str(tmp_path / "votes" / "mos.sqlite")
    url = request.getfixturevalue("server")  # skips where there is none
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(study, where, clock):
    database = Database(where)
    yield Store(study, database, clock)
    database.close()


def rate(store: Store, clock: Clock, token: str, count: int | None = None, score: int = 3) -> None:
    """Vote for the next `count` clips, or for all that are left."""
    trial = store.trial(token)
    while trial.clip is not None and count != 0:
        clock.seconds += 5
        trial = store.vote(token, trial.clip.id, score)
        count = None if count is None else count - 1


def test_from_training_to_the_end(store, clock):
    token = store.join()
    trial = store.trial(token)
    assert (trial.clip.role, trial.position, trial.total) == ("training", 0, 8)
    assert not trial.can_go_back
    seen = []
    while trial.clip is not None:
        seen.append(trial.clip)
        clock.seconds += 1
        trial = store.vote(token, trial.clip.id, 4)
        assert trial.clip is None or trial.position == len(seen)
    assert len({clip.id for clip in seen}) == 9 and trial.rated == 8
    assert Counter(clip.role for clip in seen) == {"training": 1, "rated": 6, "gold": 2}
    assert [vote.clip for vote in store.votes()] == [clip.id for clip in seen[1:]]


def test_the_device_of_the_last_vote_is_kept_beside_it_and_copied(store, clock, study, tmp_path):
    token = store.join()
    rate(store, clock, token, 1)
    clip = store.trial(token).clip.id
    for width in (390, 1440):
        clock.seconds += 5
        told = {"screen_width": width, "is_touch": False, "pixel_ratio": 1.5, "name": "Anna"}
        store.vote(token, clip, 3, Device.of(told))
        store.back(token)
    (vote,) = store.votes()
    assert vote.device == Device(screen_width=1440, is_touch=False, pixel_ratio=1.5)
    other = Store(study, Database(str(tmp_path / "copy.sqlite")), clock)
    other.restore(store.events())
    assert [vote.device for vote in other.votes()] == [vote.device]
    head, row = long_csv(study, other.votes()).splitlines()
    assert dict(zip(head.split(","), row.split(","), strict=True))["screen_width"] == "1440"


def test_a_vote_that_tells_no_device_has_not_that_of_the_vote_before(store, clock):
    token = store.join()
    rate(store, clock, token, 1)
    clip = store.trial(token).clip.id
    for device in (Device(screen_width=390), None):
        clock.seconds += 5
        store.vote(token, clip, 3, device)
        store.back(token)
    (vote,) = store.votes()
    assert vote.device == Device()


@pytest.mark.parametrize(
    "told", [None, "a phone", {"name": "Anna"}, {"frames": 9, "dropped": 1e9}, {"frames": -1}]
)
def test_of_a_device_only_numbers_that_can_be_are_kept(told):
    assert Device.of(told) == Device()


@pytest.mark.parametrize("score", [0, 6, -1, 3.0, "3", None, True, [3]])
def test_a_score_out_of_range_is_refused(store, clock, score):
    token = store.join()
    clip = store.trial(token).clip.id
    clock.seconds += 5
    with pytest.raises(StudyError, match="whole number from 1 to 5"):
        store.vote(token, clip, score)
    assert store.trial(token).clip.id == clip


def test_nobody_votes_faster_than_the_clip_lasts(store, clock):
    token = store.join()
    clip = store.trial(token).clip
    clock.seconds += 0.9 * clip.duration_s
    store.trial(token)  # asking again does not start the clock anew, nor stop it
    with pytest.raises(StudyError, match="to its end"):
        store.vote(token, clip.id, 3)
    clock.seconds += 0.11 * clip.duration_s
    store.vote(token, clip.id, 3)


def test_only_the_clip_that_is_shown_can_be_voted_on_and_once(store, clock, study):
    token = store.join()
    with pytest.raises(StudyError, match="not the clip"):  # not yet shown
        store.vote(token, study.of_role("training")[0].id, 3)
    first = store.trial(token).clip.id
    clock.seconds += 5
    second = store.vote(token, first, 3).clip.id
    clock.seconds += 5
    unseen = next(c.id for c in study.clips if c.id not in (first, second))
    for clip in (first, unseen, "nothing", None):
        with pytest.raises(StudyError, match="not the clip"):
            store.vote(token, clip, 5)
    store.vote(token, second, 3)
    assert [(vote.clip, vote.score) for vote in store.votes()] == [(second, 3)]


@pytest.mark.parametrize("token", ["x" * 24, "", None, "'; DROP TABLE raters; --", 7, {}])
def test_a_token_of_nobody_is_refused(store, token):
    for act in (store.trial, store.back, lambda t: store.vote(t, "000a", 3)):
        with pytest.raises(StudyError, match="start again"):
            act(token)


def test_going_back_one_changes_the_vote_and_keeps_the_old_one(store, clock):
    token = store.join()
    with pytest.raises(StudyError, match="no clip before"):
        store.back(token)
    rate(store, clock, token, 3)
    here = store.trial(token)
    before = store.back(token)
    assert before.score == 3 and before.position == here.position - 1
    with pytest.raises(StudyError, match="no clip before"):
        store.back(token)
    assert store.vote(token, before.clip.id, 5).clip == here.clip
    assert [vote.score for vote in store.votes()] == [3, 5]
    cast = [event["score"] for event in store.events() if event["kind"] == "vote"]
    assert cast == [3, 3, 3, 5]
    rate(store, clock, token)
    assert store.back(token).score == 3  # from the thank-you as well


def test_tokens_are_not_kept(store, where):
    token = store.join()
    assert token not in json.dumps(store.events())
    if where.endswith(".sqlite"):
        dump = "".join(sqlite3.connect(where).iterdump())
        assert "raters" in dump and token not in dump


def test_a_rater_goes_on_after_a_restart(study, where, clock):
    first = Store(study, Database(where), clock)
    token = first.join()
    rate(first, clock, token, 4)
    again = Store(study, Database(where), clock)
    assert again.trial(token) == first.trial(token)


def test_another_study_has_other_votes(store, clock, study, where, tmp_path):
    rate(store, clock, store.join())
    other = Store(write_study(tmp_path / "other", rated=3), Database(where), clock)
    assert other.votes() == [] and len(store.votes()) == 8


def test_raters_of_threads_and_processes_are_given_clips_evenly(study, where):
    stores = [Store(study, Database(where)) for _ in range(2)]  # as two processes would
    errors = []

    def join(number: int) -> None:
        try:
            for _ in range(5):
                stores[number % 2].join()
        except StudyError as error:
            errors.append(error)

    threads = [threading.Thread(target=join, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    asked = Counter(
        clip for event in stores[0].events() for clip in event["clips"]
    )  # fmt: skip
    rated = [asked[clip.id] for clip in study.of_role("rated")]
    assert sum(rated) == 40 * 6 and max(rated) - min(rated) <= 1


def test_clips_that_somebody_left_undone_go_to_the_next(store, clock, study):
    left = store.join()
    rate(store, clock, left, 3)
    rated = {clip.id for clip in study.of_role("rated")}
    done = {vote.clip for vote in store.votes()} & rated
    clock.seconds += AWAY_S + 1
    order = store.events()
    store.join()
    given = next(e["clips"] for e in store.events() if e not in order)
    assert done and not done & set(given)  # enough is left of the eight without them
    rate(store, clock, left)  # and whoever comes back may go on
    assert store.trial(left).rated == 8


def test_conditions_take_turns_and_orders_are_seeded(study, tmp_path):
    many = write_study(tmp_path / "many", rated=16, per_rater=8, gold=2)
    asked = Counter()
    orders = []
    for number in range(30):
        clips = allocate(many, asked, f"rater{number}")
        assert clips == allocate(many, asked, f"rater{number}")
        rated = [clip for clip in clips if clip.role == "rated"]
        asked.update(clip.id for clip in rated)
        assert [clip.role for clip in clips[:2]] == ["training", "rated"]
        assert clips.count(many.of_role("gold")[0]) == 1
        methods = Counter(clip.method for clip in rated)
        assert methods["ours"] == 4 and methods["reference"] == methods["anchor"] == 2
        orders.append(tuple(clip.id for clip in clips))
    assert len(set(orders)) == 30
    assert set(Counter(asked).values()) == {15}


def test_votes_can_be_restored_from_their_records(store, study, clock, tmp_path):
    for score in (2, 4):
        rate(store, clock, store.join(), score=score)
    unfinished = store.join()
    rate(store, clock, unfinished, 4)
    clock.seconds += 1
    store.vote(unfinished, store.back(unfinished).clip.id, 1)
    other = Store(study, Database(str(tmp_path / "other.sqlite")), clock)
    records = store.events()[::-1]  # in no good order
    assert other.restore(records) == 9 + 9 + 5
    assert other.restore(records) == 0
    bare = [(v.rater, v.clip, v.score, v.voted) for v in store.votes()]
    assert [(v.rater, v.clip, v.score, v.voted) for v in other.votes()] == bare
    assert other.trial(unfinished).clip == store.trial(unfinished).clip


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("postgresql://gait@127.0.0.1:9/none", "cannot be kept"),
        ("nonsense://x", "There is no driver for nonsense"),
        ("://", "neither a file nor a URL"),
        ("/dev/null/votes.sqlite", "cannot be kept"),
    ],
)
def test_a_database_that_cannot_be_had_is_told(where, words):
    with pytest.raises(StudyError, match=words):
        Database(where)


@pytest.fixture
def kept(study, tmp_path):
    """A store in a file, with somebody in it."""
    database = Database(str(tmp_path / "mos.sqlite"))
    store = Store(study, database)
    yield store, store.join(), database
    database.close()


def test_a_database_that_is_deleted_or_replaced_takes_no_more_votes(kept, study, tmp_path):
    store, token, _ = kept
    file = tmp_path / "mos.sqlite"
    file.unlink()
    with pytest.raises(StudyError, match="was deleted or replaced"):
        store.trial(token)
    Store(study, Database(str(file)))
    with pytest.raises(StudyError, match="was deleted or replaced"):
        store.join()


def test_a_damaged_database_is_told_and_votes_can_be_taken_over_from_a_copy(kept, study, tmp_path):
    store, token, database = kept
    file = tmp_path / "mos.sqlite"
    before = store.events()
    database.close()  # all is in this file now
    with file.open("r+b") as damaged:
        damaged.seek(0)
        damaged.write(b"nothing of SQLite" * 400)
    with pytest.raises(StudyError, match="does not answer"):
        store.join()
    with pytest.raises(StudyError, match="cannot be kept"):
        Database(str(file))
    other = Store(study, Database(str(file.with_name("mended.sqlite"))))
    other.restore(before)
    assert other.trial(token).clip == study.by_id[before[0]["clips"][0]]


def test_a_database_of_another_version_is_told(tmp_path):
    with closing(sqlite3.connect(tmp_path / "old.sqlite")) as old:
        old.execute("CREATE TABLE raters (study TEXT, rater TEXT, joined FLOAT)")
    with pytest.raises(StudyError, match="another version.* raters has no active, open"):
        Database(str(tmp_path / "old.sqlite"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"per_rater": 99}, "at most as many as there are"),
        ({"surprise": 1}, "malformed"),
        ({"clips": [{"file": "../x.mp4", "duration_s": 1, "width": 1, "height": 1}]}, "is not the"),
        ({"clips": [{"file": "x.mp4", "duration_s": 1, "width": 1, "height": 1}],
          "per_rater": 1}, "lacks x.mp4"),
        ({"clips": 3}, "malformed"),
    ],
)  # fmt: skip
def test_a_study_that_is_malformed_is_told(study, tmp_path, change, words):
    content = json.loads((study.folder / "study.json").read_text())
    for clip in study.clips:
        (tmp_path / clip.file).touch()
    (tmp_path / "study.json").write_text(json.dumps(content | change))
    with pytest.raises(StudyError, match=words):
        Study.load(tmp_path)
    with pytest.raises(StudyError, match="There is no study"):
        Study.load(tmp_path / "nowhere")


@pytest.mark.slow
def test_nobody_gives_up_while_others_are_served(tmp_path):
    """The last of a long queue waits for longer than for a file that is locked."""
    database, served = Database(str(tmp_path / "mos.sqlite")), []

    def rate(number: int) -> None:
        with database.transaction():
            time.sleep(0.2)
        served.append(number)

    threads = [threading.Thread(target=rate, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(served) == list(range(32))
