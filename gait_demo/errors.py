"""Errors that a user can act on.

Every message is one or two sentences that say what went wrong and what to do about it; the app
and the command line show them as they are.
"""

import errno


class GaitDemoError(Exception):
    """Base of every error this package raises on purpose."""


class VideoError(GaitDemoError):
    """The video cannot be read, is too long, or cannot be written."""


class NoSpaceError(VideoError):
    """The disk or the quota is full: no other video can be written there either."""


def not_written(sentence: str, error: OSError) -> VideoError:
    """The error, with this message, for a file that could not be written: `NoSpaceError` if the
    disk or the quota is full."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return NoSpaceError(sentence) if full else VideoError(sentence)


class WeightsError(GaitDemoError):
    """Weights cannot be found, do not match their sha256, or do not fit the network."""


class NoPersonError(GaitDemoError):
    """No walking person, or none large enough, was found in the video."""


class DataError(GaitDemoError):
    """Training data is missing or malformed."""


class StudyError(GaitDemoError):
    """A rating study is malformed, its votes cannot be stored, or a vote breaks the rules."""


class EngineError(GaitDemoError):
    """A job failed with an unexpected error."""


class WorkerDiedError(EngineError):
    """The process that ran a job is gone: killed, out of memory, or lost with its machine."""


class NotStartedError(WorkerDiedError):
    """The process for a job did not start; the job itself is not the cause."""


class BatchError(GaitDemoError):
    """A run over many clips cannot start or cannot continue."""
