"""Every attention type away from eager training: compiled, exported to ONNX, within memory."""

from __future__ import annotations

import shutil
from typing import Any

import onnxruntime
import pytest
import torch
import torch.nn as nn
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from search_spaces.architecture import Choice
from search_spaces.catalogue import CATALOGUE, complete
from tests.contracts.attention_variants import VARIANTS, randomised

C, H, W = 12, 5, 3
FAMILIES = tuple(dict.fromkeys(kind.family for kind in CATALOGUE.values()))
#: One choice of each type; a layer of the encoder is like the others.
FIRST = tuple(complete(name, {"layers": 1} if name == "encoder" else {}) for name in CATALOGUE)

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")


def image(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def members(family: str) -> list[Choice]:
    return [choice for choice in FIRST if CATALOGUE[choice.name].family == family]


class Side(nn.Module):
    """Modules on the same map, their outputs one after another: one export for all of them."""

    def __init__(self, choices: list[Choice]) -> None:
        super().__init__()
        self.members = nn.ModuleList(randomised(choice, C) for choice in choices)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(member(x) for member in self.members)


def step(module: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
    """Outputs, and the gradients of their squares."""
    y = module(x)
    loss = sum(each.square().sum() for each in (y if isinstance(y, tuple) else (y,)))
    return *tree_leaves(y), *torch.autograd.grad(loss, [x, *module.parameters()])


def compiles(module: nn.Module, backend: str) -> None:
    """Forward and backward in one graph, equal to eager."""
    x = image(2, C, H, W, dtype=torch.float64).requires_grad_()
    torch.compiler.reset()
    compiled = torch.compile(module, backend=backend, fullgraph=True)
    torch.testing.assert_close(step(compiled, x), step(module, x), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_compiles_with_gradients(family: str) -> None:
    compiles(Side(members(family)).train(), "aot_eager")


@pytest.mark.slow
@needs_compiler
@pytest.mark.timeout(900)
@pytest.mark.parametrize("choice", FIRST, ids=str)
def test_compiles_by_inductor(choice: Choice) -> None:
    compiles(randomised(choice, C).train(), "inductor")


def exports_to_onnx(module: nn.Module) -> None:
    """One export takes any batch size, and computes the same in another runtime."""
    module, x = module.float().eval(), image(3, C, H, W)
    any_batch = ({0: torch.export.Dim("batch")},)
    program: Any = torch.onnx.export(
        module, (x,), dynamo=True, verbose=False, dynamic_shapes=any_batch
    )
    model = program.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    found = session.run(None, {given.name: x[:2].numpy()})
    expected = [y.detach().numpy() for y in tree_leaves(module(x[:2]))]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_exports_to_onnx(family: str) -> None:
    exports_to_onnx(Side(members(family)))


@pytest.mark.slow
@pytest.mark.parametrize("choice", VARIANTS, ids=str)
def test_every_variant_exports_to_onnx(choice: Choice) -> None:
    exports_to_onnx(randomised(choice, C))


class Largest(TorchDispatchMode):
    """Keeps the most values that any tensor made inside it holds in memory of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.values = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(made):
            if isinstance(leaf, Tensor):
                owned = leaf.untyped_storage().nbytes() // leaf.element_size()
                self.values = max(self.values, owned)
        return made


@pytest.mark.parametrize("choice", VARIANTS, ids=str)
def test_no_tensor_is_larger_than_a_map_of_pairs(choice: Choice) -> None:
    channels, side = 16, 24
    positions = side * side
    module, x = randomised(choice, channels).float(), image(1, channels, side, side)
    with Largest() as mode:
        module(x.requires_grad_()).sum().backward()
    assert x.numel() <= mode.values <= positions**2


def test_a_list_of_pairs_would_be_seen() -> None:
    theta = torch.ones(1, 4, 9, requires_grad=True)
    with Largest() as mode:
        torch.relu(theta[:, :, :, None] + theta[:, :, None]).sum().backward()
    assert mode.values == 4 * 9 * 9
