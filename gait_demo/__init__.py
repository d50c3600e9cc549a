"""Gait anonymization: a walking video goes in and comes out with another gait."""

__version__ = "0.1.0"
