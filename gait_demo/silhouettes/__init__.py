"""Silhouettes: the paper's 64x64 crops, the quality rule, and synthetic defects."""
