"""What the results mean: the front, picks, the verdict."""
