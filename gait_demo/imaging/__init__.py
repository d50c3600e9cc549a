"""Small helpers for boxes, masks and images, shared by every stage."""
