"""Rating studies (mean opinion scores): making the clips, collecting votes, and statistics."""
