"""The page's sentences about a clip and about a run."""

from __future__ import annotations

from gait_demo.serving.pace import Pace, Size
from gait_demo.types import Inspection, Moment, Rank
from gait_demo.ui.options import MAX_DURATION_S, MAX_FRAMES

_ENOUGH_COVERED = 0.5  # share of a person's frames that must not be lost, for a usable result
_MARKED = {
    "lost": "not seen, the place was cleared",
    "carried": "carried over from a neighbouring frame",
    "kept_pose": "keeps the pose",
}
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def describe(inspection: Inspection, start_s: float, end_s: float, pace: Pace) -> str:
    """Describes a clip before its run, with the estimated time for the part from `start_s` to
    `end_s`."""
    info, fps = inspection.info, float(inspection.info.fps)
    people = {0: "nobody", 1: "1 person"}.get(inspection.people, f"{inspection.people} people")
    read = "1 frame" if inspection.frames_read == 1 else f"{inspection.frames_read} frames"
    sentences = [
        f"**{inspection.duration_s:.1f} s, {info.width}×{info.height}; {people} seen** in {read}.",
        *info.warnings,
    ]
    if inspection.people == 0:
        sentences.append("If somebody walks elsewhere in the clip, try it anyway.")
    part_s = min(end_s, inspection.duration_s) - start_s
    if part_s <= 0:
        sentences.append("Nothing is left of the video: the end must be after the start.")
    elif part_s - 1 / fps > MAX_DURATION_S:
        sentences.append(f"Choose {MAX_DURATION_S} s of it at most.")
    elif part_s * fps - 1 > MAX_FRAMES:
        sentences.append(f"Choose {MAX_FRAMES / fps:.1f} s of it, {MAX_FRAMES} frames, at most.")
    else:
        expected = pace.estimate(size_of(inspection, part_s))
        is_part = part_s <= inspection.duration_s - 1 / fps
        if expected:
            part = f" for {part_s:.1f} s of it" if is_part else ""
            sentences.append(f"{about(sum(expected.values()))}{part}.")
        elif is_part:
            sentences.append(f"{part_s:.1f} s of it are chosen.")
    return " ".join(sentences)


def size_of(inspection: Inspection, part_s: float) -> Size:
    """The size of a run over `part_s` seconds of a clip, on which its time depends."""
    info = inspection.info
    return Size(part_s * float(info.fps), info.width * info.height / 1e6, inspection.people)


def about(seconds: float) -> str:
    """A rough duration, in words."""
    if seconds < 10:
        return f"About {max(1, round(seconds))} s"
    if seconds < 90:
        return f"About {5 * round(seconds / 5)} s"
    return f"About {round(seconds / 60)} minutes"


def verdict(report: dict) -> tuple[str, str]:
    """Whether a result can be passed on: "good", "check" or "bad", and a sentence."""
    drawn = [track for track in report["tracks"] if track["drawn"]]
    number = sum(track["changed"] for track in drawn)
    same = _counted(len(drawn) - number, "person keeps the pose", "people keep the pose")
    known = f" {same} and may be recognised by it." if number < len(drawn) else ""
    if not number:
        return "bad", f"Do not use this result: nobody got another gait.{known}"
    changed = f"{_counted(number, 'walker', 'walkers')} got another gait"
    worst = min(drawn, key=lambda track: track["coverage"])
    if worst["coverage"] < _ENOUGH_COVERED:
        lost = f"{changed}, but person {worst['person']} was lost half of the time.{known}"
        return "bad", f"Do not use this result: {lost}"
    if report["people_in_clear"]:
        others = _counted(report["people_in_clear"], "other person stays", "other people stay")
        return "check", f"{changed}.{known} {others} recognisable, being left as filmed."
    lost = any(track["lost"] or track["kept_pose"] for track in drawn)
    if lost or report["warnings"]:
        return "check", f"{changed}.{known} Check the places below before you pass it on."
    return "good", f"{changed}. Nothing unusual was noticed; watch it once before you pass it on."


def notes(report: dict) -> list[str]:
    """Sentences about people who were lost or carried over, and all other warnings of a run."""
    sentences = []
    for track in report["tracks"]:
        if not track["drawn"]:
            continue
        for kind in ("lost", "carried"):
            stretches = [moment for moment in track["moments"] if moment["kind"] == kind]
            if stretches:
                where = _place(stretches[0]["box"], report["width"])
                sentences.append(
                    f"Person {track['person']}, {where}: {_MARKED[kind]} at {_when(stretches)}."
                )
    if report["people_removed"]:
        more = report["people_removed"]
        sentences.append(
            f"{_counted(more, 'more person was', 'more people were')} replaced by background."
        )
    if report["camera"] == "moving":
        sentences.append(
            "The camera moves: what was behind the people is taken from other frames that show "
            "it, and is invented elsewhere."
        )
    return [*sentences, *report["warnings"]]


def marks(report: dict) -> list[dict]:
    """The stretches of a result to check, for the player: from and to in seconds, kind, box of the
    person in pixels, person, and text."""
    return [
        {
            "from": moment["from_s"],
            "to": moment["to_s"],
            "kind": moment["kind"],
            "box": moment["box"],
            "person": track["person"],
            "text": f"Person {track['person']}, {_place(moment['box'], report['width'])}: "
            f"{_MARKED[moment['kind']]}",
        }
        for track in report["tracks"]
        if track["drawn"]
        for moment in track["moments"]
    ]


def details(report: dict, spent_s: float | None) -> str:
    """Technical details of a report.

    Args:
        report: of the run.
        spent_s: seconds that the run took, without waiting; None for a stored result.
    """
    spent = "made beforehand" if spent_s is None else f"this took {spent_s:.0f} s"
    files = "; ".join(
        f"{file['name']} ({file['file']}, {file['source']}, {file['sha256'][:12]})"
        for file in report["weights"]
    )
    return "\n\n".join([
        f"{report['frames_in']} frames, {report['fps']:.4g} per second, "
        f"{report['duration_s']:.1f} s, {report['width']}×{report['height']}; "
        f"{report['frames_covered']} frames show somebody with another gait; {spent}.",
        _found_by(report),
        f"Networks: {files}.",
    ])  # fmt: skip


def place_in_crowd(ranks: list[Rank], strangers: int) -> str:
    """How recognisers rank the most prominent walker among synthetic people, as Markdown.

    Args:
        ranks: empty if nobody has another gait for long enough.
        strangers: number of synthetic people, besides the walker.
    """
    if not ranks:
        return (
            "**This clip:** nobody got another gait for long enough to say; two seconds of a walk "
            "are needed."
        )
    of = strangers + 1
    rows = [f"| {r.recogniser} | {r.before:.0f} | {r.after:.0f} |" for r in ranks]
    return "\n".join([
        "**This clip:** recognisers are given the first half of the original walk, and walks of "
        f"{strangers} synthetic people; frames in which the walker kept the pose are left out. "
        "When they are shown the second half, before and after anonymization, the walker's rank "
        "among these people is",
        "",
        "| recogniser | before | after |",
        "|---|---|---|",
        *rows,
        "",
        f"Rank 1 means recognised; guessing averages {(of + 1) / 2:.0f} of {of}. This shows how "
        "much the silhouettes of this clip have changed for two recognisers. It does not prove "
        "that nobody can recognise the walker: whoever knows clothes, place or time needs no gait, "
        "a better recogniser may see more, and the new silhouettes resemble these synthetic people "
        "because A-NET was trained on such people.",
    ])  # fmt: skip


def _found_by(report: dict) -> str:
    """A sentence about the networks that found the people."""
    used = {file["name"]: file for file in report["weights"]}
    if "pose_landmark" in used:
        faces = used.get("face_detection")
        by = f", faces by: CenterFace ({faces['source']})" if faces else ""
        return f"People are found by: BlazePose ({used['pose_landmark']['source']}){by}."
    yolo = used["yolo"]
    whose = {"checkpoints": "this project's own detector", "path": "a detector of your own"}
    where = whose.get(yolo["source"], f"the detector of {yolo['source']} on the Hugging Face Hub")
    return f"People are found by: {where} ({yolo['file']})."


def _counted(number: int, singular: str, plural: str) -> str:
    word = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{word} {singular if number == 1 else plural}"


def _when(moments: list[Moment]) -> str:
    ends = ((f"{moment['from_s']:.1f}", f"{moment['to_s']:.1f}") for moment in moments[:5])
    when = ", ".join(a if a == b else f"{a}-{b}" for a, b in ends)
    more = " and more often" if len(moments) > 5 else ""
    return f"{when} s{more}"


def _place(box: list[int], width: int) -> str:
    """Where in the picture a box is, in words."""
    across = (box[0] + box[2]) / 2 / width
    return (
        "on the left" if across < 1 / 3 else "on the right" if across > 2 / 3 else "in the middle"
    )
