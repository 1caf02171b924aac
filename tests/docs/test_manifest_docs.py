"""docs/MANIFEST.md and jail-manifest(5) say what the tables in the code say."""

import pytest

from conftest import BUILD, ROOT, run

TOOL = BUILD / "tools" / "manifest"
PAGE = ROOT / "docs" / "man" / "jail-manifest.5"
PRESETS = ROOT / "manifests"
TEXT = (ROOT / "docs" / "MANIFEST.md").read_text()


def table(option):
    return [line.split("\t") for line in run(TOOL, option).out.splitlines()]


def section(title):
    """The rows of the first table below a heading, as lists of cells."""
    lines = TEXT.split(f"# {title}\n", 1)[1].splitlines()
    start = next(i for i, line in enumerate(lines)
                 if line.startswith("|---")) + 1
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells = line.replace("\\|", "\0").split("|")[1:-1]
        rows.append([cell.replace("\0", "|").strip() for cell in cells])
    return rows


def test_verbs():
    assert section("Verbs") == [[f"`{verb} {usage}".strip() + "`", meaning]
                                for verb, usage, meaning in table("-v")]


def test_limits():
    assert section("Limits") == [[f"`{name}`", unit, what]
                                 for name, unit, what in table("-l")]


def test_presets():
    heads = {path.stem: path.read_text().splitlines()[0]
             for path in sorted(PRESETS.glob("*.txt"))}
    assert section("Presets") == [
        [f"`{name}`", head.removeprefix(f"# {name}: ").rstrip(".")]
        for name, head in heads.items()]


def examples():
    """Indented blocks that begin with "# NAME.txt", by name."""
    blocks = TEXT.split("\n    # ")[1:]
    for block in blocks:
        name, rest = block.split("\n", 1)
        lines = []
        for line in rest.splitlines():
            if line.startswith("    $") or (line and
                                            not line.startswith("    ")):
                break
            lines.append(line[4:])
        yield name, "\n".join(lines) + "\n"


def test_there_are_examples():
    assert [name for name, _ in examples()] == ["hello.txt", "web.txt"]


@pytest.mark.parametrize("name,text", examples())
def test_example_is_accepted(name, text, scratch):
    (scratch / name).write_text(text)
    done = run(TOOL, "-p", PRESETS, scratch / name)
    assert done.status == 0, done


def test_man_page_is_clean():
    done = run("mandoc", "-T", "lint", "-W", "warning", PAGE)
    assert done.out + done.err == ""


def test_man_page_has_every_verb_and_limit():
    page = run("mandoc", "-T", "ascii", "-O", "width=200", PAGE).out
    while "\b" in page:
        at = page.index("\b")
        page = page[:at - 1] + page[at + 1:]
    lines = [" ".join(line.split()) for line in page.splitlines()]
    for verb, usage, meaning in table("-v"):
        item = f"{verb} {usage}".strip()
        said = meaning[0].upper() + meaning[1:] + "."
        at = next(i for i, line in enumerate(lines)
                  if line == item or line == f"{item} {said}")
        assert said in lines[at] or lines[at + 1] == said, item
    for name, unit, meaning in table("-l"):
        said = meaning[0].upper() + meaning[1:] + "."
        assert any(line.startswith(f"{name} ({unit})") for line in lines), name
        assert any(line.endswith(said) for line in lines), name
