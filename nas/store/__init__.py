"""The record of truth: jobs, trials, reports and events in SQL."""
