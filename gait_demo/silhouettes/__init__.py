"""Silhouettes as the paper crops them, their quality, and what damages them."""
