"""The manual page of jailbake: well-formed, and of the options that there
are."""

import re

from conftest import BUILD, ROOT, run

PAGE = ROOT / "docs" / "man" / "jailbake.1"


def test_the_page_of_the_init_is_well_formed():
    done = run("mandoc", "-T", "lint", "-W", "warning",
               PAGE.with_name("jail-init.8"))
    assert (done.status, done.out) == (0, ""), done


def test_the_page_is_well_formed():
    done = run("mandoc", "-T", "lint", "-W", "warning", PAGE)
    assert (done.status, done.out) == (0, ""), done


def options(verb):
    shown = run(BUILD / "jailbake", verb, "--help").out
    return set(re.findall(r"^  (?:-.,|   ) --([a-z-]+)\b", shown, re.M))


def test_the_page_has_the_options_of_bake():
    described = set(re.findall(r"^\.It Fl (?:. , )?-([a-z-]+)",
                               PAGE.read_text(), re.M))
    assert options("bake") == described


def test_every_verb_is_in_the_synopsis_with_its_options():
    synopsis = PAGE.read_text().split(".Sh SYNOPSIS", 1)[1].split(".Sh")[0]
    forms = [part for part in synopsis.split(".Nm\n") if part.strip()]
    for line in run(BUILD / "jailbake", "--help").out.split("\n\n")[1] \
            .splitlines():
        verb = line.split()[0]
        own = "".join(form for form in forms if
                      re.search(rf"^\.(Op )?Cm .*\b{verb}\b", form, re.M))
        assert own, verb
        told = set(re.findall(r"Fl -?([a-z-]+)", own))
        for option in options(verb) - {"help"} if verb != "bake" else ():
            assert {option, option[0]} & told, (verb, option)


def test_every_verb_is_described_with_its_options():
    page = PAGE.read_text()
    verbs = [line.split()[0] for line in
             run(BUILD / "jailbake", "--help").out.split("\n\n")[1]
             .splitlines()]
    rest = page.split(".Ss Other verbs", 1)[1].split(".Sh ENV", 1)[0]
    parts = dict(re.findall(r"^\.It Cm (\w+)(.*?)(?=^\.It Cm|\Z)", rest,
                            re.M | re.S))
    assert [verb for verb in verbs if verb not in parts] == ["bake"]
    for verb, text in parts.items():
        told = set(re.findall(r"Fl (?:. , )?-?([a-z-]+)", text))
        for option in options(verb) - {"help"}:
            assert {option, option[0]} & told, (verb, option)
