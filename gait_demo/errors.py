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
    """The disk is full, or the quota used up: no other video can be written there either."""


def not_written(sentence: str, error: OSError) -> VideoError:
    """The error of a file that could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return NoSpaceError(sentence) if full else VideoError(sentence)


class WeightsError(GaitDemoError):
    """Weights cannot be found, do not match their sha256, or do not fit the network."""


class NoPersonError(GaitDemoError):
    """No walking person, or none large enough, was found in the video."""


class DataError(GaitDemoError):
    """Training data is missing or malformed."""


class StudyError(GaitDemoError):
    """A study of ratings is malformed, its votes cannot be kept, or a vote breaks the rules."""


class EngineError(GaitDemoError):
    """A job ended in a way that nobody foresaw."""


class WorkerDiedError(EngineError):
    """The process that did a job is gone: killed, out of memory, or lost with its machine."""


class NotStartedError(WorkerDiedError):
    """The process that should have done a job did not start: the job is not the reason."""


class BatchError(GaitDemoError):
    """A run over many clips cannot begin, or cannot go on."""
