"""Settings of the rating study that the app shows, from environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class StudySettings:
    """Settings of the rating study.

    Attributes:
        study: folder that contains study.json.
        database: a file for SQLite, or the URL of any database that SQLAlchemy supports.
        admin_token: password for the results in the page; None: the page does not show them.
        hub: dataset repository on the Hugging Face Hub for a copy of the votes; None: no copy.
    """

    study: Path = _ROOT / "assets" / "study"
    database: str = str(_ROOT / "runs" / "mos.sqlite")
    admin_token: str | None = None
    hub: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> StudySettings:
        """Reads GAIT_DEMO_STUDY, GAIT_DEMO_MOS_DB, GAIT_DEMO_ADMIN_TOKEN and GAIT_DEMO_MOS_HUB;
        missing or empty ones leave the defaults."""
        return cls(
            Path(environment.get("GAIT_DEMO_STUDY") or cls.study),
            environment.get("GAIT_DEMO_MOS_DB") or cls.database,
            environment.get("GAIT_DEMO_ADMIN_TOKEN") or None,
            environment.get("GAIT_DEMO_MOS_HUB") or None,
        )
