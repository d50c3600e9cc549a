"""What a lab can set about its study; whoever may read the environment hands it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class StudySettings:
    """
    Attributes:
        study: folder that holds study.json.
        database: a file for SQLite, or the URL of any database that SQLAlchemy knows.
        admin_token: opens the results in the page; None: they stay closed there.
        hub: dataset repository on the Hugging Face Hub that keeps a copy of the votes, if any.
    """

    study: Path = _ROOT / "assets" / "study"
    database: str = str(_ROOT / "runs" / "mos.sqlite")
    admin_token: str | None = None
    hub: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> StudySettings:
        """From GAIT_DEMO_STUDY, GAIT_DEMO_MOS_DB, GAIT_DEMO_ADMIN_TOKEN and GAIT_DEMO_MOS_HUB;
        what is absent or empty is left as it is by default."""
        return cls(
            Path(environment.get("GAIT_DEMO_STUDY") or cls.study),
            environment.get("GAIT_DEMO_MOS_DB") or cls.database,
            environment.get("GAIT_DEMO_ADMIN_TOKEN") or None,
            environment.get("GAIT_DEMO_MOS_HUB") or None,
        )
