"""Numbers and architectures as people read them: accuracy in %, FLOPs in M, parameters in k."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from search_spaces.attention_type import OUTPUT

#: Positions that go without saying.
_UNSAID = ("pre_add", OUTPUT)

#: (attention type, axis).
Axes = Set[tuple[str, str]]

#: Objective -> heading of a column.
COST_HEADINGS = {"forward_flops": "MFLOPs", "parameters": "params k", "latency_ms": "ms"}

#: Objective -> what follows "3 % more".
COST_WORDS = {"forward_flops": "FLOPs", "parameters": "parameters", "latency_ms": "latency"}


def accuracy(share: float | None) -> str:
    """0.9634 as ``96.3``; nothing for None."""
    return "" if share is None else f"{100 * share:.1f}"


def accuracy_range(mean: float | None, low: float | None, high: float | None) -> str:
    """``96.3 (95.8–96.9)``, without what is unknown; nothing reaches beyond 0 and 100."""
    if mean is None or low is None or high is None:
        return accuracy(mean)
    return f"{accuracy(mean)} ({accuracy(possible(low))}–{accuracy(possible(high))})"


def possible(share: float) -> float:
    """An accuracy, or an end of its interval: t-intervals of few runs reach beyond 0 and 1."""
    return min(1.0, max(0.0, share))


def bare(difference: float) -> str:
    """0.018 as ``1.8``, −0.003 as ``−0.3``."""
    text = f"{100 * difference:.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def points(difference: float) -> str:
    """0.018 as ``1.8 points``."""
    text = bare(difference)
    return f"{text} point" if text in ("1.0", "−1.0") else f"{text} points"


def signed(difference: float) -> str:
    """0.018 as ``+1.8``, with a minus that is as wide as the plus."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def difference_range(difference: float, low: float | None, high: float | None) -> str:
    """``+1.8 (+0.9 to +2.7)`` in points of accuracy."""
    if low is None or high is None:
        return signed(difference)
    return f"{signed(difference)} ({signed(low)} to {signed(high)})"


def change(share: float) -> str:
    """0.03 as ``3 % more``, −0.2 as ``20 % less``; under half a percent with one decimal."""
    size = abs(100 * share)
    text = f"{size:.0f}" if size >= 9.5 else f"{size:.1f}".removesuffix(".0")
    if text == "0":
        return "no more"
    return f"{text} % {'more' if share > 0 else 'less'}"


def signed_share(share: float | None) -> str:
    """0.03 as ``+3.0 %``; nothing for None."""
    if share is None:
        return ""
    text = f"{100 * share:+.1f}"
    return "0.0 %" if float(text) == 0 else f"{text.replace('-', '−')} %"


def cost(objective: str, value: float | None) -> str:
    """FLOPs in millions, parameters in thousands, latency in milliseconds; no unit."""
    if value is None:
        return ""
    scaled = value / {"forward_flops": 1e6, "parameters": 1e3}.get(objective, 1)
    digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
    return f"{scaled:,.{digits}f}"


def attention_words(architecture: Mapping[str, Any], axes: Axes = frozenset()) -> str:
    """``se in stage1+3, bam in stage2 (stage_end)``; ``pre_add`` and ``output`` are not named.

    Args:
        architecture: as ``Architecture.to_dict``.
        axes: (type, axis) to name too: ``se (ratio 4) in stage1``.
    """
    stages: dict[tuple[str, str], list[str]] = {}
    for place, choice in architecture["attention"].items():
        stage, _, position = place.rpartition(".")
        stages.setdefault((_choice_words(choice, axes), position), []).append(stage)
    words = [
        f"{what} in {_stages(where)}" + (f" ({position})" if position not in _UNSAID else "")
        for (what, position), where in stages.items()
    ]
    return ", ".join(words) or "no attention"


def backbone_words(architecture: Mapping[str, Any], axes: Set[str] | None = None) -> str:
    """``depth 8, width 16``; the backbone's name where it has no axes.

    Args:
        architecture: as ``Architecture.to_dict``.
        axes: to name; None: all.
    """
    backbone = architecture["backbone"]
    named = [key for key in sorted(backbone) if key != "name" and (axes is None or key in axes)]
    words = [f"{key} {backbone[key]}" for key in named]
    if axes is None and not words:
        return str(backbone["name"])
    return ", ".join(words)


def _choice_words(choice: Mapping[str, Any], axes: Axes) -> str:
    told = [f"{key} {value}" for key, value in choice.items() if (choice["type"], key) in axes]
    return f"{choice['type']} ({', '.join(told)})" if told else str(choice["type"])


def _stages(names: Sequence[str]) -> str:
    """``stage1+3``."""
    first, *rest = names
    return "+".join([first, *(name.removeprefix("stage") for name in rest)])
