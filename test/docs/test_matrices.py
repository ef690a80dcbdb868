"""docs/images/toeplitz_*.svg are what the compiler draws today; `docs/generate_matrices.py --write` brings them up to date."""

import importlib.util
import pathlib
import xml.etree.ElementTree

import pytest

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def load_generator():
    specification = importlib.util.spec_from_file_location("generate_matrices", DOCS / "generate_matrices.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


GENERATOR = load_generator()


@pytest.mark.parametrize("layer", GENERATOR.VIEWS)
def test_picture_is_up_to_date(layer):
    picture = GENERATOR.picture(layer).read_text()
    assert GENERATOR.draw(layer) == picture
    xml.etree.ElementTree.fromstring(picture)
    assert f"images/{GENERATOR.picture(layer).name}" in (DOCS / "algorithms.md").read_text()


def test_every_picture_has_a_layer():
    assert {path.name for path in (DOCS / "images").glob("toeplitz_*.svg")} == {
        GENERATOR.picture(layer).name for layer in GENERATOR.VIEWS
    }
