"""Everything that a page needs to take votes, from what a lab has set."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

from gait_demo.mos.database import Database
from gait_demo.mos.settings import StudySettings
from gait_demo.mos.store import Store
from gait_demo.mos.study import Study

_HUB_S = 10  # so that raters who come back are known again, if the Hub answers in time


def open_store(settings: StudySettings) -> Store:
    """
    Raises:
        StudyError: there is no study, or its votes cannot be kept.
    """
    store = Store(Study.load(settings.study), Database(settings.database))
    if settings.hub:
        from gait_demo.mos.backup import HubCopy

        copy = HubCopy(store, settings.hub, Path(mkdtemp(prefix="gait-votes-")))
        copy.read.wait(_HUB_S)
    return store
