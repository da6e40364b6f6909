"""The search: sampler, pruner, baselines and the loop; the only place that knows Optuna."""
