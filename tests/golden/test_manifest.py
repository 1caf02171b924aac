"""Manifests and their canonical forms: tests/golden/manifest/X.jail, read,
is X.canonical, which read is itself."""

import pathlib

import pytest

from conftest import BUILD, run

HERE = pathlib.Path(__file__).resolve().parent / "manifest"
NAMES = sorted(path.stem for path in HERE.glob("*.jail"))


def canonical(*argv, **kwargs):
    done = run(BUILD / "tools" / "manifest", *argv, **kwargs)
    assert done.status == 0, done
    assert done.err == ""
    return done.out


@pytest.mark.parametrize("name", NAMES)
def test_canonical_form(name):
    expected = (HERE / f"{name}.canonical").read_text()
    assert canonical("-p", HERE, f"{name}.jail", cwd=HERE) == expected
    assert canonical("-t", f"{name}.canonical", cwd=HERE) == expected


def test_every_verb_and_key_has_a_canonical_form():
    seen = "".join(path.read_text() for path in HERE.glob("*.canonical"))
    for line in canonical("-v").splitlines():
        verb, usage, _ = line.split("\t")
        if verb == "use":
            continue
        lines = [text for text in seen.splitlines()
                 if text.lstrip("?").split(" ")[0] == verb]
        assert lines, verb
        keys = {word.strip("[]").split("=")[0] for word in usage.split()
                if "=" in word and not word.startswith("K=")}
        for key in keys:
            assert any(f" {key}=" in text for text in lines), (verb, key)


def test_what_a_manifest_says_overrides_what_it_uses(scratch):
    (scratch / "base.txt").write_text(
        "user u uid=5\nentry base\nenv A=1\nenv B=1\nnet none\n")
    (scratch / "mine.txt").write_text(
        "entry mine\nuse base\nenv A=2\nuser u uid=6\n")
    assert canonical(scratch / "mine.txt") == (
        "user u uid=6\nentry mine\nenv A=2\nenv B=1\nnet none\n")


def test_overruling_goes_through_other_files_and_not_by_order(scratch):
    (scratch / "base.txt").write_text("entry base\n")
    (scratch / "shell.txt").write_text("use base\nentry shell\n")
    (scratch / "tools.txt").write_text("use shell\n")
    for text in ("use base\nuse tools\n", "use tools\nuse base\n"):
        (scratch / "mine.txt").write_text(text)
        assert canonical(scratch / "mine.txt") == "entry shell\n"
    both = canonical(scratch / "base.txt", scratch / "mine.txt")
    assert both == "entry shell\n"


def test_a_file_is_read_once_whatever_its_name(scratch):
    (scratch / "a.txt").write_text("bin a\n")
    (scratch / "link.txt").symlink_to("a.txt")
    (scratch / "main.txt").write_text(
        "use a\nuse ./a.txt\nuse ./link.txt\nuse link\nuse .//a.txt\n")
    assert canonical(scratch / "main.txt", scratch / "a.txt") == "bin a\n"


def test_presets_are_found_beside_the_file_first_but_never_itself(scratch):
    presets, own = scratch / "presets", scratch / "own"
    presets.mkdir()
    own.mkdir()
    (presets / "x.txt").write_text("bin preset-x\n")
    (presets / "y.txt").write_text("bin preset-y\n")
    (own / "y.txt").write_text("bin own-y\n")
    (own / "x.txt").write_text("use x\nuse y\nbin own-x\n")
    assert canonical("-p", presets, own / "x.txt") == (
        "bin own-x\nbin own-y\nbin preset-x\n")


def test_files_named_together_are_one_manifest(scratch):
    (scratch / "1").write_text("net none\nbin b\n")
    (scratch / "2").write_text("bin a\nnet none\n")
    assert canonical(scratch / "1", scratch / "2") == (
        "bin a\nbin b\nnet none\n")


def test_a_pipe_can_be_read():
    assert canonical("/dev/stdin", input="bash\n") == "bin bash\n"
