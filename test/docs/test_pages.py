"""What the pages refer to exists: the targets of links in every page, and the files that contributing.md names."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HIDDEN = re.compile(r"(^|/)(\.|build|shared/)")
PAGES = sorted(page for page in ROOT.glob("**/*.md") if not HIDDEN.search(str(page.relative_to(ROOT))))


def test_there_are_pages():
    assert {"README.md", "architecture.md", "contributing.md", "RESULTS.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not re.match(r"https?:|#", target):
            path = page.parent / target.partition("#")[0]
            assert path.exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_files_of_contributing():
    named = re.findall(r"`([\w./-]+/[\w./-]*)`", (ROOT / "docs" / "contributing.md").read_text())
    paths = [name for name in named if not name.startswith(("build/", "./", ".venv/"))]
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists()] == []
