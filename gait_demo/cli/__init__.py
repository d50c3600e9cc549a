"""The commands of `python -m gait_demo`: their arguments, and the functions that they call."""
