"""Exporting votes: as CSV with one row per vote, and for Netflix's sureal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import fields

from gait_demo.errors import StudyError
from gait_demo.mos.study import REFERENCE, Study, label_fields
from gait_demo.mos.votes import Device, Vote


def long_csv(study: Study, votes: Sequence[Vote]) -> str:
    """CSV with one row per vote: rater, score, position, times in seconds since 1970, the labels of
    the clip, and the rater's device. With gold items, without training clips."""
    own = ["rater", "score", "position", "served", "voted"]
    device = [field.name for field in fields(Device)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["study", *own, *label_fields(), *device])
    for vote in votes:
        clip = study.by_id[vote.clip]
        labels = [getattr(clip, name) for name in label_fields()]
        labels = [" ".join(map(str, v)) if isinstance(v, tuple) else v for v in labels]
        seen_on = [getattr(vote.device, name) for name in device]
        writer.writerow([study.id, *(getattr(vote, name) for name in own), *labels, *seen_on])
    return text.getvalue()


def sureal_dataset(study: Study, votes: Sequence[Vote]) -> str:
    """JSON for `sureal --dataset FILE.json`: `dis_videos` with their opinion scores `os` by rater,
    and `ref_videos`, one for each content, that is for each walk.

    sureal requires a reference: a walk without one is listed with its first clip, and then models
    that use references (DMOS) are meaningless.

    Raises:
        StudyError: there are no votes yet.
    """
    scores: dict[str, dict[str, int]] = {}
    for vote in votes:
        scores.setdefault(vote.clip, {})[vote.rater] = vote.score
    clips = [clip for clip in study.of_role("rated") if clip.id in scores]
    if not clips:
        raise StudyError("There are no votes yet to export for sureal.")
    walks = list(dict.fromkeys((clip.person, clip.view) for clip in clips))
    references = {}
    for clip in sorted(clips, key=lambda clip: clip.method == REFERENCE):
        walk = clip.person, clip.view
        if clip.method == REFERENCE or walk not in references:
            references[walk] = clip
    content = {
        "dataset_name": f"gait_mos_{study.id}",
        "yuv_fmt": "yuv420p",
        "width": clips[0].width,
        "height": clips[0].height,
        "ref_score": 5,
        "ref_videos": [
            {"content_id": n, "content_name": f"{walk[0]}_{walk[1]}", "path": references[walk].file}
            for n, walk in enumerate(walks)
        ],
        "dis_videos": [
            {"asset_id": n, "content_id": walks.index((clip.person, clip.view)),
             "path": clip.file, "os": scores[clip.id]}
            for n, clip in enumerate(clips)
        ],
    }  # fmt: skip
    return json.dumps(content, indent=1) + "\n"


EXPORTS = {"votes.csv": long_csv, "sureal.json": sureal_dataset}
