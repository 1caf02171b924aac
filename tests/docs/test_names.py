"""What the pages name of the tree is there."""

import re

import pytest

from conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# `tests/escape/` and `tests/cli/test_unpack.py`, but not `tests/unit/test_X.c`
NAME = re.compile(r"`((?:tests|builder|common|launcher|docs|manifests|images)/"
                  r"[\w./-]*)`")


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_files_that_a_page_names_are_there(page):
    names = {name for name in NAME.findall(page.read_text())
             if "X" not in name}
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


def test_names_are_found():
    text = (ROOT / "docs/SECURITY.md").read_text()
    assert len(NAME.findall(text)) > 5
