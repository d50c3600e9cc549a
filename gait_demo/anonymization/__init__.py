"""Another gait for a track of silhouettes and joints."""
