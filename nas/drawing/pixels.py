"""Small images inside an SVG, and the colours of a heat map. Standard library only."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

#: Dark blue to yellow in even steps of lightness, after matplotlib's cividis: it reads the same
#: with any colour vision, and in grey.
_STOPS = (
    (0, 34, 78),
    (53, 69, 108),
    (102, 105, 112),
    (148, 142, 119),
    (200, 184, 102),
    (254, 232, 56),
)


def colour(value: float) -> tuple[int, int, int]:
    """The colour of a value in 0…1."""
    place = min(max(value, 0.0), 1.0) * (len(_STOPS) - 1)
    index = min(int(place), len(_STOPS) - 2)
    low, high, part = _STOPS[index], _STOPS[index + 1], place - index
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return red, green, blue


def heat(rows: Sequence[Sequence[float]], low: float, high: float) -> str:
    """A map as a data address; ``low`` is dark, ``high`` bright."""
    span = (high - low) or 1.0
    pixels = bytes(part for row in rows for v in row for part in colour((v - low) / span))
    return png(pixels, len(rows[0]), len(rows))


def png(pixels: bytes, width: int, height: int) -> str:
    """RGB pixels, row by row, as the data address of a PNG."""
    stride = 3 * width
    lines = b"".join(b"\0" + pixels[i * stride : (i + 1) * stride] for i in range(height))
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    content = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
    content += _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def picture(address: str, x: int, y: int, side: int, *, smooth: bool, opacity: str = "1") -> str:
    """An image stretched to a square."""
    rendering = "auto" if smooth else "pixelated"
    return (
        f'<image x="{x}" y="{y}" width="{side}" height="{side}" preserveAspectRatio="none" '
        f'opacity="{opacity}" style="image-rendering:{rendering}" href="{address}"/>'
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + check
