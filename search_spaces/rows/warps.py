"""Rows of what moves pixels. No torch import."""

from __future__ import annotations

from search_spaces import guards
from search_spaces.attention_type import AttentionType
from search_spaces.axes import one_of, positive

WARPS: dict[str, AttentionType] = {
    "stn": AttentionType(
        "search_spaces.attention.warp:SpatialTransformer",
        "warp",
        ("stem_end", "stage_end"),
        (
            one_of("transform", "affine", "affine", "scale_translation", "similarity"),
            positive("pool", 4),
            positive("hidden", 32),
            one_of("align_corners", True, True, False),
        ),
        "Jaderberg et al., Spatial Transformer Networks, NeurIPS 2015, eq. 1-5",
        "stem_end",
        (guards.pool_fits,),
    ),
}
