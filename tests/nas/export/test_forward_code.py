import torch
from torch import fx, nn

from nas.export.forward_code import forward_code
from nas.export.whole_calls import shortened
from search_spaces.backbones.tracing import open_model
from tests.search_spaces.toy_backbones import Residual


def graph_of(forward):
    return fx.symbolic_trace(forward).graph


def code_of(forward):
    return forward_code(graph_of(forward), lambda parent, name: None)


def run(code, *given):
    body = "\n    ".join(code.lines)
    scope = {}
    exec("\n".join([*code.imports, f"def forward(self, {code.arguments}):\n    {body}"]), scope)
    return scope["forward"](None, *given)


def test_a_value_takes_the_name_of_one_that_it_is_the_last_to_use():
    def forward(x):
        kept = x.abs()
        other = (kept + 1).neg()
        return (other * kept).exp().sum(1)

    code = code_of(forward)
    assert code.arguments == "x"
    assert code.lines == (
        "x = x.abs()",
        "y = x + 1",
        "y = y.neg()",
        "x = y * x",
        "x = x.exp()",
        "return x.sum(1)",
    )
    given = torch.randn(2, 3)
    assert torch.equal(run(code, given), forward(given))


def test_many_values_at_a_time_keep_their_own_names():
    def forward(image):
        parts = [image * factor for factor in range(9)]
        size = image.size(0)
        return torch.cat(parts, 1).view(size, -1) + torch.nn.functional.relu(image).sum()

    code, given = code_of(forward), torch.randn(2, 3)
    assert torch.equal(run(code, given), forward(given))
    assert code.imports == ("import torch",)
    assert code.arguments == "image"


def test_what_nobody_reads_and_defaults_stay():
    def forward(x, scale=2.0):
        x.add_(1)
        return x * scale

    code, given = code_of(forward), torch.zeros(2)
    assert code.arguments == "x, scale=2.0"
    assert torch.equal(run(code, given), torch.full((2,), 2.0))


def test_parts_of_a_sequence_are_taken_by_number():
    model = open_model(nn.Sequential(nn.Sequential(nn.ReLU(), nn.Conv2d(3, 3, 1)), nn.ReLU())).model
    code = forward_code(
        model.graph, lambda parent, name: int(name) if parent and name.isdecimal() else None
    )
    assert code.lines[1] == "input = getattr(self, '0')[1](input)"


def test_modules_without_attention_inside_are_called_whole():
    untouched, model = open_model(Residual()), open_model(Residual()).model
    assert [n.name for n in shortened(model.graph, untouched.model.graph).nodes] == [
        "x", "stem", "body", "attention", "mean", "fc", "output"]  # fmt: skip
    model.add_module("gate", nn.Identity())
    inner = next(node for node in model.graph.nodes if node.name == "body_1_act")
    with model.graph.inserting_after(inner):
        gate = model.graph.call_module("gate", (inner,))
    inner.replace_all_uses_with(gate, delete_user_cb=lambda user: user is not gate)
    targets = [str(n.target) for n in shortened(model.graph, untouched.model.graph).nodes]
    assert targets[:9] == [
        "x", "stem", "body.0", "body.1.skip", "body.1.conv", "body.1.norm", "body.1.act", "gate",
        "body.1.last"]  # fmt: skip
    assert "body.2" in targets and "body.2.conv" not in targets
