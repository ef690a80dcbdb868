"""docs/architecture.md shows what the compiler prints today; `docs/generate_architecture.py --write` brings it up to date."""

import importlib.util
import pathlib

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def load_generator():
    specification = importlib.util.spec_from_file_location("generate_architecture", DOCS / "generate_architecture.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_page_is_up_to_date():
    generator = load_generator()
    page = generator.PAGE.read_text()
    assert generator.generate() == page
    assert {match["stage"] for match in generator.SECTION.finditer(page)} == set(generator.LANGUAGES)
