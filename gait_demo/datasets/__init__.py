"""Data sets on disk: CASIA-B's layout, and photos of people with masks."""
