"""Opens the store of votes from the settings."""

from __future__ import annotations

from pathlib import Path

from gait_demo.errors import StudyError
from gait_demo.mos.database import Database
from gait_demo.mos.settings import StudySettings
from gait_demo.mos.store import Store
from gait_demo.mos.study import Study


def open_store(settings: StudySettings) -> Store:
    """The store of votes of the study that the settings name.

    Raises:
        StudyError: there is no study, or its votes cannot be stored.
    """
    study = Study.load(settings.study)
    if not settings.hub:
        return Store(study, Database(settings.database))
    from gait_demo.mos.backup import HubCopy, restore

    if "://" in settings.database:
        raise StudyError("GAIT_DEMO_MOS_HUB copies a file: let GAIT_DEMO_MOS_DB name one.")
    file = Path(settings.database)
    restore(file, settings.hub)
    store = Store(study, Database(settings.database))
    HubCopy(file, settings.hub)
    return store
