"""A launch on hosts that lack something (tests/tools/column.c): the same jail,
and what is lost is named; or one line that says why there is none."""

import json
import os
import re
import shutil
import time

import pytest

from cli.test_supervisor import (  # a fixture, too
    nothing_stays, own_uid, programs)
from conftest import BUILD, IS_SANITIZED, run, shared_once
from jailroot import busybox_root
from processes import processes_of

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(IS_SANITIZED, reason="the sanitizers need /proc, and "
                       "the probe its libraries")]
COLUMNS = run(BUILD / "tools/column", "--list").out.split()
FLOOR = {"session", "fds", "root", "rlimits", "bounding", "ids", "caps",
         "no-new-privs", "seccomp"}
NAMESPACES = ["pid", "ipc", "uts", "cgroup"]
BEFORE = ["detached mounts", "mount namespace",
          "mount namespace by mount(2)", "mounts attached for a moment"]
OLD = {"landlock", "listeners", "memory", "new mounts"}
ALL = OLD | {"namespaces", "mounts"}
# What is lost in each, see LOST below.  None: there is no launch at all.
LOSSES = {
    "no-unshare": {"cgroup namespace"},
    "no-namespaces": {"namespaces"},
    "no-mount": {"mounts"},
    "no-clone3": set(),
    "no-pidfd-open": set(),
    "no-close-range": set(),
    "no-openat2": set(),
    "no-new-mounts": {"new mounts"},
    "no-landlock": {"landlock"},
    "no-user-notif": {"listeners"},
    "no-cgroup": {"memory"},
    "no-proc": {"memory", "oom score"},
    "plain-chroot": set(),
    "ordinary-user": {"memory"},
    "4.14": OLD,
    "enclave": ALL | {"oom score"},
    "sandbox": ALL,
    "container": {"namespaces", "mounts", "new mounts", "memory"},
    "all-as-user": None,
}


def make(directory):
    directory.mkdir()
    directory.chmod(0o755)
    shutil.copy(BUILD / "tools/probe", directory / "probe")
    (directory / "manifest").write_text(
        "copy ./probe /probe mode=755\nuser jailuser uid=1000\n"
        "run-as jailuser\ndir /tmp mode=1777\ndir /dev\n")
    for name in ("image.tar", "root/"):
        done = run(BUILD / "jailbuild", directory / "manifest", "-o",
                   f"{directory}/{name}")
        assert done.status == 0, done


def launch(column, scratch, *argv):
    scratch.chmod(0o777)  # an ordinary user's launcher reports, too
    with open("/dev/null", "rb") as left:  # which the jail must not have
        return run((BUILD / "columns" / column if column else BUILD) /
                   "jaillaunch", *argv,
                   "--limit", "memory=1G", "--report", scratch / "report",
                   "--", "/probe", "1000", BUILD / "jaillaunch",
                   *(("image",) if "-i" in argv else ()),
                   pass_fds=[left.fileno()])


def lacking(report):
    return [row["name"] for row in report["namespaces"]["lacking"]
            if row["why"]]


def layer_is_left_out(name):
    def look(report):
        layer = next(row for row in report["layers"] if row["name"] == name)
        return not layer["applied"] and bool(layer["why"])
    return look


def methods_passed_over(report):
    return [row["method"] for row in report["root"]["passed_over"]
            if row["why"]]


# Whether a report names a loss.
LOST = {
    "namespaces": lambda report: lacking(report) == NAMESPACES and
    layer_is_left_out("namespaces")(report),
    "cgroup namespace": lambda report: lacking(report) == ["cgroup"],
    "landlock": layer_is_left_out("landlock"),
    "listeners": lambda report: not report["seccomp"]["itemised"] and
    bool(report["seccomp"]["why_not_itemised"]),
    "memory": lambda report: report["limits"][0]["name"] == "memory" and
    bool(report["limits"][0].get("why_no_cgroup")),
    "oom score": lambda report: any("when memory runs out" in note
                                    for note in report["notes"]),
    "new mounts": lambda report:
    methods_passed_over(report)[:2] == BEFORE[:2],
    "mounts": lambda report: bool(report["root"].get("why_not_mounted")) and
    methods_passed_over(report) == BEFORE,
}


def lost_of(report):
    return {name for name, is_lost in LOST.items() if is_lost(report)}


def lost_anyhow(scratch, *argv):
    """What this machine lacks by itself."""
    done = launch(None, scratch, *argv)
    assert done.status == 7, done
    return lost_of(json.loads((scratch / "report").read_text()))


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("kind", ["-r root", "-i image.tar"])
def test_the_same_jail_or_a_reason(column, kind, scratch):
    option, name = kind.split()
    place = shared_once("columns-image", make)
    here = lost_anyhow(scratch, option, place / name)
    for _ in range(2):  # the second finds what the first has left, if anything
        done = launch(column, scratch, option, place / name)
        if LOSSES[column] is None:
            assert done.status == 125 and done.out == "", done
            assert re.fullmatch(r"jaillaunch: .*without root[^\n]*\n",
                                done.err), done
            continue
        assert done.status == 7 and done.out.startswith("confined"), done
        report = json.loads((scratch / "report").read_text())
        layers = {layer["name"] for layer in report["layers"]
                  if layer["applied"]}
        assert FLOOR <= layers
        due = LOSSES[column]
        if option == "-r":  # the root of a directory is a chroot anyhow
            due = due - {"new mounts", "mounts"}
        lost = lost_of(report)
        assert due <= lost, report
        if "mounts" in due:
            lost -= {"new mounts"}
        assert lost <= due | here, report


@pytest.mark.parametrize("column, words", [
    ("no-proc", "there is no /proc to find one by"),
    ("no-cgroup", "no cgroup hierarchy is mounted")])
def test_why_there_is_no_cgroup(column, words, scratch):
    place = shared_once("columns-image", make)
    assert launch(column, scratch, "-r", place / "root").status == 7
    report = json.loads((scratch / "report").read_text())
    assert report["limits"][0]["why_no_cgroup"] == words


def test_a_place_for_a_pin_that_cannot_be_used_is_in_nobodys_way(scratch):
    """Of a launch that could mount, on a host that was copied since: where
    nothing can be unmounted, it may be empty all the same."""
    place = shared_once("columns-image", make)
    shutil.copy(place / "image.tar", scratch)
    for column in ("4.14", "no-proc"):  # their pins vanish with them
        assert launch(column, scratch, "-i", scratch / "image.tar").status == 7
    done = launch("enclave", scratch, "-i", scratch / "image.tar")
    assert done.status == 7, done


ANEW = """
echo 32000 >/proc/sys/kernel/ns_last_pid
"$@" &
read begun
echo 300 >/proc/sys/kernel/ns_last_pid
kill $!
wait
"""


@pytest.mark.skipif(not os.path.exists("/proc/sys/kernel/ns_last_pid"),
                    reason="this kernel lets nobody choose a number")
def test_numbers_that_begin_anew_make_no_search_of_all_without_proc():
    """After the highest; the jail's are above the newest then."""
    read, write = os.pipe()
    for _ in range(3):
        uid = own_uid()
        begun = time.monotonic()
        done = run("unshare", "-pf", "--mount-proc", "bash", "-c",
                   f"exec <&{read}\n{ANEW}", "-",
                   BUILD / "columns/enclave/jaillaunch", "-r", busybox_root(),
                   "-u", uid, "--keep-fd", write, "--", "sh", "-c",
                   f"(setsid sleep 50 &); (sleep 50 &); echo >&{write}; sleep 50",
                   pass_fds=[read, write])
        took = time.monotonic() - begun
        assert processes_of(uid) == [], done
        if took < 4:
            break
    os.close(read)
    os.close(write)
    assert took < 4, done


@pytest.mark.parametrize("kind", ["chain", "bomb"])
def test_what_forks_for_ever_is_ended_without_proc(kind):
    """Where it is, among the newest process numbers: a search of four million
    takes seconds here, and on a busy machine it never ended."""
    uid = own_uid()
    for _ in range(3):
        begun = time.monotonic()
        done = run(BUILD / "columns/enclave/jaillaunch", "-r", programs(),
                   "-u", uid, "--limit", "pids=100", "--", "/forkers", kind,
                   "3")
        took = time.monotonic() - begun
        assert done.status == 5 and processes_of(uid) == [], done
        if took < 4:
            return
    raise AssertionError(f"it took {took} s")
