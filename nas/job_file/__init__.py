"""The job file: read with the place of every word, checked, all problems told at once. No torch."""
