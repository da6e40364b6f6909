import pytest
import torch
from PIL import Image

from workers.errors import DataError
from workers.parts import FilePart, MemoryPart, read_image


@pytest.fixture
def files(tmp_path):
    """Five pictures of one grey level each."""
    paths = []
    for level in range(5):
        paths.append(tmp_path / f"{level}.png")
        Image.new("L", (20, 10), level * 10).save(paths[-1])
    return FilePart(tuple(paths), torch.arange(5), size=4)


@pytest.fixture
def memory():
    images = (torch.arange(5) * 10).to(torch.uint8)[:, None, None, None].expand(5, 3, 4, 4)
    return MemoryPart(images.contiguous(), torch.arange(5))


@pytest.mark.parametrize("kind", ["files", "memory"])
def test_batches_come_in_the_asked_order(kind, request):
    part = request.getfixturevalue(kind)
    batches = list(part.batches(torch.tensor([4, 0, 2]), 2))
    assert [labels.tolist() for _, labels in batches] == [[4, 0], [2]]
    assert [images[:, 0, 0, 0].tolist() for images, _ in batches] == [[40, 0], [20]]
    assert all(i.dtype == torch.uint8 and i.shape[1:] == (3, 4, 4) for i, _ in batches)


@pytest.mark.parametrize("kind", ["files", "memory"])
def test_a_selection_has_contents_of_its_own(kind, request):
    part = request.getfixturevalue(kind)
    chosen = part.select(torch.tensor([1, 3]))
    assert len(chosen) == 2
    assert chosen.labels.tolist() == [1, 3]
    assert b"".join(chosen.contents()) != b"".join(part.contents())


def test_the_centre_of_an_oblong_image_is_kept(tmp_path):
    image = Image.new("RGB", (30, 10), "red")
    image.paste("blue", (10, 0, 20, 10))
    image.save(tmp_path / "a.png")
    read = read_image(tmp_path / "a.png", 10)
    assert read.shape == (3, 10, 10)
    assert (read[2] == 255).all()


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_image_is_named(tmp_path, content):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(DataError, match=r"bad.png is not a readable image"):
        read_image(tmp_path / "bad.png", 8)


def test_an_image_of_16_bits_is_refused_since_its_bright_parts_would_be_lost(tmp_path):
    image = Image.new("I;16", (8, 8))
    image.putpixel((1, 1), 40_000)
    image.save(tmp_path / "deep.png")
    with pytest.raises(DataError, match=r"deep.png has more than 8 bits a channel"):
        read_image(tmp_path / "deep.png", 8)


def test_a_truncated_image_is_named(tmp_path):
    Image.effect_noise((64, 64), 50).convert("RGB").save(tmp_path / "cut.png")
    whole = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut.png is not a readable image"):
        read_image(tmp_path / "cut.png", 8)
