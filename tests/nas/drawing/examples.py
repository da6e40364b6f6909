"""Architectures to draw."""

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape

IMAGE = TaskShape(3, 32, 32, 10)
PHOTO = TaskShape(3, 224, 224, 1000)
SMALL = Choice.of("cifar_resnet", {"depth": 8, "width": 8, "stem_stride": 1})


def plain() -> Architecture:
    return Architecture.of(SMALL)


def attentive() -> Architecture:
    return Architecture.of(SMALL, {Placement("stage2", "pre_add"): Choice.of("se")})


def everywhere() -> Architecture:
    """Attention at every position of every stage, of two families."""
    inside = {
        "after_3x3": Choice.of("eca"),
        "pre_add": Choice.of("cbam", {"composition": "par_logit_prod", "ratio": 4}),
        "shortcut": Choice.of("se", {"ratio": 2}),
        "post_add": Choice.of("non_local", {"mode": "embedded_gaussian"}),
        "stage_end": Choice.of("bam", {"ratio": 2}),
    }
    attention = {Placement(f"stage{i}", p): c for i in (1, 2, 3) for p, c in inside.items()}
    attention[Placement("stem", "stem_end")] = Choice.of("cbam", {"ratio": 2})
    attention[Placement("backbone", "backbone_end")] = Choice.of("non_local")
    return Architecture.of(SMALL, attention)
