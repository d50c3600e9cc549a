"""The networks of the paper, as pure modules, and how their checkpoints are read and written."""
