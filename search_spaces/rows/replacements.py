"""Rows of what stands for a 3x3 convolution with its norm and ReLU. No torch import."""

from __future__ import annotations

from search_spaces import guards
from search_spaces.attention_type import AttentionType
from search_spaces.axes import one_of, positive

REPLACEMENTS: dict[str, AttentionType] = {
    "sk": AttentionType(
        "search_spaces.attention.replace:SelectiveKernel",
        "replace",
        ("replace_3x3",),
        (
            one_of("paths", 2, 2, 3),
            positive("groups", 32),
            positive("ratio", 16),
            positive("minimum", 32),
        ),
        "Li et al., Selective Kernel Networks, CVPR 2019, eq. 1-6",
        "replace_3x3",
        (guards.groups_divide,),
    ),
    "split": AttentionType(
        "search_spaces.attention.replace:SplitAttention",
        "replace",
        ("replace_3x3",),
        (
            one_of("radix", 2, 1, 2, 4),
            one_of("cardinality", 1, 1, 2, 4),
            positive("ratio", 4),
        ),
        "Zhang et al., ResNeSt: Split-Attention Networks, CVPR workshops 2022, Section 3",
        "replace_3x3",
        (guards.groups_divide,),
    ),
}
