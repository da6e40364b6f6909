"""How well early rungs predict the last one, with and without two remedies.

    python benchmarks/fidelity.py [--architectures 36] [--images 4000] [--root ../shared/data]

Uniform random architectures of a small space are trained on FashionMNIST with our own workers,
once on the whole schedule and once on the annealed one (a cycle of the learning rate up to every
rung). At every rung each model is evaluated as it stands and with recalibrated batch-norm
statistics, which does not touch its training. What a rung has to predict is the last rung of the
same schedule, evaluated in the same way. A second training on another seed shows how well one
training's last rung predicts another's, which is as much as any rung can be asked for.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from fidelity_training import Curve, Trainer
from numpy.typing import NDArray
from tables import write_table

from nas.analysis.fidelity import Estimate, fidelities, rank_agreement
from search_spaces.architecture import Architecture
from search_spaces.space import SearchSpace
from workers.threads import cap_threads

RUNGS = (1, 2, 4, 8)
TYPES = {"none": None, "se": {"ratio": [2, 4]}, "eca": None, "cbam": {"ratio": 4}}
SPACE = {
    "backbone": {"name": "cifar_resnet", "depth": 8, "width": [4, 6, 8], "stem_stride": 2},
    "attention": [{"types": TYPES}],
}
SCHEDULES = {"whole": (), "annealed": RUNGS[:-1]}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architectures", type=int, default=36)
    parser.add_argument("--images", type=int, default=4000, help="half of them to train on")
    parser.add_argument("--root", default="../shared/data")
    parser.add_argument("--name", default="fidelity", help="of the table in results/")
    parser.add_argument("--keep", type=Path, help="a JSON file of what was measured, to go on from")
    return parser.parse_args()


def draw(count: int) -> list[Architecture]:
    """Distinct architectures, each as likely as any other."""
    space = SearchSpace.from_dict(SPACE)
    return [space.at(index) for index in random.Random(0).sample(range(space.size()), count)]


def row(schedule: str, recalibrated: bool, curves: list[Curve]) -> list[str]:
    """One condition's line: tau and agreement of every rung, and the mean at the last."""
    found = fidelities(curves, RUNGS)
    taus = [estimate(fidelity.tau) for fidelity in found]
    agreements = [f"{100 * f.agreement.value:.0f} %" for f in found if f.agreement]
    final = statistics.mean(curve[RUNGS[-1]] for curve in curves)
    words = [schedule, "yes" if recalibrated else "no"]
    return [*words, *taus, " / ".join(agreements), f"{100 * final:.1f} %"]


def gain(found: list[dict[str, Curve]], remedied: str, plain: str) -> str:
    """By how much one condition's tau is above another's at each rung, over the same resamples."""
    rng, told = np.random.default_rng(0), []
    draws = [np.arange(len(found)), *rng.integers(len(found), size=(1000, len(found)))]
    for rung in RUNGS[:-1]:
        first, second = (
            np.array([(c[key][rung], c[key][RUNGS[-1]]) for c in found])
            for key in (remedied, plain)
        )
        rise = np.array([tau_of(first[d]) - tau_of(second[d]) for d in draws])
        low, high = np.quantile(rise[1:], [0.025, 0.975])
        told.append(f"{rise[0]:+.2f} ({low:+.2f} to {high:+.2f})")
    return ", ".join(told)


def tau_of(pairs: NDArray[np.float64]) -> float:
    tau, _ = rank_agreement(pairs[:, 0], pairs[:, 1], 0)
    return tau.value if tau else 0.0


def same_width(found: list[dict[str, Curve]], widths: list[object], key: str) -> str:
    """The share of pairs of equal width that are in the same order at a rung and at the end."""
    shares = []
    for rung in RUNGS[:-1]:
        votes = [
            (np.sign(a[rung] - b[rung]) * np.sign(a[RUNGS[-1]] - b[RUNGS[-1]]) + 1) / 2
            for (a, wide), (b, narrow) in combinations(
                zip((c[key] for c in found), widths, strict=True), 2
            )
            if wide == narrow and a[RUNGS[-1]] != b[RUNGS[-1]]
        ]
        shares.append(f"{100 * np.mean(votes):.0f} %")
    return " / ".join(shares)


def estimate(found: Estimate | None) -> str:
    if found is None or found.low is None or found.high is None:
        return "–"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def measure(given: argparse.Namespace) -> list[dict[str, Curve]]:
    """The curves of every architecture by condition; what the file of ``--keep`` has is not redone.

    Conditions are ``whole``, ``annealed`` (each also with `` recalibrated``) and ``other seed``.
    """
    kept = json.loads(given.keep.read_text()) if given.keep and given.keep.exists() else []
    found = [{key: {int(r): a for r, a in c.items()} for key, c in row.items()} for row in kept]
    trainer = Trainer(given.root, given.images, RUNGS)
    for architecture in draw(given.architectures)[len(found) :]:
        curves = {"other seed": trainer.train(architecture, (), seed=1)[1]}
        for schedule, restarts in SCHEDULES.items():
            plain, remedied = trainer.train(architecture, restarts)
            curves |= {schedule: plain, f"{schedule} recalibrated": remedied}
        found.append(curves)
        if given.keep:
            given.keep.write_text(json.dumps(found))
        sys.stderr.write(f"{len(found)}/{given.architectures}\n")
    return found[: given.architectures]


def main() -> None:
    given = arguments()
    cap_threads(1)
    found = measure(given)
    # Seed 0 takes the place of a rung, so that the same function compares the two.
    last = RUNGS[-1]
    again = [{0: c["whole recalibrated"][last], 1: c["other seed"][last]} for c in found]
    (seeds,) = fidelities(again, (0, 1))
    half = given.images // 2
    widths = [dict(a.backbone.axes)["width"] for a in draw(given.architectures)]
    both = "whole recalibrated", "annealed recalibrated"
    write_table(
        given.name,
        "How well early rungs predict the last",
        ["schedule", "recalibrated", *(f"epoch {r}" for r in RUNGS[:-1]), "pairs", "accuracy"],
        [
            row(schedule, remedy, [c[schedule + " recalibrated" * remedy] for c in found])
            for schedule in SCHEDULES
            for remedy in (False, True)
        ],
        f"python benchmarks/fidelity.py --architectures {given.architectures} "
        f"--images {given.images}",
        [
            f"Kendall's tau-b between the validation accuracy at a rung and at epoch {last}, "
            "with 95 % intervals (bootstrap over architectures); *pairs*: the share of pairs in "
            f"the same order, by rung; *accuracy*: the mean at epoch {last}. "
            f"{given.architectures} uniform draws of a space of "
            f"{SearchSpace.from_dict(SPACE).size()} (ResNet-8 of width 4, 6 or 8 and a stem of "
            "stride 2; none, SE, ECA or "
            f"CBAM in each stage), {half:,} training and {half:,} validation images of "
            "FashionMNIST, one seed.",
            "",
            f"Epoch {last} on another seed (whole, recalibrated): {estimate(seeds.tau)}. A rung "
            "that predicts better than this does so because it is part of the same training.",
            "",
            f"Tau gained, at epochs {', '.join(map(str, RUNGS[:-1]))}: by recalibration on the "
            f"whole schedule {gain(found, both[0], 'whole')}; by annealing, without recalibration "
            f"{gain(found, 'annealed', 'whole')}; by annealing beside recalibration "
            f"{gain(found, both[1], both[0])}.",
            "",
            "Pairs of equal width alone, in the same order: whole, recalibrated "
            f"{same_width(found, widths, both[0])}; annealed, recalibrated "
            f"{same_width(found, widths, both[1])}.",
        ],
    )


if __name__ == "__main__":
    main()
