"""The anonymizers, which give a track of silhouettes and joints another gait, and their noise."""
