"""The cases of ``attention.py``: choices at sizes, one step of all that computes them, clocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import process_time

import torch
import torch.nn as nn
from attention_peers import peers
from attention_plain import Plain
from attention_plain_maps import PLAIN
from torch import Tensor

from search_spaces.architecture import Choice
from search_spaces.build import attention_module
from search_spaces.catalogue import CATALOGUE, complete

BATCH = 32
SIZES = {"C64@32": (64, 32), "C128@16": (128, 16), "C256@8": (256, 8), "C512@8": (512, 8)}

#: Variants beside the defaults of every type.
VARIANTS = [
    ("bam", {"composition": "par_logit_prod"}),
    ("non_local", {"mode": "gaussian"}),
    ("non_local", {"mode": "dot_product"}),
    ("non_local", {"mode": "concatenation"}),
    ("non_local", {"subsample": 2}),
    ("gc", {"fusion": "scale"}),
    ("gc", {"pool": "average"}),
    ("gsop", {"variant": "spatial"}),
    ("gsop", {"variant": "average"}),
    ("gsop", {"variant": "maximum"}),
    ("triplet", {"branches": "cross"}),
    ("psa", {"order": "sequential"}),
    ("sca", {"order": "sc"}),
    ("scse", {"composition": "par_max"}),
    ("scse", {"composition": "par_prod"}),
    ("danet", {"branch": "position"}),
    ("danet", {"branch": "channel"}),
    ("encoder", {"encoding": "none"}),
]

#: A layer of the encoder costs what the other five do.
FEWER = {"encoder": {"layers": 1}}

#: A list of all pairs with d numbers each, and the copies of it that backward keeps.
COPIES = 6


@dataclass(frozen=True)
class Case:
    """A choice at a size; ``setting`` is ``f32``, ``bf16`` or ``bf16 compiled``."""

    choice: Choice
    size: str
    setting: str

    @property
    def label(self) -> str:
        """The type and what differs from its defaults."""
        name = self.choice.name
        axes = {axis.name: axis.default for axis in CATALOGUE[name].axes} | FEWER.get(name, {})
        changed = [str(v) for k, v in self.choice.as_dict().items() if axes.get(k) != v]
        return " ".join([self.choice.name, *changed])


#: One step: forward and backward of a module.
Step = Callable[[], None]


def choices(only: str) -> list[Choice]:
    """The defaults of every type and the variants, type by type."""
    names = only.split(",") if only else list(CATALOGUE)
    given = [(name, {}) for name in names] + [v for v in VARIANTS if v[0] in names]
    given.sort(key=lambda entry: names.index(entry[0]))
    return [complete(name, {**FEWER.get(name, {}), **axes}) for name, axes in given]


def modules(case: Case) -> Iterator[tuple[str, nn.Module]]:
    """Ours first, then what computes the same."""
    channels, _ = SIZES[case.size]
    ours = attention_module(case.choice, channels, "identity")
    yield "ours", ours
    for name, peer in peers(case.choice, channels, ours):
        assert abs(count(peer) - count(ours)) <= 2, f"{case.label}: {name} has other widths"
        yield name, peer
    if fits(case, ours):
        yield (
            "plain",
            Plain(PLAIN[case.choice.name], attention_module(case.choice, channels, "paper")),
        )


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def fits(case: Case, ours: nn.Module) -> bool:
    """Whether the plain concatenation form, with its list of pairs, fits in memory."""
    if case.choice.as_dict().get("mode") != "concatenation":
        return True
    positions = SIZES[case.size][1] ** 2
    pairs = 4 * BATCH * 2 * ours.theta.out_channels * positions**2
    return COPIES * pairs < os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def step_of(module: nn.Module, x: Tensor, pull: Tensor) -> Step:
    inputs = [x, *(p for p in module.parameters() if p.requires_grad)]

    def step() -> None:
        torch.autograd.grad(module(x), inputs, pull, allow_unused=True)

    return step


def steps(case: Case, device: str) -> dict[str, Step]:
    """One step for each implementation, on the same images."""
    channels, side = SIZES[case.size]
    dtype = torch.float32 if case.setting == "f32" else torch.bfloat16
    generator = torch.Generator().manual_seed(1)
    shape = (BATCH, channels, side, side)
    x, pull = (torch.randn(shape, generator=generator).to(device, dtype) for _ in range(2))
    x.requires_grad_()
    found = {}
    for name, module in modules(case):
        module = module.train().to(device, dtype)
        if "compiled" in case.setting:
            torch.compiler.reset()
            module = torch.compile(module)
        found[name] = step_of(module, x, pull)
    return found


def cpu_seconds(step: Step) -> float:
    start = process_time()
    step()
    return process_time() - start


def gpu_seconds(step: Step) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    step()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000


def fastest(
    found: dict[str, Step], clock: Callable[[Step], float], budget: float
) -> dict[str, float]:
    """The least seconds of each step; in turn, until the budget is spent but twice at least."""
    warm = {name: clock(step) for name, step in found.items()}
    best = dict.fromkeys(found, float("inf"))
    spent, rounds = sum(warm.values()), 0
    while rounds < 2 or spent < budget:
        rounds += 1
        for name, step in found.items():
            for _ in range(1 + int(0.01 // max(warm[name], 1e-4))):
                seconds = clock(step)
                spent += seconds
                best[name] = min(best[name], seconds)
    return best


def check(case: Case) -> None:
    """Outputs and gradients of ours and of the plain form, with the same random weights."""
    channels, side = SIZES[case.size]
    module = attention_module(case.choice, channels, "paper").double()
    for parameter in module.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    x = torch.randn(2, channels, side, side, dtype=torch.float64, requires_grad=True)
    pull = torch.randn_like(x)
    results = []
    for form in (module, partial(PLAIN[case.choice.name], module)):
        y = form(x)
        results.append((y, *torch.autograd.grad(y, [x, *module.parameters()], pull)))
    torch.testing.assert_close(*results, rtol=1e-6, atol=1e-6)
