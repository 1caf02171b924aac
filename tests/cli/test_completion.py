"""What shells complete: the scripts that the programs print from their tables
of options, run by the shells' own machinery."""

import re
import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT, run
from terminal import Terminal

PROGRAMS = ("jailbuild", "jaillaunch", "jailbake")
needs_zsh = pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh")


def script(program, shell):
    done = run(BUILD / program, "--completion", shell)
    assert done.status == 0 and done.err == "", done
    return done.out


def bash(program, *words):
    """What bash offers for the last of these words."""
    words = [program, *words]
    call = " ".join("'" + word + "'" for word in words)
    done = run("bash", "--norc", "-c",
               script(program, "bash") +
               # it works only while a key is being answered
               "\ncompopt() { echo \"<$*>\"; }\n"
               f"COMP_WORDS=({call}) COMP_CWORD={len(words) - 1}\n"
               f"_{program} {program} '{words[-1]}' '{words[-2]}'\n"
               "printf '%s\\n' \"${COMPREPLY[@]}\"\n")
    assert done.status == 0 and done.err == "", done
    return done.out.split()


def options_of(program, *verb):
    return re.findall(r"^  (?:-(\w), |    )--([\w-]+)",
                      run(BUILD / program, *verb, "--help").out, re.M)


VERBS = [("jailbuild",), ("jaillaunch",), ("jaillaunch", "store"),
         ("jaillaunch", "policy"), ("jaillaunch", "doctor")] + [("jailbake", verb) for verb in
                                      "bake show verify extract measure sign "
                                      "payload attach pcr lint".split()]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_option_of_the_help_is_offered(words):
    options = options_of(*words)
    assert ("h", "help") in options
    found = bash(*words, "-")
    names = [f"--{name}" for _, name in options]
    letters = [f"-{letter}" for letter, _ in options if letter]
    assert sorted(found) == sorted(names + letters)


@pytest.mark.parametrize("program", PROGRAMS)
def test_zsh_is_told_of_every_option(program):
    text = script(program, "zsh")
    for words in VERBS:
        if words[0] == program:
            for _, name in options_of(*words):
                assert re.search(rf"--{name}[=\[}}]", text), name


@pytest.mark.parametrize("words, offered", [
    (["jaillaunch", "--tt"], ["--tty"]),
    (["jaillaunch", "--tty", ""], ["auto", "yes", "no"]),
    (["jaillaunch", "--tty", "y"], ["yes"]),
    (["jaillaunch", "--tty", "="], ["auto", "yes", "no"]),
    (["jaillaunch", "--tty", "=", "n"], ["no"]),
    (["jaillaunch", "--require", "pid,ca"], ["pid,caps"]),
    (["jaillaunch", "--seccomp", "cape"], ["cape", "cape-deny"]),
    (["jaillaunch", "--seccomp", "./x"], ["<-o", "default>"]),
    (["jaillaunch", "--limit", "c"],
     ["<-o", "nospace>", "core=", "cpu-time=", "cpus="]),
    (["jaillaunch", "--limit", "cpus", "="], []),
    (["jaillaunch", "--limit", "cpus", "=", "1"], []),
    (["jaillaunch", "--dev", "null,t"], ["null,tty"]),
    (["jaillaunch", "--caps", "chown,net_ra"], ["chown,net_raw"]),
    (["jaillaunch", "-r", "/"], ["<-o", "dirnames>"]),
    (["jaillaunch", "-i", "/"], ["<-o", "default>"]),
    (["jaillaunch", "-u", ""], []),
    (["jaillaunch", ""], ["store", "policy", "doctor"]),
    (["jaillaunch", "-r", "/jail", "--limit", "memory", "=", "1M", "--tt"],
     ["--tty"]),
    (["jaillaunch", "--bind", "/a", ":", "/b", "--tt"], ["--tty"]),
    # the program's own words
    (["jaillaunch", "-r", "/jail", "sh", "--tt"], ["<-o", "default>"]),
    (["jaillaunch", "-r", "/jail", "--", "--tt"], ["<-o", "default>"]),
    (["jaillaunch", "store", ""], ["list", "prune"]),
    (["jaillaunch", "store", "list", "--j"], ["--json"]),
    (["jaillaunch", "policy", "e"], ["explain"]),
    (["jaillaunch", "policy", "show", "--machine", "x"], ["x86_64"]),
    (["jailbuild", "--format", "tar."], ["tar.zst", "tar.gz", "tar.xz"]),
    (["jailbuild", "--print", "l"], ["lockdown"]),
    (["jailbuild", "m.txt", "--no"], ["--no-index"]),
    (["jailbuild", "m"], ["<-o", "default>"]),
    (["jailbake", "ver"], ["verify"]),
    (["jailbake", "--kern"], ["--kernel"]),
    (["jailbake", "sign", "--ke"], ["--key"]),
    (["jailbake", "--kernel", "/"], ["<-o", "default>"]),
])
def test_words(words, offered):
    assert bash(*words) == offered


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shell", [
    "bash", pytest.param("zsh", marks=needs_zsh)])
def test_scripts_are_well_formed(program, shell, scratch):
    path = scratch / "script"
    path.write_text(script(program, shell))
    done = run(shell, "-n", path)
    assert done.status == 0 and done.err == "", done


def test_another_shell_is_refused():
    for program in PROGRAMS:
        done = run(BUILD / program, "--completion", "fish")
        assert done.out == "" and done.status, done
        assert done.err == (f'{program}: --completion "fish": it is bash or '
                            "zsh\n")


def test_by_the_key_in_bash(scratch):
    (scratch / "a-file.jail").touch()
    (scratch / "rc").write_text(script("jaillaunch", "bash") + "PS1='OUT> '\n")
    with Terminal("bash", "--noprofile", "--rcfile", scratch / "rc", "-i",
                  env={"TERM": "dumb", "INPUTRC": "/dev/null"}) as shell:
        shell.wait_for("OUT> ")
        shell.type("jaillaunch --tt\t")
        shell.wait_for("--tty ")
        shell.type("y\t")
        shell.wait_for("yes ")
        shell.type("--limit wa\t")
        shell.wait_for("wall-time=")
        shell.type(f"5 --spec {scratch}/a-f\t")
        shell.wait_for("a-file.jail ")
        shell.type("\x15exit\n")
        assert shell.status() == 0


@needs_zsh
def test_by_the_key_in_zsh(scratch):
    (scratch / "_jaillaunch").write_text(script("jaillaunch", "zsh"))
    (scratch / "a-file.jail").touch()
    with Terminal("zsh", "-f", "-i", env={"TERM": "dumb", "PS1": "OUT> "},
                  size=(40, 200)) as shell:
        shell.wait_for("OUT> ")
        shell.type(f"fpath=({scratch} $fpath); autoload -U compinit; "
                   "compinit -u -D && print rea''dy\n")
        shell.wait_for("ready\r(?s:.*)OUT> ")
        shell.type("jaillaunch --tt\t")
        shell.wait_for("--tty")
        shell.type("\x15jaillaunch --tty y\t")
        shell.wait_for("yes")
        shell.type("\x15jaillaunch --limit wal\t")
        shell.wait_for("wall-time=")
        shell.type("\x15jaillaunch policy exp\t")
        shell.wait_for("explain")
        shell.type(f"\x15jaillaunch --spec {scratch}/a-f\t")
        shell.wait_for("a-file.jail")
        shell.type("\x15exit\n")
        assert shell.status() == 0


def test_manuals_are_installed_and_say_where(scratch):
    """Whatever stands where they go; and the programs know the place."""
    done = run("make", "-s", "-C", ROOT, f"B={BUILD}", "install", "-o", "all",
               "PREFIX=/opt/j", f"DESTDIR={scratch}", "-o", f"{BUILD}/prefix")
    pages = scratch / "opt/j/share/man"
    assert (pages / "man8/jail-init.8").is_file(), done
    assert "/opt/j/share/jailwright/" in (pages / "man1/jailbuild.1").read_text()
    assert "/opt/j/libexec/jailw" in (pages / "man1/jailbake.1").read_text()
    for prefix in ("/usr", "/opt/j"):
        place = scratch / "build/obj/launcher/helper.o"
        run("make", "-s", "-C", ROOT, f"B={scratch}/build", place,
            f"PREFIX={prefix}")
        assert f"{prefix}/libexec/jailwright".encode() in place.read_bytes()


def test_they_are_installed(scratch):
    """What make install does, without what it depends on."""
    rule = subprocess.run(
        ["make", "-s", "-C", str(ROOT), "-n", f"B={BUILD}", "install",
         "V=1", f"DESTDIR={scratch}", "-o", "all"], capture_output=True,
        text=True, check=True).stdout
    for place in ("bash-completion/completions", "zsh/site-functions"):
        assert f"{scratch}/usr/local/share/{place}" in rule
    for program in PROGRAMS:
        assert program in rule
