"""A secret for tests that make a run twice, or ask something of one made walker."""

from gait_demo.options import AnonymizeOptions

SECRET = bytes(range(32))
NOISE = AnonymizeOptions(secret=SECRET)
