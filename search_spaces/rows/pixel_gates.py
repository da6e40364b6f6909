"""Rows of the gates with a value for every position, and of the factorised gate. No torch."""

from __future__ import annotations

from search_spaces import guards
from search_spaces.attention_type import BLOCK, COMPOSITIONS, AttentionType
from search_spaces.axes import odd, one_of, positive

PIXEL_GATES: dict[str, AttentionType] = {
    "triplet": AttentionType(
        "search_spaces.attention.directions:TripletAttention",
        "gate",
        BLOCK,
        (odd("kernel_size", 7), one_of("branches", "all", "all", "cross")),
        "Misra et al., Rotate to Attend: Triplet Attention, WACV 2021, Section 3",
        "pre_add",
    ),
    "psa": AttentionType(
        "search_spaces.attention.polarized:PolarizedSelfAttention",
        "gate",
        BLOCK,
        (one_of("order", "parallel", "parallel", "sequential"), positive("ratio", 2)),
        "Liu et al., Polarized Self-Attention, arXiv:2107.00782, Section 3",
        "after_3x3",
        (guards.ratio_fits,),
    ),
    "sca": AttentionType(
        "search_spaces.attention.softmax_gates:SpatialChannelAttention",
        "gate",
        BLOCK,
        (one_of("order", "cs", "cs", "sc"), positive("hidden", 512)),
        "Chen et al., SCA-CNN, CVPR 2017, Section 3, without the LSTM's state",
        "after_3x3",
    ),
    "scse": AttentionType(
        "search_spaces.attention.compose:ConcurrentSqueezeExcite",
        "gate",
        BLOCK,
        (
            positive("ratio", 2),
            one_of("composition", "par_sum", "par_sum", "par_max", "par_prod"),
        ),
        "Roy et al., Concurrent Spatial and Channel Squeeze & Excitation, MICCAI 2018, Section 2",
        "stage_end",
        (guards.ratio_fits,),
    ),
    "coordinate": AttentionType(
        "search_spaces.attention.directions:CoordinateAttention",
        "gate",
        BLOCK,
        (positive("ratio", 32),),
        "Hou et al., Coordinate Attention, CVPR 2021, Section 3.2",
        "after_3x3",
        (guards.ratio_fits,),
    ),
    "simam": AttentionType(
        "search_spaces.attention.pixelwise:SimAM",
        "gate",
        BLOCK,
        (one_of("regularization", 1e-4, 1e-4, 1e-3, 1e-2, 1e-1),),
        "Yang et al., SimAM, ICML 2021, Section 3",
        "after_3x3",
    ),
    "sge": AttentionType(
        "search_spaces.attention.pixelwise:SpatialGroupEnhance",
        "gate",
        BLOCK,
        (positive("groups", 64),),
        "Li et al., Spatial Group-wise Enhance, arXiv:1905.09646, Section 3",
        "pre_add",
        (guards.groups_divide,),
    ),
    "gate": AttentionType(
        "search_spaces.attention.factorised:FactorisedGate",
        "gate",
        BLOCK,
        (
            one_of("composition", "serial_cs", "channel_only", "spatial_only", *COMPOSITIONS),
            one_of(
                *("channel", "cbam", "se", "eca", "cbam", "bam", "gc", "psa"),
                when=("composition", ("channel_only", *COMPOSITIONS)),
            ),
            one_of(
                *("spatial", "cbam", "cbam", "bam", "conv1x1", "psa"),
                when=("composition", ("spatial_only", *COMPOSITIONS)),
            ),
            one_of("residual", False, False, True),
            positive("ratio", 16, when=("channel", ("se", "cbam", "bam", "gc", "psa"))),
            odd("channel_kernel", "adaptive", also=("adaptive",), when=("channel", ("eca",))),
            odd("kernel_size", 7, when=("spatial", ("cbam",))),
            positive("spatial_ratio", 16, when=("spatial", ("bam", "psa"))),
            positive("dilation", 4, when=("spatial", ("bam",))),
        ),
        "the papers of its parts: SE; ECA; CBAM; BAM; GCNet; scSE; PSA",
        "pre_add",
        (guards.ratio_fits, guards.channel_kernel_fits),
    ),
}
