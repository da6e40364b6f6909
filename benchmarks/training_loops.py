"""The three training loops that ``training.py`` compares."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from search_spaces.architecture import Architecture, Choice, TaskShape
from search_spaces.build import build
from workers.data import ImageData
from workers.datasets import DataSpec
from workers.device import Numerics, resolve_device, synchronize
from workers.loop import Training, begin, train_epoch
from workers.optimizer import build_optimizer
from workers.parts import MemoryPart
from workers.protocol import Segment
from workers.recipe import Recipe

SHAPE = TaskShape(3, 32, 32, 10)
MOMENTS = ((125.3, 123.0, 113.9), (63.0, 62.1, 66.7))
ARCHITECTURE = Architecture.of(
    Choice.of("cifar_resnet", {"depth": 20, "width": 16, "stem_stride": 1})
)


class Bench:
    """Random images and a recipe, shared by all loops."""

    def __init__(self, batch: int, images: int, device: str) -> None:
        self.device = resolve_device(device)
        self.recipe = Recipe(epochs=1000, batch_size=batch)
        self.numerics = Numerics.of(self.recipe, self.device)
        noise = torch.Generator().manual_seed(0)
        self.images = torch.randint(256, (images, 3, 32, 32), dtype=torch.uint8, generator=noise)
        self.labels = torch.randint(10, (images,), generator=noise)

    def __str__(self) -> str:
        precision = "bfloat16" if self.numerics.bfloat16 else "float32"
        layout = "channels-last" if self.numerics.channels_last else "NCHW"
        return f"{self.device}, {precision}, {layout}"

    def worker(self) -> Callable[[int], None]:
        """Our loop: an epoch of as many images as the asked steps need."""

        @cache
        def training(steps: int) -> Training:
            return begin(self._segment(), self._data(steps), self.numerics, build)

        def run(steps: int) -> None:
            train_epoch(training(steps))
            synchronize(self.device)

        return run

    def bare(self) -> Callable[[int], None]:
        """Forward, backward and step on one batch that is ready."""
        model = self.numerics.place(build(ARCHITECTURE, SHAPE)).train()
        optimizer = build_optimizer(model, self.recipe)
        size = self.recipe.batch_size
        images = self.numerics.images(torch.randn(size, 3, 32, 32, device=self.device))
        labels = self.labels[:size].to(self.device)

        def run(steps: int) -> None:
            for _ in range(steps):
                with self.numerics.autocast():
                    logits = model(images)
                step(optimizer, cross_entropy(logits.float(), labels, label_smoothing=0.1))
            synchronize(self.device)

        return run

    def usual(self) -> Callable[[int], None]:
        """Float32, NCHW, PIL transforms and a DataLoader in the training process."""
        model = build(ARCHITECTURE, SHAPE).to(self.device).train()
        optimizer = torch.optim.SGD(
            model.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
        )
        batches = self._usual_batches()

        def run(steps: int) -> None:
            for images, labels in itertools.islice(batches, steps):
                logits = model(images.to(self.device))
                step(optimizer, cross_entropy(logits, labels.to(self.device)))
            synchronize(self.device)

        return run

    def _usual_batches(self) -> Iterator[Any]:
        mean, std = ([m / 255 for m in moments] for moments in MOMENTS)
        transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(mean, std),
            ]
        )
        pixels = self.images.permute(0, 2, 3, 1).contiguous().numpy()
        pictures = Pictures(pixels, self.labels.tolist(), transform)
        loader = DataLoader(pictures, self.recipe.batch_size, shuffle=True, drop_last=True)
        while True:
            yield from loader

    def _segment(self) -> Segment:
        return Segment(
            "bench", ARCHITECTURE.to_json(), self.recipe, DataSpec("cifar10"), 0, 0, 1, None, ""
        )

    def _data(self, steps: int) -> ImageData:
        count = steps * self.recipe.batch_size
        index = torch.arange(count) % len(self.images)
        train = MemoryPart(self.images[index], self.labels[index])
        spec = DataSpec("cifar10")
        return ImageData(spec, train, train, train, SHAPE, *MOMENTS, "").to(self.device)


class Pictures(Dataset[Any]):
    """Images as torchvision's own sets hold and give them."""

    def __init__(self, pixels: np.ndarray[Any, Any], labels: list[int], transform: Any) -> None:
        self.pixels, self.labels, self.transform = pixels, labels, transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(Image.fromarray(self.pixels[index])), self.labels[index]


def step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """Backward and one step."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
