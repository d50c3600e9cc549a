"""What the page says about a run."""

from __future__ import annotations

from gait_demo.serving.pace import Pace
from gait_demo.types import Look, Rank

MAX_DURATION_S, MAX_FRAMES = 60, 3600  # of a run


def describe(look: Look, start_s: float, end_s: float, pace: Pace | None) -> str:
    """A clip before its run, and how long the part from `start_s` to `end_s` should take."""
    info, fps = look.info, float(look.info.fps)
    people = {0: "nobody", 1: "1 person"}.get(look.people, f"{look.people} people")
    looked = "1 frame was" if look.looked == 1 else f"{look.looked} frames were"
    sentences = [
        f"**{look.duration_s:.1f} s, {info.width}×{info.height}, {fps:.4g} frames per second; "
        f"{people} seen** ({looked} looked at).",
        *info.warnings,
    ]
    if look.people == 0:
        sentences.append("If somebody walks elsewhere in the clip, try it anyway.")
    part_s = min(end_s, look.duration_s) - start_s
    if part_s <= 0:
        sentences.append("Nothing is left of the video: let it end after it starts.")
    elif part_s - 1 / fps > MAX_DURATION_S:
        sentences.append(f"Choose {MAX_DURATION_S} s of it at most.")
    elif part_s * fps - 1 > MAX_FRAMES:
        sentences.append(f"Choose {MAX_FRAMES / fps:.1f} s of it, {MAX_FRAMES} frames, at most.")
    elif pace is not None:
        estimate_s = pace.estimate_s(part_s * fps, info.width, info.height)
        sentences.append(
            f"Once it is your turn, {part_s:.1f} s of it should take about {_rounded(estimate_s)}, "
            "by the pace of the last run on this machine."
        )
    return " ".join(sentences)


def _rounded(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} minutes"


def summarise(report: dict, spent_s: float) -> str:
    """The report of a run, and the seconds it took, as a few plain sentences."""
    people = report["people"] - report["people_removed"] - report["people_in_clear"]
    who = "One walker was" if people == 1 else f"{people} walkers were"
    sentences = [
        f"**{who} anonymized** with seed {report['seed']}, "
        f"in {report['frames_covered']} of {report['frames_in']} frames."
    ]
    if report["frames_lost"]:
        sentences.append(
            f"In {report['frames_lost']} frames somebody was lost: the place where they should be "
            "was cleared."
        )
    if report["frames_kept_pose"]:
        sentences.append(
            f"In {report['frames_kept_pose']} frames somebody kept the pose, with the head hidden "
            "and another outline."
        )
    if report["camera"] == "moving":
        sentences.append(
            "The camera moves, so what was behind the people was taken from other frames where "
            "these show it, and continued from the surroundings elsewhere."
        )
    if report["people_removed"]:
        sentences.append(f"{report['people_removed']} more were replaced by background.")
    if report["people_in_clear"]:
        others = report["people_in_clear"]
        stay = "1 other person stays" if others == 1 else f"{others} other people stay"
        sentences.append(f"**{stay} recognisable, being left as filmed.**")
    sentences.append(
        f"The clip keeps its {report['fps']:.4g} frames per second and "
        f"{report['duration_s']:.1f} s; this took {spent_s:.0f} s."
    )
    return "\n\n".join([" ".join(sentences), *report["warnings"], _found_by(report)])


def place_in_crowd(ranks: list[Rank] | None, strangers: int) -> str:
    """Where recognisers put the most prominent walker among people who do not exist, in words.

    Args:
        ranks: None: the walk was too short.
        strangers: how many people there are beside the walker.
    """
    if ranks is None:
        return (
            "**Is the walker still found?** The walk is too short to say: a second each is needed."
        )
    of = strangers + 1
    rows = [f"| {r.recogniser} | {r.before:.0f} of {of} | {r.after:.0f} of {of} |" for r in ranks]
    return "\n".join([
        "**Is the walker still found?** Recognisers know the first half of this walk in clear, and "
        f"{strangers} people who do not exist. Shown the second half, they put the walker in place",
        "",
        "| recogniser | before | after |",
        "|---|---|---|",
        *rows,
        "",
        f"First is found; {(of + 1) / 2:.0f} is what guessing gives on average. This says how far "
        "the silhouette of this clip has changed to two recognisers. It does not prove that nobody "
        "can find the walker: who knows clothes, place or time needs no gait, a better recogniser "
        "may see more, and the new silhouettes resemble these people because A-NET learnt from "
        "such.",
    ])  # fmt: skip


def _found_by(report: dict) -> str:
    """Which networks found the people."""
    used = {file["name"]: file for file in report["weights"]}
    if "pose_landmark" in used:
        return f"People are found by: BlazePose ({used['pose_landmark']['source']})."
    yolo = used["yolo"]
    whose = {"checkpoints": "this project's own detector", "path": "a detector of your own"}
    where = whose.get(yolo["source"], f"the detector of {yolo['source']} on the Hugging Face Hub")
    return f"People are found by: {where} ({yolo['file']})."
