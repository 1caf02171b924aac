"""--require: what a launch must not do without; --explain: all of it, and why."""

import json
import os
import re

import pytest

from conftest import BUILD, landlock_abi, owner_of, run
from jailroot import busybox_root, refuses

JAILLAUNCH = BUILD / "jaillaunch"
WITHOUT = BUILD / "tools/without"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def launch(*options, before=()):
    return run(*before, JAILLAUNCH, "-r", busybox_root(), "-u", "1000",
               *options, "--", "echo", "ran")


def refused(words, *options, before=()):
    done = launch(*options, before=before)
    assert done.status == 125 and done.out == "", done
    assert done.err.count("\n") == 1 and words in done.err, done


LAYERS = ("output namespaces session fds root rlimits bounding ids caps "
          "no-new-privs seccomp").split()


@pytest.mark.parametrize("name", LAYERS + "pid ns-pid ipc uts ns-cgroup "
                         "itemised".split())
def test_what_is_there_satisfies(name):
    done = launch("--require", name, "--limit", "output=1M")
    assert (done.status, done.out) == (0, "ran\n"), done


def test_lists_and_repetition():
    done = launch("--require", "pid,itemised", "--require", "net,mnt,cgroup",
                  "--net", "private", "--ns", "pid,mnt", "--limit",
                  "pids=100")
    assert (done.status, done.out) == (0, "ran\n"), done
    refused("--require uid-pool", "--require", "pid", "--require",
            "ids,uid-pool")


# A row of tests/tools/without, options, what is required, why it fails.
LOSSES = [
    ("namespaces:0x20000000=EPERM", [], "pid", "Operation not permitted"),
    ("namespaces:0x20000000=EPERM", [], "ns-pid", "Operation not permitted"),
    ("namespaces:0x02000000=EINVAL", [], "ns-cgroup", "Invalid argument"),
    ("landlock_create_ruleset=ENOSYS", [], "landlock", "no Landlock"),
    ("landlock_create_ruleset=ENOSYS", [], "landlock-scopes", "no Landlock"),
    ("user-notif=EBUSY", [], "itemised", "layer seccomp"),
    ("notif-sizes=EINVAL", [], "itemised", "no seccomp listeners"),
    ("mkdir,mkdirat=EPERM", ["--limit", "pids=100"], "cgroup",
     "Operation not permitted"),
    (None, ["-I"], "seccomp", "-I"),
    (None, ["-I"], "itemised", "-I"),
    (None, ["--exec"], "itemised", "--exec"),
    (None, ["--exec"], "pid", "not asked for"),
    (None, ["--landlock", "none"], "landlock", "--landlock none"),
    (None, ["--ns", "none"], "namespaces", "--ns none"),
    (None, ["--ns", "ipc"], "pid", "not asked for"),
    (None, [], "net", "not asked for"),
    (None, [], "mnt", "not asked for"),
    (None, [], "cgroup", "no limit asks for one"),
    (None, [], "output", ""),
    (None, [], "uid-pool", "--uid-pool was not given"),
]


@pytest.mark.parametrize("lack, options, name, why", LOSSES,
                         ids=[f"{row[2]} {row[0] or row[1]}" for row in LOSSES])
def test_what_is_not_there_refuses(lack, options, name, why):
    before = (WITHOUT, lack) if lack else ()
    done = launch(*options, before=before)
    assert done.status == 0 and done.out == "ran\n", done  # else it proves nothing
    refused(why, *options, "--require", name, before=before)


def test_every_namespace_lost_by_retries_is_missed():
    """The first attempt believes that it can be had."""
    for flag, name in ((0x08000000, "ipc"), (0x04000000, "uts")):
        refused(f"--require {name}", "--require", name,
                before=(WITHOUT, f"namespaces:{flag:#x}=ENOSPC"))


def test_a_limit_without_a_group_is_no_cgroup():
    """Whichever of them it is."""
    done = launch("--limit", "memory=200M", "--limit", "pids=100", "--require",
                  "cgroup")
    assert done.status == 0, done


@pytest.mark.parametrize("name, words", [
    ("seccmp", '"seccmp" is no layer; did you mean "seccomp"?'),
    ("pid,seccmp", '"seccmp" is no layer; did you mean "seccomp"?'),
    ("itemized", '"itemized" is no layer; did you mean "itemised"?'),
    ("no_new_privs", 'did you mean "no-new-privs"?'),
    ("", '"" is no layer'),
    ("pid,", '"" is no layer'),
    ("quantum", '"quantum" is no layer; jaillaunch(1) has their names'),
])
def test_unknown_names_are_refused(name, words):
    refuses(words, "-r", busybox_root(), "-u", "1000", "--require", name,
            "--", "true")


def test_the_report_says_what_was_required(scratch):
    done = launch("--require", "net", "--report", scratch / "report")
    assert done.status == 125, done
    report = json.loads((scratch / "report").read_text())
    assert report["outcome"] == "failed"
    assert report["error"]["kind"] == "host"
    assert report["error"]["message"].startswith("--require net: ")


def test_explain_looks_at_what_is_required():
    done = run(JAILLAUNCH, "-r", busybox_root(), "-u", "1000", "--require",
               "net", "--explain", "--", "true")
    assert done.status == 125 and "--require net" in done.err, done
    assert "seccomp       on" in done.out


# --- --explain


def explain(*options, before=()):
    done = run(*before, JAILLAUNCH, "-r", busybox_root(), "-u", "1000",
               "--explain", *options, "--", "true")
    assert done.status == 0 and done.err == "", done
    return done.out


@pytest.mark.needs("landlock", "ns-cgroup")
def test_explain_has_every_layer_and_namespace():
    text = explain()
    rows = dict(re.findall(r"^([\w-]+) +(on|off) +\S", text, re.M))
    assert set(rows) == {*LAYERS, "cgroup", "landlock"}
    assert rows["cgroup"] == rows["output"] == "off"
    assert (rows["landlock"] == "on") == (landlock_abi() >= 2)
    assert re.findall(r"^namespace (\w+) +(on|off)", text, re.M) == [
        ("pid", "on"), ("ipc", "on"), ("uts", "on"), ("cgroup", "on"),
        ("net", "off"), ("mnt", "off"),
        ("user", "on" if owner_of(0) else "off")]
    assert re.search(r"^namespace net +off not asked for$", text, re.M)


@pytest.mark.needs("ns-pid")
def test_explain_says_why_what_is_wanted_is_not_there():
    text = explain(before=(WITHOUT, "namespaces:0x20000000=ENOSPC"))
    assert "namespace pid    off it cannot be made: No space left" in text
    assert "namespace ipc    on  hides others' IPC objects" in text
    text = explain(before=(WITHOUT, "landlock_create_ruleset=ENOSYS"))
    assert re.search(r"^landlock +off  this kernel has no Landlock", text, re.M)
    text = explain("-I", "--ns", "none", "--landlock", "none")
    for name, why in (("seccomp", "-I"), ("namespaces", "--ns none"),
                      ("landlock", "--landlock none")):
        assert re.search(rf"^{name} +off  {why}", text, re.M), text
