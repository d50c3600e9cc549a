"""A study of drawn walkers, small enough to be rated in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from walker import frames, write_clip

from gait_demo.mos.study import ANCHOR, REFERENCE, Clip, Study

FPS = 25
METHODS = (REFERENCE, "ours", "ours", ANCHOR)


def write_study(
    folder: Path,
    rated: int = 6,
    per_rater: int | None = None,
    gold: int = 0,
    training: int = 1,
    seconds: float = 0.4,
) -> Study:
    """Conditions take turns: METHODS, and every four clips another view."""
    folder.mkdir(parents=True, exist_ok=True)
    roles = ["rated"] * rated + ["gold"] * gold + ["training"] * training
    clips = []
    for number, role in enumerate(roles):
        file = f"{number:03d}a.mp4"
        images = frames(round(seconds * FPS), 96, 72, 50)
        write_clip(folder / file, images, Fraction(FPS))
        labels = {
            "method": METHODS[number % 4],
            "view": 18 * (number // 4),
            "person": str(number // 4),
            "expected": (2,) if role == "gold" else (),
        }
        clips.append(Clip(file, seconds, 96, 72, role, **labels))
    study = Study(folder, "A small study", tuple(clips), per_rater or rated)
    study.save()
    return study


@dataclass(frozen=True)
class Rated:
    """A study, and where a server keeps its votes.

    Attributes:
        database: as `Database` takes it.
        token: the owner's.
    """

    study: Study
    database: str
    token: str = "only the owner knows"

    @classmethod
    def write(cls, folder: Path) -> Rated:
        study = write_study(folder / "study", rated=6, seconds=0.8)
        return cls(study, str(folder / "mos.sqlite"))

    @property
    def settings(self) -> dict[str, str]:
        """The server's environment."""
        return {
            "GAIT_DEMO_STUDY": str(self.study.folder),
            "GAIT_DEMO_MOS_DB": self.database,
            "GAIT_DEMO_ADMIN_TOKEN": self.token,
        }
