"""Train every architecture of a small space on FashionMNIST: ``table.csv``.

    OMP_NUM_THREADS=1 python benchmarks/search/make_table.py [--data ../shared/data] [--workers 2]

Goes on where a killed run ended: every training is a line, appended when it is done. The order is
a fixed permutation, so the beginning of the file is a uniform sample. First every architecture on
one seed, then two more seeds for 100 of them drawn uniformly and for those near the front (the
first ranks by non-domination), so that neither the noise nor the front rest on single trainings;
then the same with two more widths.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from table_space import (
    MORE_WIDTHS,
    RECIPE,
    RUNGS,
    SHAPE,
    TABLE,
    TEST,
    VALIDATION,
    WIDTHS,
    Row,
    data,
    name_of,
    read,
    space,
    write,
)

from nas.pareto import non_dominated_ranks
from search_spaces.architecture import Architecture
from workers.datasets import DataSpec
from workers.threads import cap_threads

SEEDS = (0, 1, 2)
#: Architectures drawn uniformly for all seeds, and ranks (of single trainings) that get them too.
UNIFORM, RANKS = 100, 4

Job = tuple[str, int, str]
#: Of this process, by the folder they are from.
_images: dict[str, Any] = {}


def train(job: Job) -> Row:
    """One architecture on one seed, through all rungs at one go.

    By the functions that a segment is made of, without the checkpoints between the rungs, which
    change no number.
    """
    import torch

    from search_spaces.cost import cost_of
    from workers.device import Numerics, reproducible
    from workers.evaluate import recalibrated, score
    from workers.loop import begin, train_epoch
    from workers.protocol import Segment
    from workers.train import default_build

    text, seed, root = job
    architecture, device = Architecture.from_json(text), torch.device("cpu")
    if root not in _images:
        _images[root] = halved(data(root))
    images = _images[root]
    segment = Segment("table", text, RECIPE, images.spec, seed, 0, RUNGS[-1], None, "", "cpu")
    numerics = Numerics.of(RECIPE, device)
    rights, seconds = [], 0.0
    with reproducible(device):
        training = begin(segment, images, numerics, default_build())
        while training.epoch < RUNGS[-1]:
            begun = time.perf_counter()
            train_epoch(training)
            seconds += time.perf_counter() - begun
            if training.epoch in RUNGS:
                twin = recalibrated(training.model, images, RECIPE, numerics)
                rights.append(
                    round(score(twin, images.validation, images, numerics).accuracy * VALIDATION)
                )
        test = round(score(twin, images.test, images, numerics).accuracy * TEST)
    cost = cost_of(architecture, SHAPE)
    known = (seed, cost.parameters, cost.forward_flops)
    return Row(*name_of(architecture), *known, *rights, test, round(seconds, 2))


def halved(spec: DataSpec) -> Any:
    """The images at half their height and width."""
    import torch
    from torch.nn.functional import avg_pool2d

    from workers.data import load
    from workers.parts import MemoryPart

    def pool(part: Any) -> MemoryPart:
        images = avg_pool2d(part.images.float(), 2).round().to(torch.uint8)
        return MemoryPart(images, part.labels)

    whole = load(spec)
    train = pool(whole.train)
    pixels = train.images.double()
    return replace(
        whole,
        train=train,
        validation=pool(whole.validation),
        test=pool(whole.test.select(torch.arange(TEST))),
        shape=SHAPE,
        mean=(pixels.mean().item(),),
        std=(pixels.std(correction=0).item(),),
    )


def shuffled(widths: Sequence[int]) -> list[Architecture]:
    """All architectures with one of these widths, in a fixed random order."""
    found = list(space(tuple(widths)).enumerate())
    random.Random(0).shuffle(found)
    return found


def near_front(rows: Sequence[Row], widths: set[int]) -> set[tuple[int, str, str, str]]:
    """Architectures of the first ranks, by the first seed."""
    first = [row for row in rows if row.seed == SEEDS[0] and row.width in widths]
    ranks = non_dominated_ranks([r.right_8 for r in first], [r.flops for r in first])
    return {row.architecture for row, rank in zip(first, ranks, strict=True) if rank < RANKS}


def stages(path: Path) -> Iterator[list[tuple[Architecture, int]]]:
    """The work in its order; a stage is made when the one before it is in the file."""
    base, more = shuffled(WIDTHS), shuffled(MORE_WIDTHS)
    yield [(a, SEEDS[0]) for a in base]
    yield again(path, base, UNIFORM // 2)
    yield again(path, base, UNIFORM)
    yield [(a, SEEDS[0]) for a in more]
    yield again(path, base + more, UNIFORM)


def again(
    path: Path, architectures: Sequence[Architecture], uniform: int
) -> list[tuple[Architecture, int]]:
    """Further seeds for the first few of a random order and for those near the front."""
    widths = {name_of(architecture)[0] for architecture in architectures}
    close = near_front(read(path), widths)
    return [
        (architecture, seed)
        for place, architecture in enumerate(architectures)
        if place < uniform or name_of(architecture) in close
        for seed in SEEDS[1:]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data", help="folder that holds FashionMNIST/")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--to", type=Path, default=TABLE)
    parser.add_argument("--minutes", type=float, default=1e9, help="begin nothing after so long")
    given = parser.parse_args()
    cap_threads(1)
    write(given.to, read(given.to) if given.to.exists() else [])
    begun = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with context.Pool(given.workers) as pool:
        for number, stage in enumerate(stages(given.to), 1):
            done = {(row.architecture, row.seed) for row in read(given.to)}
            jobs = [
                (architecture.to_json(), seed, given.data)
                for architecture, seed in stage
                if (name_of(architecture), seed) not in done
            ]
            for count, row in enumerate(pool.imap_unordered(train, jobs), 1):
                with given.to.open("a", newline="", encoding="utf-8") as file:
                    csv.writer(file, lineterminator="\n").writerow(astuple(row))
                minutes = (time.monotonic() - begun) / 60
                print(f"stage {number}: {count} of {len(jobs)}, {minutes:.1f} min", flush=True)
                if minutes > given.minutes:
                    return


if __name__ == "__main__":
    main()
