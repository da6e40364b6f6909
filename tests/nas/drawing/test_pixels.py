import base64
import io

from PIL import Image

from nas.drawing.pixels import colour, heat, picture, png


def opened(address):
    return Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,"))))


def test_a_png_holds_the_pixels():
    pixels = bytes(range(2 * 3 * 3))
    image = opened(png(pixels, 3, 2))
    assert image.size == (3, 2) and image.tobytes() == pixels


def test_heat_goes_from_dark_to_bright_and_stays_within_its_ends():
    image = opened(heat([[0.0, 0.5], [1.0, 9.0]], 0.0, 1.0))
    assert image.getpixel((0, 0)) == colour(0) and image.getpixel((0, 1)) == colour(1)
    assert image.getpixel((1, 1)) == colour(1) == (254, 232, 56)
    greys = [sum(colour(i / 10)) for i in range(11)]
    assert greys == sorted(greys)
    assert opened(heat([[2.0]], 2.0, 2.0)).getpixel((0, 0)) == colour(0)


def test_a_picture_is_stretched_sharply_or_smoothly():
    assert "pixelated" in picture("data:x", 1, 2, 9, smooth=False)
    assert "rendering:auto" in picture("data:x", 1, 2, 9, smooth=True)
