"""Opens the store of votes from the settings."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

from gait_demo.mos.database import Database
from gait_demo.mos.settings import StudySettings
from gait_demo.mos.store import Store
from gait_demo.mos.study import Study

_HUB_S = 10  # time to wait for votes from the Hub, so that returning raters are known


def open_store(settings: StudySettings) -> Store:
    """The store of votes of the study that the settings name.

    Raises:
        StudyError: there is no study, or its votes cannot be stored.
    """
    store = Store(Study.load(settings.study), Database(settings.database))
    if settings.hub:
        from gait_demo.mos.backup import HubCopy

        copy = HubCopy(store, settings.hub, Path(mkdtemp(prefix="gait-votes-")))
        copy.read.wait(_HUB_S)
    return store
