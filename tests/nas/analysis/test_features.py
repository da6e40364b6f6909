import os
import subprocess
import sys

SCRIPT = """
from nas.analysis.features import Features
place = "stage1.pre_add"
seen = [
    {"backbone": {"name": "cifar_resnet", "depth": d}, "attention": {place: {"type": t}}}
    for d in (8, 14) for t in ("se", "eca", "cbam")
]
print(Features.of(seen, 2).names)
"""


def test_columns_stand_in_one_order_in_every_process():
    # Sums in another order differ in their last digits: two machines would print other numbers.
    told = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(told) == 1
