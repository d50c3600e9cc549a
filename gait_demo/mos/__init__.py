"""Mean opinion scores: clips that people rate, their votes, and what the votes say."""
