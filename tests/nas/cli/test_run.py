import pytest


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("data.name=fashion_mnist", "needs the folder"),
        ("space.attention.0.types.se.ratio=64", "ratio 64 is larger than the"),
        ("cost.limits.parameters=10", "no architecture"),
        ("search.sampler=tpee", "did you mean 'tpe'"),
        ("recipe.epochs=0", "recipe.epochs"),
        ("workers.device=cuda", "no GPU is visible"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(nas, job, here, change, says):
    done = nas("run", job, "--set", change)
    assert done.exit_code == 2, done.output
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (here / ".nas").exists()


def test_a_missing_data_folder_is_named(nas, job, here):
    changes = ("--set", "data.name=mnist", "--set", f"data.root={here / 'gone'}")
    done = nas("run", job, *changes)
    assert done.exit_code == 2
    assert str(here / "gone") in done.stderr
    assert not (here / ".nas").exists()


def test_a_map_too_large_for_pairs_is_refused(nas, job, here):
    changes = {
        "space.attention.0.types": "{none: , non_local: {mode: embedded_gaussian}}",
        "space.attention.0.positions": "[post_add]",
        "data.name": "image_folder",
        "data.root": here / "images",
        "data.image_size": 64,
    }
    from PIL import Image

    for part in ("train", "test"):
        for label in ("cat", "dog"):
            folder = here / "images" / part / label
            folder.mkdir(parents=True)
            for number in range(10):
                Image.new("RGB", (64, 64), (number, 0, 0)).save(folder / f"{number}.png")
    arguments = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    done = nas("run", job, *arguments)
    assert done.exit_code == 2, done.output
    assert "64x64 positions need a map of" in done.stderr
    assert not (here / ".nas").exists()
