"""Walks cut out of videos by an attacker's own means, and re-identified."""

import shutil

import numpy as np
import pytest
from drawn_joints import draw_walk
from fake_casia import write_fake_casia
from scenes import walk

from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError, VideoError
from gait_demo.evaluation.extraction import crossings
from gait_demo.evaluation.reidentification import (
    SILHOUETTES,
    Crossings,
    casia_clips,
    kth_clips,
    recognised,
    reidentify,
    table,
)
from gait_demo.video import write_avi

FPS = 25
WAYS = ((-60, 380), (380, -60))  # there and back


def film(path, tall, seed=0, ways=WAYS):
    """A person of this height crosses once a way, and the place is empty in between."""
    passes = [walk(frames=45, tall=tall, paths=(way,), seed=seed)[0] for way in ways]
    write_avi(path, [frame.rgb for one in passes for frame in one], FPS)
    return path


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Two people, tall and broad in their own ways, in two sessions."""
    folder = tmp_path_factory.mktemp("kth")
    for person, tall in ((1, 70), (2, 120)):
        for session in (1, 2):
            film(folder / f"person{person:02d}_walking_d{session}_uncomp.avi", tall, seed=session)
    return folder


def test_each_crossing_is_a_walk_to_the_right(videos):
    walks = crossings(videos / "person02_walking_d1_uncomp.avi")
    assert len(walks) == 2 and walks[0].first_frame < 40 < walks[1].first_frame
    for one in walks:
        assert one.masks.shape[1:] == (64, 64) and len(one.masks) >= 12
        assert (one.masks > 0.5).any(axis=(1, 2)).all()
    there, back = (one.masks.mean(axis=0) for one in walks)
    assert np.abs(there - back).mean() < 0.05  # the same person


def test_who_stands_or_is_cut_is_no_crossing(tmp_path):
    assert crossings(film(tmp_path / "standing.avi", 110, ways=((160, 165),))) == []
    short = film(tmp_path / "short.avi", 110)
    with pytest.raises(VideoError):
        crossings(short.with_name("absent.avi"))


def test_everybody_is_recognised_in_what_is_left_as_it_was(videos):
    report = reidentify(kth_clips(videos), lambda video, folder, seed: {"same": video}, "session")
    shown = table(report)
    assert "| clear | 1.00 [1.00-1.00] | 0." in shown and "| same, linked | " in shown
    assert report["people"] == 2 and report["crossings"] == {"clear": 8, "same": 8}
    assert report["clear"]["same session"]["rate"] == 1
    assert report["same"]["other sessions"]["rate"] == 1
    assert report["clear"]["same session"]["chance"] == pytest.approx(1 / 3, abs=1e-3)


@pytest.mark.slow
def test_walks_are_cut_out_by_a_network_as_well(videos):
    def blue(rgb):
        return (np.abs(rgb - np.array([25, 30, 110])).max(axis=2) < 40).astype(np.uint8)

    same = lambda video, folder, seed: {"same": video}  # noqa: E731
    report = reidentify(kth_clips(videos), same, "session", segment=blue)
    assert report["crossings"]["same, segmented"] == report["crossings"]["clear, segmented"] == 8
    assert report["same, segmented"]["same session"]["rate"] == 1
    report = reidentify(kth_clips(videos), same, "session", segment=lambda rgb: 0 * blue(rgb))
    assert report["crossings"]["same, segmented"] == 0 and "same, segmented" not in report


def test_one_walker_for_all_is_no_help_to_who_knows_people(videos):
    """All become one person: they are told apart no better than by chance."""
    one = videos / "person01_walking_d1_uncomp.avi"
    copy_one = lambda video, folder, seed: {"one": shutil.copy(one, folder)}  # noqa: E731
    report = reidentify(kth_clips(videos), copy_one, "session")
    assert report["one"]["other sessions"]["rate"] == 0.5


def test_refused_videos_are_told(videos):
    def anonymize(video, folder, seed):
        if seed == 0:
            raise VideoError("It is too dark.")
        return {"same": video}

    report = reidentify(kth_clips(videos), anonymize, "session")
    assert report["refused"] == ["person01_walking_d1_uncomp: It is too dark."]
    assert report["crossings"] == {"clear": 8, "same": 8}
    with pytest.raises(DataError, match="named as"):
        kth_clips(videos, skip="person")


def test_walks_in_refused_videos_count_as_recognised(videos):
    """Of the first person one session is refused, and the others become the second person."""
    two = videos / "person02_walking_d1_uncomp.avi"

    def anonymize(video, folder, seed):
        if seed == 0:
            raise VideoError("It is too dark.")
        return {"one": shutil.copy(two, folder)}

    report = reidentify(kth_clips(videos), anonymize, "session")
    clear, linked = report["one"]["other sessions"], report["one, linked"]["same session"]
    assert clear["rate"] == pytest.approx((2 / 4 + 1) / 2)  # 2 of 4 walks, and all of the second
    # half of the first person's are refused, half of the second's have nobody else beside them; the
    # others are as near to a walk of the other person
    assert linked["people"] == 2 and linked["rate"] == 0.5


def test_a_run_in_which_every_video_is_refused_gets_a_sentence(videos):
    def refuse(video, folder, seed):
        raise VideoError("It is too dark.")

    with pytest.raises(DataError, match="Every video is refused.*It is too dark"):
        reidentify(kth_clips(videos), refuse, "session")


def test_joints_are_read_in_what_shows_colours(videos):
    clips = kth_clips(videos)
    places = {clip.video.name: n for n, clip in enumerate(clips)}

    def read(video):
        """Two walks of the video's person; in results, of one for all."""
        take = places.get(video.name)
        person = 99 if take is None else take // 2
        return [draw_walk(person, 10 * (take or 0) + n) for n in range(2)]

    def anonymize(video, folder, seed):
        plain = shutil.copy(video, folder / "plain.avi")
        return {SILHOUETTES: plain, "plain": plain}

    report = reidentify(clips, anonymize, "session", read_joints=read)
    assert report["clear, joints"]["other sessions"]["rate"] == 1
    assert report["plain, joints"]["other sessions"]["rate"] == pytest.approx(0.5, abs=0.3)
    assert {"plain", "plain, joints, linked", SILHOUETTES} < set(report)
    assert f"{SILHOUETTES}, joints" not in report


def test_joints_that_nobody_can_read_are_told_as_no_crossings(videos):
    same = lambda video, folder, seed: {"same": video}  # noqa: E731
    report = reidentify(kth_clips(videos), same, "session", read_joints=lambda video: [])
    assert report["crossings"]["clear, joints"] == report["crossings"]["same, joints"] == 0
    assert "same, joints" not in report and report["same"]["same session"]["rate"] == 1


def test_refused_walks_are_recognised_although_no_gallery_has_them():
    """Of the one person both walks are refused; the other's are found."""
    features = np.array([[np.nan], [np.nan], [1.0], [1.1]])
    people, group = np.array(["a", "a", "b", "b"]), np.array(["d1"] * 4)
    walks = Crossings(features, people, group, np.array(["a1", "a2", "b1", "b2"]))
    found = recognised(walks, walks, same_group=True)
    assert found["rate"] == 1 and found["people"] == 2


def test_a_crossing_is_not_compared_with_itself():
    features = np.array([[0.0], [1.0], [1.2]])
    people, walk = np.array(["a", "a", "b"]), np.array(["a1", "a2", "b1"])
    walks = Crossings(features, people, np.array(["d1"] * 3), walk)
    found = recognised(walks, walks, same_group=True)
    assert found["rate"] == 0.5 and found["chance"] == 0.5  # b has nobody to be found by
    assert recognised(walks, walks, same_group=False)["rate"] is None
    made = Crossings(features + 0.1, people, walks.group, walk)
    assert recognised(made, walks, same_group=True) == found  # nor with itself in clear


def test_videos_of_casia_are_grouped_by_view(tmp_path):
    data = CasiaB(write_fake_casia(tmp_path, people=2, conditions=("nm-01",), videos=True))
    clips = casia_clips(data)
    assert {clip.person for clip in clips} == {"001", "002"}
    assert all(clip.video.name.endswith(f"-{clip.group}.avi") for clip in clips)
    silent = CasiaB(write_fake_casia(tmp_path / "silent", people=2, videos=False))
    with pytest.raises(DataError, match="--rgb"):
        casia_clips(silent)
