from nas.export.needs import needed_packages, needs_words, requirements
from search_spaces.architecture import Choice

OURS, THEIRS, OWN = Choice("cifar_resnet"), Choice("torchvision/resnet18"), Choice("my.net:make")


def test_names_the_packages():
    assert needed_packages(OURS) == ("torch",)
    assert needed_packages(THEIRS) == ("torch", "torchvision")
    assert needed_packages(OWN) == ("torch", "my")


def test_says_them():
    assert needs_words(OURS) == "PyTorch alone"
    assert needs_words(THEIRS) == "PyTorch and torchvision"
    assert needs_words(OWN) == "PyTorch and the backbone's own code (my.net:make)"


def test_lists_them_for_pip():
    versions = {"torch": "2.13.0", "torchvision": "0.28.0"}
    assert requirements(OURS, versions) == "torch  # 2.13.0 was used\n"
    assert requirements(THEIRS, {}) == "torch\ntorchvision\n"
    assert requirements(OWN, versions).splitlines()[1] == (
        "# and my, which has the backbone my.net:make"
    )
