"""Measurements of privacy, drawing, detection and data; see README.md for commands and results."""
