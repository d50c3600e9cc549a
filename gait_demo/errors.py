"""Errors that a user can act on.

Every message is one or two sentences that say what went wrong and what to do about it; the app
and the command line show them as they are.
"""


class GaitDemoError(Exception):
    """Base of every error this package raises on purpose."""


class VideoError(GaitDemoError):
    """The video cannot be read, is too long, or cannot be written."""


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
