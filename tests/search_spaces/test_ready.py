import pytest

from search_spaces.architecture import TaskShape
from search_spaces.catalogue import CATALOGUE
from search_spaces.cost import cost_range
from search_spaces.errors import SpaceError
from search_spaces.ready import ready_names, ready_question, ready_space
from search_spaces.space import SearchSpace

IMAGENET = TaskShape(3, 224, 224, 1000)
SMALL = (TaskShape(1, 8, 8, 10), TaskShape(3, 32, 32, 10))


def test_the_demo_space_is_there():
    assert "cifar_small" in ready_names()
    space = SearchSpace.from_dict(ready_space("cifar_small"))
    assert {axis.name: axis.values for axis in space.backbone.axes} == {
        "depth": (8, 14),
        "width": (8, 16, 24),
        "stem_stride": (1,),
    }


@pytest.mark.parametrize("name", ready_names())
def test_each_ready_space_reads_fits_its_images_and_says_its_question(name):
    space = SearchSpace.from_dict(ready_space(name))
    assert space.size() > 100
    for shape in SMALL if space.backbone.name == "cifar_resnet" else (IMAGENET,):
        space.check(shape)
    assert ready_question(name).endswith("?")


@pytest.mark.parametrize("name", ready_names())
def test_each_ready_space_has_a_cost_to_choose_by(name):
    space = SearchSpace.from_dict(ready_space(name))
    shape = SMALL[1] if space.backbone.name == "cifar_resnet" else IMAGENET
    low, high = cost_range(space, shape)
    assert 0 < low.parameters < high.parameters
    assert 0 < low.forward_flops < high.forward_flops


@pytest.mark.parametrize("use", ["channel", "channel_spatial", "context", "mobile", "everything"])
def test_each_line_of_use_has_its_space(use):
    assert use in ready_names()


def test_everything_offers_each_type_where_its_paper_puts_it():
    space = SearchSpace.from_dict(ready_space("everything"))
    offered = {offer.name: offer.positions for entry in space.entries for offer in entry.offers}
    assert set(offered) == {"none", *CATALOGUE}
    for name, row in CATALOGUE.items():
        assert offered[name] == (row.default_position,)


def test_an_unknown_name_has_a_nearest_spelling():
    for ask in (ready_space, ready_question):
        with pytest.raises(SpaceError, match="did you mean 'cifar_small'"):
            ask("cifar_smal")
    with pytest.raises(SpaceError, match="unknown ready space"):
        ready_space("../backbones/table.py")


def test_who_changes_what_was_read_changes_it_for_nobody_else():
    ready_space("cifar_small")["attention"].clear()
    assert ready_space("cifar_small")["attention"]
