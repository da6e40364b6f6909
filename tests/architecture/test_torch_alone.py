"""Training needs torch and nothing else, so that it runs on a machine that has only that."""

import subprocess
import sys

PROGRAM = """
import sys

for name in ("ray", "mlflow", "optuna", "torchvision", "sqlalchemy", "pydantic", "sklearn", "scipy",
             "numpy", "nas", "dashboard"):
    sys.modules[name] = None  # an import of it fails as if it were not installed

import torch
from search_spaces.architecture import Architecture, Choice
from workers.data import assemble
from workers.datasets import DataSpec
from workers.parts import MemoryPart
from workers.protocol import Segment
from workers.recipe import Recipe
from workers.train import train_segment

def part(count):
    return MemoryPart(torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8),
                      torch.arange(count) % 10)

spec = DataSpec("cifar10", "nowhere")
data = assemble(spec, part(100), part(20))
text = Architecture.of(
    Choice.of("cifar_resnet", {"depth": 8, "width": 2, "stem_stride": 2})
).to_json()
out = sys.argv[1]
recipe = Recipe(epochs=1, batch_size=32)
report = train_segment(Segment("k", text, recipe, spec, 0, 0, 1, None, out, "cpu", True), data)
print(report.outcome, report.reason)
"""


def test_a_segment_trains_with_torch_alone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path / "1.pt")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "ok", done.stderr
