"""People drawn into frames."""
