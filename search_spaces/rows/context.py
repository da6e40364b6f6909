"""Rows of the context types: what every position gathers from others is added. No torch import."""

from __future__ import annotations

from search_spaces import guards
from search_spaces.attention_type import BETWEEN, BLOCK, AttentionType
from search_spaces.axes import one_of, positive

CONTEXT: dict[str, AttentionType] = {
    "non_local": AttentionType(
        "search_spaces.attention.context:NonLocal",
        "context",
        BETWEEN,
        (
            one_of(
                "mode",
                "embedded_gaussian",
                "gaussian",
                "embedded_gaussian",
                "dot_product",
                "concatenation",
            ),
            positive("ratio", 2),
            one_of("subsample", 1, 1, 2),
            one_of("scale", False, False, True, when=("mode", ("gaussian", "embedded_gaussian"))),
        ),
        "Wang et al., Non-local Neural Networks, CVPR 2018, eq. 1-6",
        "post_add",
        (guards.ratio_fits, guards.pairwise_map_fits),
    ),
    "a2": AttentionType(
        "search_spaces.attention.global_context:DoubleAttention",
        "context",
        BETWEEN,
        (positive("m_ratio", 4), positive("n_ratio", 4)),
        "Chen et al., A²-Nets: Double Attention Networks, NeurIPS 2018, Section 2",
        "post_add",
        (guards.ratio_fits,),
    ),
    "gc": AttentionType(
        "search_spaces.attention.global_context:GlobalContext",
        "context",
        BLOCK,
        (
            one_of("pool", "attention", "attention", "average"),
            one_of("fusion", "add", "add", "scale"),
            positive("ratio", 16),
        ),
        "Cao et al., GCNet, ICCV 2019 workshops, Section 4",
        "pre_add",
        (guards.ratio_fits,),
    ),
    "cca": AttentionType(
        "search_spaces.attention.criss_cross:CrissCrossAttention",
        "context",
        BETWEEN,
        (one_of("recurrences", 2, 1, 2, 3), positive("ratio", 8)),
        "Huang et al., CCNet, ICCV 2019, Section 3",
        "stage_end",
        (guards.ratio_fits, guards.criss_cross_map_fits),
    ),
    "danet": AttentionType(
        "search_spaces.attention.dual:DualAttention",
        "context",
        BETWEEN,
        (
            one_of("branch", "both", "position", "channel", "both"),
            positive("ratio", 8, when=("branch", ("position", "both"))),
            one_of("scale", False, False, True),
        ),
        "Fu et al., Dual Attention Network for Scene Segmentation, CVPR 2019, eq. 1-4",
        "stage_end",
        (guards.ratio_fits, guards.position_map_fits, guards.channel_map_fits),
        (
            ("stem_end", guards.channel_map_is_cheap),
            ("stage_end", guards.channel_map_is_cheap),
        ),
    ),
    "encoder": AttentionType(
        "search_spaces.attention.encoder:TransformerEncoder",
        "context",
        ("stage_end", "backbone_end"),
        (
            positive("heads", 8),
            positive("ffn_ratio", 8),
            positive("layers", 6),
            one_of("norm", "pre", "pre", "post"),
            one_of("encoding", "sine", "none", "sine"),
        ),
        "Carion et al., DETR, ECCV 2020, Section 3.2",
        "stage_end",
        (guards.heads_divide, guards.position_map_fits),
    ),
}
