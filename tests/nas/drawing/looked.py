"""Maps made by hand."""

from search_spaces.architecture import Choice, Placement
from workers.attention_maps import AttentionMaps, ModuleMaps, Shown

NAMES = ["daisy", "a class with a very long name indeed"]
MASK = ((0.5, 1.0), (1.5, 2.0))


def shown(label=0, predicted=0):
    return Shown(3, label, predicted, 2, 2, bytes(range(12)))


def gate(gate=(MASK, MASK), channels=None, block=1):
    choice = Choice.of("cbam", {"ratio": 2})
    place = Placement("stage1", "pre_add")
    return ModuleMaps("layer1.1.x", place, block, choice, "gate", gate, channels or {})


def context():
    place = Placement("stage2", "stage_end")
    about = ("attention_stage_end.stage2", place, 0, Choice.of("non_local"), "context")
    return ModuleMaps(*about, change=(MASK, MASK), reach=(MASK, MASK))


def maps(*modules, skipped=()):
    return AttentionMaps((shown(), shown(1, 0)), modules, 40, tuple(skipped))
