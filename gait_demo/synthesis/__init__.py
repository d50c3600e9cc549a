"""Synthetic walkers: anatomical bodies posed by normative gait kinematics."""
