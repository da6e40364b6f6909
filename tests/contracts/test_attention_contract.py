"""What every attention type promises, held for every choice of the catalogue."""

from __future__ import annotations

import inspect
import io

import pytest
import torch
import torch.nn as nn
from torch import Tensor
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from search_spaces.architecture import Choice
from search_spaces.catalogue import CATALOGUE
from tests.contracts.attention_reference import REFERENCES
from tests.contracts.attention_variants import (
    STARTS,
    VARIANTS,
    attention_class,
    build,
    randomised,
    rounding,
    starts_as_identity,
)
from tests.search_spaces.closed_forms import CLOSED_FORMS

C, H, W = 12, 5, 3
SHAPES = [(2, C, H, W), (1, C, 1, 1), (1, C, 1, 4), (3, 3, 4, 2), (2, 1, 2, 2)]


def image(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype)


def flops(module: nn.Module, *shape: int) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.empty(shape, device="meta"))
    return counter.get_total_flops()


def same(y: Tensor, x: Tensor, choice: Choice) -> bool:
    return bool((y - x).abs().max() <= rounding(choice))


def test_every_type_has_a_closed_form_and_a_reference() -> None:
    assert set(CLOSED_FORMS) == set(REFERENCES) == set(CATALOGUE)


def test_every_value_of_a_closed_axis_is_tried() -> None:
    for name, kind in CATALOGUE.items():
        tried = [choice.as_dict() for choice in VARIANTS if choice.name == name]
        for axis in kind.axes:
            assert {axes.get(axis.name, axis.default) for axes in tried} >= set(axis.values)
            assert len({axes.get(axis.name) for axes in tried}) > 1


@pytest.mark.parametrize("name", CATALOGUE)
def test_constructor_has_the_catalogues_axes_and_defaults(name: str) -> None:
    parameters = inspect.signature(attention_class(name)).parameters
    keywords = {k: p.default for k, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    axes = {axis.name: axis.default for axis in CATALOGUE[name].axes}
    shape = {"out_channels": None, "stride": 1} if CATALOGUE[name].family == "replace" else {}
    assert keywords == {**shape, **axes, "start": "identity"}


@pytest.mark.parametrize("name", CATALOGUE)
def test_unknown_start_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"start is 'zero'; allowed: identity, paper"):
        attention_class(name)(C, start="zero")


@pytest.mark.parametrize("choice", VARIANTS, ids=str)
class TestAttentionContract:
    @pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
    def test_keeps_the_shape_and_starts_as_identity(self, choice: Choice, training: bool) -> None:
        for shape in SHAPES:
            x = image(*shape)
            y = build(choice, shape[1]).train(training)(x)
            assert y.shape == shape
            assert same(y, x, choice) or not starts_as_identity(choice), shape

    def test_only_what_is_listed_starts_otherwise(self, choice: Choice) -> None:
        x = image(2, C, H, W)
        assert same(build(choice, C)(x), x, choice) == starts_as_identity(choice)

    def test_paper_start_keeps_the_shape(self, choice: Choice) -> None:
        for shape in SHAPES:
            y = build(choice, shape[1], "paper")(image(*shape))
            assert y.shape == shape
            assert y.isfinite().all()

    def test_identity_start_learns(self, choice: Choice) -> None:
        module, x = build(choice, C).double(), image(4, C, H, W, dtype=torch.float64)
        target = image(4, C, H, W, seed=2, dtype=torch.float64)
        # A wide step of a warp would look past the map, where there is nothing to learn from.
        step = 1e-4 if CATALOGUE[choice.name].family == "warp" else 1e-3
        optimizer = torch.optim.SGD(module.parameters(), lr=step)
        for _ in range(4):
            optimizer.zero_grad()
            (module(x) - target).square().sum().backward()
            optimizer.step()
        still = [n for n, p in module.named_parameters() if p.ndim > 1 and not p.grad.any()]
        assert not still
        assert not torch.allclose(module(x), x)

    @pytest.mark.parametrize("start", STARTS)
    @pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
    def test_equals_the_papers_formula(self, choice: Choice, start: str, training: bool) -> None:
        module = randomised(choice, C, start).train(training)
        x = image(2, C, H, W, dtype=torch.float64).requires_grad_()
        weights = {**dict(module.named_buffers()), **dict(module.named_parameters())}
        weights = {name: value.clone() for name, value in weights.items()}
        expected = REFERENCES[choice.name](weights, choice.as_dict(), start, training, x)
        y = module(x)
        torch.testing.assert_close(y, expected, rtol=1e-9, atol=1e-9)
        inputs = [x, *module.parameters()]
        pull = image(*y.shape, seed=3, dtype=torch.float64)
        ours = torch.autograd.grad(y, inputs, pull)
        theirs = torch.autograd.grad(expected, inputs, pull)
        torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-8)

    def test_gradient_is_the_slope(self, choice: Choice) -> None:
        module = randomised(choice, 5).eval()
        names = [name for name, _ in module.named_parameters()]
        x = image(2, 5, 3, 2, dtype=torch.float64).requires_grad_()

        def output(x: Tensor, *values: Tensor) -> Tensor:
            return functional_call(module, dict(zip(names, values, strict=True)), x)

        assert torch.autograd.gradcheck(output, (x, *module.parameters()), fast_mode=True)

    def test_images_do_not_meet_in_eval(self, choice: Choice) -> None:
        module, x = randomised(choice, C).eval(), image(3, C, H, W, dtype=torch.float64)
        alone = torch.cat([module(one) for one in x.split(1)])
        torch.testing.assert_close(module(x), alone, rtol=1e-10, atol=1e-10)

    @pytest.mark.parametrize("start", STARTS)
    def test_parameters_and_flops_equal_the_closed_form(self, choice: Choice, start: str) -> None:
        axes, form = choice.as_dict(), CLOSED_FORMS[choice.name]
        for c, h, w in [(C, H, W), (3, 2, 5), (64, 8, 6), (32, 1, 1)]:
            with torch.device("meta"):
                module = build(choice, c, start)
            assert sum(p.numel() for p in module.parameters()) == form.params(axes, c)
            assert flops(module, 1, c, h, w) == form.flops(axes, c, h, w)

    def test_starts_share_one_state_dict(self, choice: Choice) -> None:
        states = [build(choice, C, start).state_dict() for start in STARTS]
        shapes = [{name: value.shape for name, value in state.items()} for state in states]
        assert shapes[0] == shapes[1]

    def test_bf16(self, choice: Choice) -> None:
        module, x = randomised(choice, C).float().eval(), 0.5 * image(2, C, H, W)
        exact = module(x)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = module(x)
        convolved = CATALOGUE[choice.name].family == "replace"
        assert mixed.dtype == (torch.bfloat16 if convolved else torch.float32)
        pure = module.bfloat16()(x.bfloat16())
        assert pure.dtype == torch.bfloat16
        for y in (mixed, pure.float()):
            assert (y - exact).norm() < 0.05 * exact.norm()

    def test_channels_last_changes_nothing(self, choice: Choice) -> None:
        module, x = randomised(choice, C), image(2, C, H, W, dtype=torch.float64)
        last = x.to(memory_format=torch.channels_last)
        torch.testing.assert_close(module(last), module(x), rtol=1e-10, atol=1e-10)

    def test_saves_and_loads(self, choice: Choice) -> None:
        module, file = randomised(choice, C).eval(), io.BytesIO()
        torch.save(module.state_dict(), file)
        file.seek(0)
        other = build(choice, C, "paper", seed=5).double().eval()
        other.load_state_dict(torch.load(file, weights_only=True))
        x = image(2, C, H, W, dtype=torch.float64)
        assert torch.equal(other(x), module(x))

    @pytest.mark.parametrize("start", STARTS)
    def test_is_deterministic(self, choice: Choice, start: str) -> None:
        x = image(2, C, H, W)
        one, two = build(choice, C, start), build(choice, C, start)
        assert torch.equal(one(x), two(x))

    def test_compiles_without_graph_breaks(self, choice: Choice) -> None:
        module, x = randomised(choice, C).eval(), image(2, C, H, W, dtype=torch.float64)
        torch.compiler.reset()
        compiled = torch.compile(module, backend="eager", fullgraph=True)
        torch.testing.assert_close(compiled(x), module(x), rtol=1e-10, atol=1e-10)
