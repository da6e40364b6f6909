"""What trains: data, training segments, checkpoints, latency, the Ray pool."""
