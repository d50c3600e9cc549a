"""How much of an identity a gait gives away."""
