"""What runs as a service: dispatchers that take queued jobs, and the processes that do the work."""
