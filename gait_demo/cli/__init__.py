"""The commands of `python -m gait_demo`: what each is told, and what it calls."""
