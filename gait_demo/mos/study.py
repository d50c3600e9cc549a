"""A rating study: labelled clips, and how many of them each rater rates.

It is a folder with study.json and the clips. The clips' names do not reveal their conditions, and
raters never see study.json.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path

from gait_demo.errors import StudyError

SCALE = {1: "Bad", 2: "Poor", 3: "Fair", 4: "Good", 5: "Excellent"}  # the paper's
QUESTION = "How natural is the walker: their shape, their movement and their colour?"
REFERENCE, ANCHOR = "reference", "anchor"  # the original, and the deliberately bad clip
ROLES = ("rated", "gold", "training")
MANIFEST = "study.json"
RATERS = 20  # as in the paper, whose raters rated 60 clips each


@dataclass(frozen=True)
class Clip:
    """One clip and its labels.

    Attributes:
        file: name in the folder of the study; without its suffix it is the clip's id.
        duration_s: seconds; votes are accepted only after this time.
        width, height: pixels; the clip is shown at this size.
        role: "rated"; "gold", an attention check whose right answers are known; or "training",
            which is shown first and does not count.
        method: how the walker was made: "ours", "ST-GAN", REFERENCE, ANCHOR, or any other name.
        view: view angle in degrees.
        subset: of the paper: 1 for poor silhouettes, 2 for good ones.
        person, seed: the walker, and the seed of the noise.
        expected: right answers to a gold item.
    """

    file: str
    duration_s: float
    width: int
    height: int
    role: str = "rated"
    method: str = ""
    view: int | None = None
    subset: int | None = None
    person: str | None = None
    seed: int | None = None
    expected: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if Path(self.file).name != self.file or not self.file.endswith(".mp4"):
            raise StudyError(f"{self.file!r} is not the name of an .mp4 file in the study.")
        if self.role not in ROLES:
            raise StudyError(f"{self.file}: the role is {self.role!r}; give one of {ROLES}.")
        if not self.duration_s > 0:
            raise StudyError(f"{self.file}: the duration is {self.duration_s}; give seconds.")
        if bool(self.expected) != (self.role == "gold") or set(self.expected) - set(SCALE):
            raise StudyError(
                f"{self.file}: gold items, and only they, have expected answers from 1 to 5."
            )

    @property
    def id(self) -> str:
        return Path(self.file).stem

    @property
    def condition(self) -> tuple[str, int | None]:
        return self.method, self.view


@dataclass(frozen=True)
class Study:
    """A rating study.

    Attributes:
        folder: of study.json and the clips.
        name: of the study, as shown.
        clips: all clips, in the order of study.json.
        per_rater: number of rated clips for each rater; gold items are added to them.
        raters: number of raters wanted.
        seed: determines the order in which clips are shown.
        question: that raters are asked.
        made_with: what the clips were made of, such as the sha256 of weights.
    """

    folder: Path
    name: str
    clips: tuple[Clip, ...]
    per_rater: int
    raters: int = RATERS
    seed: int = 0
    question: str = QUESTION
    made_with: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.by_id) < len(self.clips):
            raise StudyError("Two clips of the study have the same name.")
        if not 1 <= self.per_rater <= len(self.of_role("rated")):
            raise StudyError(
                f"Each rater is to rate {self.per_rater} clips of {len(self.of_role('rated'))}: "
                "choose at least 1, and at most as many as there are."
            )

    @cached_property
    def by_id(self) -> dict[str, Clip]:
        return {clip.id: clip for clip in self.clips}

    @cached_property
    def id(self) -> str:
        """Identifies the clips and labels: votes on other clips belong to another study."""
        labels = json.dumps([asdict(clip) for clip in self.clips], sort_keys=True)
        return hashlib.sha256(labels.encode()).hexdigest()[:12]

    def of_role(self, role: str) -> list[Clip]:
        return [clip for clip in self.clips if clip.role == role]

    def path(self, clip: Clip) -> Path:
        return self.folder / clip.file

    def save(self) -> None:
        """Writes study.json; the clips must already be there."""
        content = {
            "name": self.name,
            "question": self.question,
            "per_rater": self.per_rater,
            "raters": self.raters,
            "seed": self.seed,
            "made_with": self.made_with,
            "clips": [asdict(clip) for clip in self.clips],
        }
        (self.folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Study:
        """Reads a study and checks that its clips exist.

        Raises:
            StudyError: there is no study, it is malformed, or a clip is missing.
        """
        manifest = Path(folder) / MANIFEST
        try:
            content = json.loads(manifest.read_text())
            clips = tuple(clip_of(entry) for entry in content.pop("clips"))
            study = cls(Path(folder), clips=clips, **content)
        except OSError as error:
            raise StudyError(
                f"There is no study in {folder}: make one with `python -m gait_demo study build`."
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StudyError(
                f"{manifest} is malformed ({error}); build the study again."
            ) from error
        if missing := [clip.file for clip in clips if not study.path(clip).is_file()]:
            raise StudyError(f"{folder} lacks {missing[0]}; build the study again.")
        return study


def clip_of(entry: dict) -> Clip:
    """A clip from its JSON object."""
    return Clip(**entry | {"expected": tuple(entry.get("expected", ()))})


def label_fields() -> Iterable[str]:
    """The names of a clip's labels, for tables."""
    return [f.name for f in fields(Clip) if f.name not in ("duration_s", "width", "height")]
