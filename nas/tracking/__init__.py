"""MLflow records of a job, written beside the search and never in its way."""
