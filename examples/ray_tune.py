"""Our space, sampler and pruner in a Ray Tune script of one's own: digits, two CPU cores.

python examples/ray_tune.py [TRIALS] [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import ray
import torch
from ray import tune
from sklearn.datasets import load_digits

from nas.tune import (
    ExactCost,
    KnownCostSearch,
    ParetoScheduler,
    architecture_of,
    build_of,
    space_of,
)
from search_spaces.architecture import TaskShape

SHAPE = TaskShape(channels=1, height=8, width=8, classes=10)
RUNGS = (2, 4, 8)
SPACE = {
    "backbone": {"name": "cifar_resnet", "depth": [8, 14], "width": [3, 6, 12]},
    "attention": [
        {
            "stages": "all",
            "types": {"none": None, "se": {"ratio": 2}, "eca": None, "cbam": {"ratio": 2}},
        }
    ],
}


def train(config: dict[str, Any]) -> None:
    """Any training function: it builds the config's model, reports, and keeps checkpoints."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = load_digits()
    images = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16
    labels = torch.tensor(data.target)
    order = torch.randperm(len(labels))
    fit, validate = order[:1200], order[1200:]

    model = build_of(config, SHAPE)
    optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=0.9, nesterov=True)
    done = 0
    if checkpoint := tune.get_checkpoint():
        with checkpoint.as_directory() as folder:
            state = torch.load(Path(folder, "state.pt"))
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epoch"]

    for epoch in range(done + 1, RUNGS[-1] + 1):
        model.train()
        for batch in fit[torch.randperm(len(fit))].split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            right = model(images[validate]).argmax(1) == labels[validate]
        with tempfile.TemporaryDirectory() as folder:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**state, "epoch": epoch}, Path(folder, "state.pt"))
            saved = tune.Checkpoint.from_directory(folder)
            tune.report({"accuracy": right.float().mean().item()}, checkpoint=saved)


def main(trials: int, folder: str) -> None:
    """Search, then print what was fully trained and lies on the front."""
    ray.init(num_cpus=2, log_to_driver=False)
    cost = ExactCost(SHAPE, "forward_flops")
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        param_space={**space_of(SPACE, SHAPE), "lr": 0.1},
        tune_config=tune.TuneConfig(
            metric="accuracy",
            mode="max",
            num_samples=trials,
            search_alg=KnownCostSearch(cost, epochs=RUNGS[-1]),
            scheduler=ParetoScheduler(cost, RUNGS),
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(name="ray_tune", storage_path=folder, verbose=0),
    )
    results = tuner.fit()

    epochs = sum(result.metrics["training_iteration"] for result in results)
    print(f"{len(results)} trials, {epochs} epochs instead of {len(results) * RUNGS[-1]}")
    best = 0.0
    for result in sorted(results, key=lambda result: cost(result.config)):
        whole = result.metrics["training_iteration"] == RUNGS[-1]
        if whole and result.metrics["accuracy"] > best:
            best = result.metrics["accuracy"]
            print(
                f"{best:.3f} {cost(result.config):>10,.0f} FLOPs  {architecture_of(result.config)}"
            )


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    main(count, sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
