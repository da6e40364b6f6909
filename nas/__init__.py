"""What decides: job, store, search, tracking, analysis, export, command line."""
