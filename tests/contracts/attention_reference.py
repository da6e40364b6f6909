"""Every attention type once more, slowly: loops and sums written from the papers' formulas.

A reference maps (weights, axes, start, training, x) to the output; ``weights`` are the module's
parameters and buffers by name.
"""

from __future__ import annotations

from tests.contracts.reference_context import a2, criss_cross, danet, gc, non_local
from tests.contracts.reference_encoder import encoder
from tests.contracts.reference_factorised import factorised
from tests.contracts.reference_gates import (
    bam,
    cbam,
    constant,
    efficient_channel,
    gsop,
    squeeze_excite,
)
from tests.contracts.reference_parts import Reference
from tests.contracts.reference_pixel_gates import (
    coordinate,
    psa,
    sca,
    scse,
    sge,
    simam,
    triplet,
)
from tests.contracts.reference_replace import selective_kernel, split_attention
from tests.contracts.reference_warp import spatial_transformer

REFERENCES: dict[str, Reference] = {
    "se": squeeze_excite,
    "eca": efficient_channel,
    "asr": constant,
    "cbam": cbam,
    "bam": bam,
    "non_local": non_local,
    "a2": a2,
    "gc": gc,
    "cca": criss_cross,
    "danet": danet,
    "encoder": encoder,
    "gsop": gsop,
    "sk": selective_kernel,
    "split": split_attention,
    "stn": spatial_transformer,
    "triplet": triplet,
    "psa": psa,
    "sca": sca,
    "scse": scse,
    "coordinate": coordinate,
    "simam": simam,
    "sge": sge,
    "gate": factorised,
}
