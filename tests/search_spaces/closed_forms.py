"""Parameters and FLOPs of every attention type, written from the papers' layer sizes. No torch.

FLOPs are of one image: convolutions and matrix products, one multiply-add = 2; pointwise
operations, norms and pooling = 0.
"""

from __future__ import annotations

from tests.search_spaces import forms_context as context
from tests.search_spaces import forms_gates as gates
from tests.search_spaces import forms_pixel_gates as pixel
from tests.search_spaces import forms_replace as replace
from tests.search_spaces import forms_warp as warp
from tests.search_spaces.forms_parts import ClosedForm

CLOSED_FORMS: dict[str, ClosedForm] = {
    "se": ClosedForm(gates.se_params, gates.se_flops),
    "eca": ClosedForm(gates.band, gates.eca_flops),
    "asr": ClosedForm(gates.asr_params, gates.asr_flops),
    "cbam": ClosedForm(gates.cbam_params, gates.cbam_flops),
    "bam": ClosedForm(gates.bam_params, gates.bam_flops),
    "non_local": ClosedForm(context.non_local_params, context.non_local_flops),
    "a2": ClosedForm(context.a2_params, context.a2_flops),
    "gc": ClosedForm(context.gc_params, context.gc_flops),
    "cca": ClosedForm(context.cca_params, context.cca_flops),
    "danet": ClosedForm(context.danet_params, context.danet_flops),
    "encoder": ClosedForm(context.encoder_params, context.encoder_flops),
    "gsop": ClosedForm(gates.gsop_params, gates.gsop_flops),
    "sk": ClosedForm(replace.sk_params, replace.sk_flops),
    "split": ClosedForm(replace.split_params, replace.split_flops),
    "stn": ClosedForm(warp.stn_params, warp.stn_flops),
    "triplet": ClosedForm(pixel.triplet_params, pixel.triplet_flops),
    "psa": ClosedForm(pixel.psa_params, pixel.psa_flops),
    "sca": ClosedForm(pixel.sca_params, pixel.sca_flops),
    "scse": ClosedForm(pixel.scse_params, pixel.scse_flops),
    "coordinate": ClosedForm(pixel.coordinate_params, pixel.coordinate_flops),
    "simam": ClosedForm(pixel.simam_params, pixel.simam_flops),
    "sge": ClosedForm(pixel.sge_params, pixel.sge_flops),
    "gate": ClosedForm(pixel.gate_params, pixel.gate_flops),
}
