"""The manual page of jailbuild: well-formed, and of the options that there
are."""

import re

from conftest import BUILD, ROOT, run

PAGE = ROOT / "docs" / "man" / "jailbuild.1"


def test_the_page_is_well_formed():
    done = run("mandoc", "-T", "lint", "-W", "warning", PAGE)
    assert (done.status, done.out) == (0, ""), done


def test_the_page_has_the_options_of_the_help():
    shown = run(BUILD / "jailbuild", "--help").out
    options = set(re.findall(r"--([a-z-]+)\b", shown.split("\n\n", 1)[1]))
    described = set(re.findall(r"^\.It Fl (?:. , )?-([a-z-]+)",
                               PAGE.read_text(), re.M))
    assert options == described
