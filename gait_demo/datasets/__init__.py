"""Readers of data sets on disk: CASIA-B, and photos of people with masks."""
