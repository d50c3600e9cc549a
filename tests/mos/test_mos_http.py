"""The page under load: many raters at once over HTTP, and a server that is killed.

`GAIT_RATERS=200 python -m pytest tests/mos/test_mos_http.py -s` prints the figures of the README.
"""

import asyncio
import json
import os
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing

import gradio as gr
import httpx
import numpy as np
import pytest
from databases import postgresql
from fake_study import write_study
from servers import serving

from gait_demo.mos.database import Database
from gait_demo.mos.settings import StudySettings
from gait_demo.mos.store import Store
from gait_demo.mos.votes import rater_of
from gait_demo.ui.rating_tab import rating_tab

RATERS = int(os.environ.get("GAIT_RATERS", "80"))
LIMIT_S = 240
SCRIPT = "tests/support/rating_server.py"

pytestmark = [pytest.mark.timeout(400), pytest.mark.slow]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return write_study(folder, rated=12, per_rater=3, gold=1, seconds=0.4)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    if request.param == "sqlite":
        yield str(tmp_path / "mos.sqlite")
    else:
        with postgresql() as url:
            yield url


class Rater:
    """A program that rates through the API as a person would through the page."""

    def __init__(self, client: httpx.AsyncClient, number: int, study):
        self.client, self.study = client, study
        self.rng = random.Random(number)
        self.seconds: list[float] = []
        self.votes: dict[str, int] = {}  # that were acknowledged
        self.sent: tuple | None = None
        self.token = ""

    async def call(self, name: str, *data) -> dict:
        began = time.perf_counter()
        answer = await self.client.post(f"/gradio_api/run/{name}", json={"data": list(data)})
        self.seconds.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"][0]

    async def rate(self, pause_s: float) -> None:
        await asyncio.sleep(self.rng.uniform(0, pause_s))
        self.token = (await self.call("rate_join"))["token"]
        state = await self.call("rate_next", self.token)
        while clip := state["clip"]:
            await asyncio.sleep(state["duration_s"] + self.rng.uniform(0, pause_s))
            self.sent = clip, self.rng.randint(1, 5)
            state = await self.call("rate_vote", self.token, *self.sent, None)
            self.votes[clip] = self.sent[1]

    def counted(self) -> dict[tuple[str, str], int]:
        training = {clip.id for clip in self.study.of_role("training")}
        rater = rater_of(self.token) if self.token else ""
        return {(rater, c): score for c, score in self.votes.items() if c not in training}


def found(study, where: str) -> dict[tuple[str, str], int]:
    database = Database(where)
    votes = Store(study, database).votes()
    database.close()
    assert len({(vote.rater, vote.clip) for vote in votes}) == len(votes)
    return {(vote.rater, vote.clip): vote.score for vote in votes}


def raters(client: httpx.AsyncClient, study, count: int) -> list[Rater]:
    return [Rater(client, number, study) for number in range(count)]


def open_client(url: str) -> httpx.AsyncClient:
    # a connection of its own for every call: a busy machine notices closed ones too late
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=url, timeout=LIMIT_S, limits=limits)


def test_raters_at_once_get_equally_many_clips_and_no_vote_is_lost(study, where, tmp_path):
    settings = {"GAIT_DEMO_STUDY": str(study.folder), "GAIT_DEMO_MOS_DB": where}

    async def everybody(url: str) -> list[Rater]:
        async with open_client(url) as client:
            people = raters(client, study, RATERS)
            await asyncio.wait_for(asyncio.gather(*(p.rate(4.0) for p in people)), LIMIT_S)
            return people

    with serving(SCRIPT, tmp_path / "served", **settings) as server:
        people = asyncio.run(everybody(server.url))
    given = {vote: score for person in people for vote, score in person.counted().items()}
    assert found(study, where) == given and len(given) == RATERS * 4
    rated = {clip.id for clip in study.of_role("rated")}
    counts = Counter(clip for _, clip in given if clip in rated)
    assert max(abs(counts[clip] - RATERS * 3 / len(rated)) for clip in rated) <= 1
    seconds = [s for person in people for s in person.seconds]
    print(
        f"\n{where.partition(':')[0]}: {len(seconds)} answers, median "
        f"{np.median(seconds):.3f} s, p95 {np.percentile(seconds, 95):.3f} s"
    )


def test_a_killed_server_has_kept_what_it_acknowledged(study, where, tmp_path):
    settings = {"GAIT_DEMO_STUDY": str(study.folder), "GAIT_DEMO_MOS_DB": where}

    async def until_killed(server) -> list[Rater]:
        async with open_client(server.url) as client:
            people = raters(client, study, 40)
            tasks = [asyncio.create_task(person.rate(0.2)) for person in people]
            while sum(len(person.votes) for person in people) < 80:
                await asyncio.sleep(0.01)
            server.process.kill()
            await asyncio.gather(*tasks, return_exceptions=True)
            return people

    with serving(SCRIPT, tmp_path / "served", **settings) as server:
        people = asyncio.run(until_killed(server))
    given = {vote: score for person in people for vote, score in person.counted().items()}
    kept = found(study, where)
    assert given.items() <= kept.items() and len(given) >= 40
    unanswered = {
        (rater_of(person.token), person.sent[0]): person.sent[1]
        for person in people
        if person.token and person.sent
    }
    assert kept.items() - given.items() <= unanswered.items()
    if "://" not in where:
        assert sqlite3.connect(where).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_api_obeys_the_rules_and_tells_nothing(study, tmp_path):
    settings = {
        "GAIT_DEMO_STUDY": str(study.folder),
        "GAIT_DEMO_MOS_DB": str(tmp_path / "mos.sqlite"),
    }
    with (
        serving(SCRIPT, tmp_path / "served", **settings) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):

        def call(name: str, *data) -> tuple[int, dict]:
            answer = client.post(f"/gradio_api/run/{name}", json={"data": list(data)})
            return answer.status_code, answer.json()

        token = call("rate_join")[1]["data"][0]["token"]
        state = call("rate_next", token)[1]["data"][0]
        assert set(state) == {
            "clip", "video", "width", "height", "duration_s", "training",
            "position", "total", "rated", "score", "can_go_back",
        }  # fmt: skip
        refused = [
            ((token, state["clip"], 3), "to its end"),
            ((token, state["clip"], 9), "from 1 to 5"),
            ((token, "005a", 3), "not the clip"),
            (("nobody" * 5, state["clip"], 3), "start again"),
        ]
        for arguments, words in refused:
            status, answer = call("rate_vote", *arguments, None)
            assert status == 500 and words in answer["error"]
        video = client.get(state["video"])
        assert video.headers["content-type"] == "video/mp4"
        assert video.content == (study.folder / f"{state['clip']}.mp4").read_bytes()
        for private in (study.folder / "study.json", tmp_path / "mos.sqlite"):
            assert client.get(f"/gradio_api/file={private}").status_code == 403
        named = client.get("/gradio_api/info").json()["named_endpoints"]
        assert set(named) == {"/rate_join", "/rate_next", "/rate_vote", "/rate_back"}


JOINS = 80


@pytest.mark.slow
def test_a_locked_database_is_told_and_stalls_nothing_else(study, tmp_path):
    where = tmp_path / "mos.sqlite"
    settings = {"GAIT_DEMO_STUDY": str(study.folder), "GAIT_DEMO_MOS_DB": str(where)}

    async def timed(url: str) -> float:
        async with open_client(url) as client:
            began = time.monotonic()
            upload = await client.post("/gradio_api/upload", files={"files": ("a.mp4", b"x" * 9)})
            assert upload.status_code == 200
            return time.monotonic() - began

    async def both(url: str) -> tuple[list[httpx.Response], float]:
        async with open_client(url) as client:
            call = {"url": "/gradio_api/run/rate_join", "json": {"data": []}}
            joins = [asyncio.create_task(client.post(**call)) for _ in range(JOINS)]
            await asyncio.sleep(1)
            uploaded_s = await timed(url)
            return await asyncio.gather(*joins), uploaded_s

    with serving(SCRIPT, tmp_path / "served", **settings) as server:
        with closing(sqlite3.connect(where, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            answers, uploaded_s = asyncio.run(both(server.url))
            other.execute("ROLLBACK")
        assert uploaded_s < 5
        for answer in answers:
            assert answer.status_code == 500 and "does not answer" in answer.json()["error"]
        joined = httpx.post(f"{server.url}/gradio_api/run/rate_join", json={"data": []}, timeout=60)
        assert joined.status_code == 200


def test_without_a_study_the_tab_says_what_to_do(tmp_path):
    with gr.Blocks() as demo:
        rating_tab(demo, StudySettings(study=tmp_path / "none"))
    assert "make one with `python -m gait_demo study build`" in json.dumps(demo.config)
