"""Each line of the pages for those who come from other programs that names
options of ours: they are run."""

import os
import re

import pytest

from conftest import BUILD, ROOT, run, shared_once

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="launches need root")
PAGES = [ROOT / "docs" / f"FROM-{name}.md"
         for name in ("BWRAP", "NSJAIL", "ISOLATE")]
# What stands for something that only the reader has.
NO_EXAMPLE = re.compile(r"\b(DIR|FILE)\b|-r /|`-i`")


def rows(page):
    lines = [line for line in page.read_text().splitlines()
             if line.startswith("| ")]
    for line in lines[1:]:
        theirs, ours, _ = line.strip("|").split("|")
        yield theirs.strip(), ours.strip()


CASES = [pytest.param(ours.strip("`").split(), id=f"{page.stem}: {ours}")
         for page in PAGES for _, ours in rows(page)
         if ours.startswith("`") and not NO_EXAMPLE.search(ours)]


def make_image(path):
    path.mkdir()
    (path / "m.jail").write_text("use busybox\nuser jailuser uid=1000\nrun-as jailuser\n"
                                 "dir /mnt\n")
    done = run(BUILD / "jailbuild", path / "m.jail", "-o", path / "image.tar")
    assert done.status == 0, done


def test_there_are_cases():
    assert len(CASES) >= 40


@pytest.mark.parametrize("options", CASES)
def test_what_is_named_works(options):
    image = shared_once("coming-from", make_image) / "image.tar"
    done = run(BUILD / "jaillaunch", "-i", image, *options, "--", "true")
    if "cpus=0.5" in options and "cgroup" in done.err:
        return  # nothing else can bound it, as the manual says
    assert done.status == 0, done


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_options_of_ours_are_there(page):
    """Also those that are only mentioned."""
    known = run(BUILD / "jaillaunch", "--help").out
    for _, ours in rows(page):
        for option in re.findall(r"(?<![\w-])--[a-z-]+", ours):
            assert f"{option} " in known or f"{option}[" in known, option
