"""Syne Tune's MOASHA behind a pipe: needs syne-tune alone, in an environment of its own.

    python3 -m venv .syne && .syne/bin/pip install syne-tune==0.16.0
    python benchmarks/search.py --syne .syne/bin/python

Reads a JSON list a line: ``["suggest"]`` is answered by a configuration, ``["report", trial,
epoch, error, cost]`` by whether the trial may go on.
"""

from __future__ import annotations

import datetime
import json
import sys

import numpy as np
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import choice
from syne_tune.optimizer.scheduler import SchedulerDecision
from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA


def main() -> None:
    setting = json.loads(sys.argv[1])
    # Its suggestions draw from numpy's global generator, whatever seed it is given.
    np.random.seed(setting["seed"])
    scheduler = MOASHA(
        {name: choice(list(range(count))) for name, count in setting["space"].items()},
        metrics=["error", "cost"],
        time_attr="epoch",
        max_t=setting["max_t"],
        reduction_factor=setting["reduction"],
        random_seed=setting["seed"],
    )
    trials: list[Trial] = []
    for line in sys.stdin:
        kind, *content = json.loads(line)
        if kind == "suggest":
            config = scheduler.suggest().config
            trials.append(Trial(len(trials), config, datetime.datetime.now()))
            scheduler.on_trial_add(trials[-1])
            answer: object = {name: int(value) for name, value in config.items()}
        else:
            number, epoch, error, cost = content
            result = {"epoch": epoch, "error": error, "cost": cost}
            decision = scheduler.on_trial_result(trials[number], result)
            answer = decision == SchedulerDecision.CONTINUE
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
