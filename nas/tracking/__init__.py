"""MLflow records of a job, written beside the search and never in its way."""

import os

# Read by MLflow, and set before anything here can import it. Its defaults block for minutes where
# no server answers: the exporter tries again by itself, so that a request need not. What it would
# take from the current folder, or say on the terminal, is none of our models' business.
for _name, _value in (
    ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"),
    ("MLFLOW_HTTP_REQUEST_TIMEOUT", "10"),
    ("MLFLOW_DISABLE_TELEMETRY", "true"),
    ("MLFLOW_UV_AUTO_DETECT", "false"),
    ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
    ("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true"),
):
    os.environ.setdefault(_name, _value)
