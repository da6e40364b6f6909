"""Rows of the gates: types that multiply. No torch import."""

from __future__ import annotations

from search_spaces import guards
from search_spaces.attention_type import BEHIND_NORM, BLOCK, CHANNEL, COMPOSITIONS, AttentionType
from search_spaces.axes import odd, one_of, positive

GATES: dict[str, AttentionType] = {
    "se": AttentionType(
        "search_spaces.attention.channel:SqueezeExcite",
        "gate",
        CHANNEL,
        (positive("ratio", 16),),
        "Hu et al., Squeeze-and-Excitation Networks, TPAMI 2020, eq. 2-4",
        "pre_add",
        (guards.ratio_fits,),
    ),
    "eca": AttentionType(
        "search_spaces.attention.channel:EfficientChannelAttention",
        "gate",
        CHANNEL,
        (odd("kernel_size", "adaptive", also=("adaptive",)),),
        "Wang et al., ECA-Net, CVPR 2020, eq. 9 and 12",
        "pre_add",
        (guards.kernel_fits_channels,),
    ),
    "asr": AttentionType(
        "search_spaces.attention.constant:ConstantAttention",
        "gate",
        BEHIND_NORM,
        (
            one_of("channel", "se", "se", "eca"),
            positive("ratio", 16, when=("channel", ("se",))),
            odd("kernel_size", "adaptive", also=("adaptive",), when=("channel", ("eca",))),
        ),
        "Zhong et al., ASR: Attention-alike Structural Re-parameterization, arXiv:2304.06345",
        "pre_add",
        (guards.ratio_fits, guards.kernel_fits_channels),
        folds=True,
    ),
    "cbam": AttentionType(
        "search_spaces.attention.compose:ConvolutionalBlockAttention",
        "gate",
        BLOCK,
        (
            positive("ratio", 16),
            odd("kernel_size", 7),
            one_of("composition", "serial_cs", *COMPOSITIONS),
        ),
        "Woo et al., CBAM, ECCV 2018, eq. 1-3",
        "pre_add",
        (guards.ratio_fits,),
    ),
    "bam": AttentionType(
        "search_spaces.attention.compose:BottleneckAttention",
        "gate",
        BLOCK,
        (
            positive("ratio", 16),
            positive("dilation", 4),
            one_of("composition", "par_logit_sum", "par_logit_sum", "par_logit_prod"),
        ),
        "Park et al., BAM, BMVC 2018, eq. 1-4",
        "stage_end",
        (guards.ratio_fits,),
    ),
    "gsop": AttentionType(
        "search_spaces.attention.second_order:SecondOrderPooling",
        "gate",
        BLOCK,
        (
            one_of("variant", "channel", "channel", "spatial", "average", "maximum"),
            positive("width", 128),
        ),
        "Gao et al., Global Second-order Pooling Convolutional Networks, CVPR 2019, Section 3",
        "pre_add",
    ),
}
