"""The words that come with an exported model: its README and the head of its ``model.py``."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from nas.export.facts import Facts, Repeats, percent
from nas.export.folded import folding_types
from nas.export.needs import needs_words
from nas.export.searched import SearchedModel

_README = """\
# {title}

{summary}

## Use it

`model.py` needs {needs}. Copy this folder anywhere, and from inside it:

```python
from model import load_model, preprocess

model = load_model()
logits = model(preprocess(images))
```

- `images`: {shape}, that is batch, channels, height, width; values 0 to 255, uint8 or float, not
  augmented.
- `preprocess` subtracts each channel's mean {mean} and divides by its standard deviation {std},
  both measured on the training images.
- `logits`: {logits}, one a class, in the order of {classes}.
- `model` is in eval mode on the CPU; `model.to("cuda")` moves it.

Without pickle: `model.load_state_dict(safetensors.torch.load_file("model.safetensors"))` on
`build_model()`.

## Accuracy

{accuracy}

## Cost

{cost}

FLOPs are those of one image's forward pass: convolutions and matrix products, a multiply-add
counted as 2; pointwise arithmetic, norms and pooling count 0.

## Where it comes from

{provenance}

Recipe: `{recipe}`

## Files

| file | content |
|---|---|
| `model.py` | the network, only the classes that it uses |
| `model.pt` | trained weights: a plain state dict, for `torch.load(..., weights_only=True)` |
| `model.safetensors` | the same weights |
| `architecture.json` | the architecture as the search knows it |
| `architecture.svg` | the same as a picture |
| `requirements.txt` | the packages that `model.py` needs |

Batch-norm statistics are those of the evaluation: recomputed over training batches where the recipe
says so. When this folder was written, `model.py` was run in a process of its own and gave, bit for
bit, the outputs of the searched network.{folded}
The code in `model.py` is under the Apache License 2.0.
"""


def readme(facts: Facts, model: SearchedModel) -> str:
    """The bundle's README in Markdown."""
    shape = model.shape
    return _README.format(
        title=f"{facts.job}, trial {facts.trial}",
        summary=f"`{model.architecture}`" + (f" (baseline: {facts.label})" if facts.label else ""),
        needs=needs_words(model.architecture.backbone),
        shape=f"(B, {shape.channels}, {shape.height}, {shape.width})",
        logits=f"(B, {shape.classes})",
        classes=_classes(facts),
        mean=_rounded(model.mean),
        std=_rounded(model.std),
        accuracy=_accuracy(facts),
        cost=_table(("cost", "value"), _costs(facts)),
        provenance=_table(("what", "value"), _provenance(facts)),
        recipe=json.dumps(dict(facts.recipe)),
        folded=_folded(model),
    )


def header(facts: Facts, model: SearchedModel) -> str:
    """The docstring of ``model.py``, without quotes; lines of at most 88 characters."""
    shape = model.shape
    paragraphs = (
        f"{model.architecture.backbone.name} {_kinds(model)}, {_origin(facts)}.",
        f"Architecture: {model.architecture}.{_folded(model)}",
        f"Job {facts.job}, trial {facts.trial}: {facts.accuracy_words()} on {facts.data} "
        f"({facts.training_words()}); {facts.cost_words()}.",
        f"Needs {needs_words(model.architecture.backbone)}. To load and use it:",
    )
    usage = (
        "    from model import load_model, preprocess\n\n"
        "    model = load_model()  # reads model.pt beside this file\n"
        f"    logits = model(preprocess(images))  # images: (B, {shape.channels}, "
        f"{shape.height}, {shape.width}), 0 to 255"
    )
    return "\n\n".join([*(textwrap.fill(p, 85) for p in paragraphs), usage])


def _classes(facts: Facts) -> str:
    """The classes by name; how images got their size belongs to them: both are a folder's alone."""
    if not facts.classes:
        return "the data set's labels"
    names = ", ".join(f"`{name}`" for name in facts.classes)
    return f"the folders: {names}. Images were read as RGB, cut to their centre square and resized"


def _kinds(model: SearchedModel) -> str:
    """``with se and cbam``, or ``without attention``."""
    kinds = list(dict.fromkeys(choice.name for _, choice in model.architecture.attention))
    return f"with {' and '.join(kinds)}" if kinds else "without attention"


def _folded(model: SearchedModel) -> str:
    """What is not in the code though it was searched."""
    gone = folding_types(model.architecture)
    if not gone:
        return ""
    return f" What {' and '.join(gone)} learned is folded into the layers before: no code is left."


def _origin(facts: Facts) -> str:
    if facts.label:
        return f"a baseline ({facts.label}) of an architecture search"
    return "found by architecture search"


def _rounded(values: tuple[float, ...]) -> str:
    return f"({', '.join(f'{value:.2f}' for value in values)})"


def _accuracy(facts: Facts) -> str:
    rows = [("validation", percent(facts.accuracy), f"these weights, seed {facts.seed}")]
    if facts.test_accuracy is not None:
        note = "these weights, on images that the search never saw"
        rows.append(("test", percent(facts.test_accuracy), note))
    rows += _repeat_rows(facts.repeats) if facts.repeats else []
    note = (
        "An architecture is picked by its validation accuracy on its first seed, which is therefore"
        " a little optimistic."
    )
    if facts.recipe.get("precision") == "bfloat16":
        note += " Validation ran in bfloat16 like the training, the test in float32."
    if facts.repeats is None:
        note += " It was trained on one seed only: how far another one would be off is not known."
    return f"{_table(('images', 'accuracy', 'of'), rows)}\n\n{textwrap.fill(note, 100)}"


def _repeat_rows(repeats: Repeats) -> list[tuple[str, str, str]]:
    who = f"mean of {repeats.seeds} further seeds" if repeats.seeds > 1 else "one further seed"
    note = f"the same architecture, {who}"
    rows = []
    if repeats.test_accuracy is not None:
        rows.append(("test", percent(repeats.test_accuracy), note))
    if repeats.low is not None and repeats.high is not None:
        low, high = max(0.0, repeats.low), min(1.0, repeats.high)
        note += f"; 95 % interval {percent(low)} to {percent(high)}"
    return [("validation", percent(repeats.accuracy), note), *rows]


def _costs(facts: Facts) -> list[tuple[str, str]]:
    rows = [
        ("parameters", f"{facts.parameters:,}"),
        ("forward FLOPs", f"{facts.forward_flops:,}"),
    ]
    if facts.latency_ms is not None:
        rows.append(("latency", f"{facts.latency_ms:.3g} ms"))
    return rows


def _provenance(facts: Facts) -> list[tuple[str, str]]:
    images = ", ".join(f"{count:,} {part}" for part, count in facts.images.items())
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    return [
        ("job", facts.job),
        ("trial", str(facts.trial)),
        ("trained", f"{facts.trained}, {facts.training_words()}, {facts.device}"),
        ("data", f"{facts.data} (hash {facts.data_hash}): {images} images"),
        ("versions", versions),
    ]


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
