"""A second place for a finished file, which several may ask for at once."""

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gait_demo.video.linking import link_or_copy

VISITORS = 8


@pytest.mark.parametrize("can_link", [True, False])
def test_many_give_a_file_the_same_second_place_at_once(can_link, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EXDEV, "another disk")

    if not can_link:
        monkeypatch.setattr(os, "link", refuse)
    path, to = tmp_path / "result.mp4", tmp_path / "shown" / "walk.mp4"
    path.write_bytes(b"frames")
    to.parent.mkdir()
    start = threading.Barrier(VISITORS)

    def visit(_):
        start.wait()
        link_or_copy(path, to)

    with ThreadPoolExecutor(VISITORS) as pool:
        list(pool.map(visit, range(VISITORS)))
    assert to.read_bytes() == b"frames" and list(to.parent.iterdir()) == [to]
    assert to.samefile(path) == can_link
