import pytest

from nas.cli.image_size import parse_shape
from nas.errors import UsageProblem
from search_spaces.architecture import TaskShape


def test_reads_channels_height_and_width():
    assert parse_shape("3X32x48", 10) == TaskShape(3, 32, 48, 10)


@pytest.mark.parametrize("size", ["", "3x32", "3x32x32x1", "3x0x32", "3x-1x32", "axbxc"])
def test_refuses_anything_else(size):
    with pytest.raises(UsageProblem, match="must be CxHxW"):
        parse_shape(size, 10)
