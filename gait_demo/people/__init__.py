"""Who is where in a frame, and how people are followed through a clip."""
