"""Namespaces of a jail's own: which it gets, what it sees, what is said of
those that cannot be had, and that none of them is needed."""

import contextlib
import json
import os
import signal
import subprocess
import time

import pytest

from conftest import BUILD, owner_of, run
from jailroot import busybox_root, refuses

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="chroot needs root")

ALL = ["pid", "ipc", "uts", "cgroup"]
KINDS = {"pid": 0x20000000, "ipc": 0x08000000, "uts": 0x04000000,
         "cgroup": 0x02000000, "net": 0x40000000, "mnt": 0x00020000}
# In a column where the launcher is a user's, his launches have that one, too.
USERS = ["user"] if owner_of(0) else []
UNPRIVILEGED = ("setpriv", "--inh-caps=-all", "--bounding-set=-sys_admin")


def inside(*args, options=(), before=()):
    return run(*before, BUILD / "jaillaunch", "-r", busybox_root(), "-u",
               "1000", *options, "--", *args)


def shell(text, *options, before=()):
    return inside("sh", "-c", text, options=options, before=before)


def report_of(scratch, *options, before=()):
    report = scratch / "report.json"
    done = inside("true", options=("--report", report, *options),
                  before=before)
    assert done.status == 0, done
    return json.loads(report.read_text())


def numbers(kind):
    return os.readlink(f"/proc/self/ns/{kind}")


def of_jail(kind, *options):
    """The namespace of a program in a jail with the host's own root."""
    return run(BUILD / "jaillaunch", "-r", "/", "-u", "1000", *options, "--",
               "readlink", "-v", f"/proc/self/ns/{kind}").out.strip()


@pytest.mark.needs("ns-cgroup")
def test_all_that_are_cheap_are_used_unasked(scratch):
    assert report_of(scratch)["namespaces"] == {"used": ALL + USERS,
                                                "lacking": []}


@pytest.mark.needs("ns-uts")
def test_what_is_entered_later_is_tried_by_the_call_that_enters_it():
    """unshare(): a clone() that may make it proves nothing."""
    done = inside("true", options=["--explain"],
                  before=(BUILD / "tools/without", "unshare=EPERM"))
    assert "namespace uts    on" in done.out, done
    assert "namespace cgroup off it cannot be made: Operation not permitted" \
        in done.out, done
    # who is not root has a namespace of mounts with each of users
    done = run(BUILD / "tools/without", "unshare=EPERM", "setpriv",
               "--reuid=65534", "--clear-groups", BUILD / "jaillaunch", "-r",
               busybox_root(), "-u", "1000", "--explain", "--", "true")
    assert done.status == 125 and "no user namespace can be made" in done.err
    done = inside("true", options=["--exec", "--explain"],
                  before=(BUILD / "tools/without", "unshare=EPERM"))
    assert "namespace uts    off it cannot be made: Operation not permitted" \
        in done.out, done


@pytest.mark.parametrize("kind", ["ipc", "uts", "cgroup"])
@pytest.mark.needs("ns-cgroup", "the program's /proc")
def test_each_is_the_jails_own(kind):
    assert of_jail(kind) not in ("", numbers(kind))
    assert of_jail(kind, "--ns", "none") == numbers(kind)
    assert of_jail(kind, "--ns", kind) != numbers(kind)
    other = "uts" if kind == "ipc" else "ipc"
    assert of_jail(kind, "--ns", other) == numbers(kind)
    assert of_jail(kind, "--exec") != numbers(kind)


def test_mounts_are_the_jails_own_on_request(scratch):
    """A user's always are."""
    report = report_of(scratch, "--ns", "mnt")
    assert report["namespaces"]["used"] == ["mnt", *USERS]
    methods = ["mount namespace by mount(2)"] * 2 if USERS else \
        ["mount namespace", "chroot"]
    assert [report["root"]["method"],
            report_of(scratch)["root"]["method"]] == methods


@pytest.mark.needs("ns-pid")
def test_the_program_is_not_the_init():
    assert shell("echo $$ $PPID").out == "2 1\n"
    # who has the init's uid may send it a signal, which it never gets
    assert shell("kill -9 1; echo $?", "--landlock=none").out == \
        ("0\n" if USERS else "1\n")
    # a signal without handler ends it, as it would not end an init
    assert shell("kill -TERM $$; sleep 5").status == 128 + signal.SIGTERM


def test_orphans_are_reaped_and_ended(scratch):
    report = scratch / "report.json"
    done = shell("for i in 1 2 3; do (sleep 77 &); done; (true &); sleep 0.1;"
                 "echo out", "--report", report)
    assert done.out == "out\n", done
    assert json.loads(report.read_text())["use"]["orphans_ended"] == 3


@pytest.mark.parametrize("who", [
    "supervisor", "keeper",
    # nobody but the kernel is left then, which ends a pid namespace
    pytest.param("both", marks=pytest.mark.needs("ns-pid"))])
def test_whoever_is_killed_nothing_stays(who):
    marker = f"7{os.getpid() % 100000}.25"
    jail = subprocess.Popen(
        [BUILD / "jaillaunch", "-r", busybox_root(), "-u", "1000", "--", "sh",
         "-c", f"trap '' TERM; sleep {marker} & setsid sleep {marker} & "
         "echo up; wait"], stdout=subprocess.PIPE, text=True)
    assert jail.stdout.readline() == "up\n"
    keeper = run("pgrep", "-P", jail.pid).out.split()[0]
    if who != "supervisor":
        os.kill(int(keeper), signal.SIGKILL)
    if who != "keeper":
        jail.kill()
    jail.wait(30)
    left = f"sleep {marker}"
    try:
        for _ in range(600):
            if run("pgrep", "-f", left).status == 1:
                break
            time.sleep(0.05)
        else:
            pytest.fail("a process of the jail was left")
    finally:
        jail.stdout.close()
        for pid in run("pgrep", "-f", left).out.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


@pytest.mark.needs("ns-uts")
def test_hostname():
    def name(*options):
        return run(BUILD / "jaillaunch", "-r", "/", "-u", "1000", *options,
                   "uname", "-n").out

    assert name() == "jail\n"
    assert name("--hostname", "box") == "box\n"
    assert name("--ns=none") == os.uname().nodename + "\n"
    assert os.uname().nodename != "box"
    refuses('--hostname "', "-r", busybox_root(), "-u", "1000",
            "--hostname=" + 65 * "x", "true")


@pytest.mark.needs("the program's /proc")
def test_a_private_network_has_a_loopback_interface_and_nothing_else():
    look = "cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '"
    done = run(BUILD / "jaillaunch", "-r", "/", "-u", "1000", "--net",
               "private", "--", "sh", "-c", look)
    assert done.out == "lo\n", done
    done = run(BUILD / "jaillaunch", "-r", "/", "-u", "1000", "--net",
               "private", "--", "python3", "-c",
               "import socket; a = socket.create_server(('127.0.0.1', 0));"
               "socket.create_connection(a.getsockname()); print('up')")
    assert done.out == "up\n", done


@pytest.mark.needs("ids")
def test_without_privilege_the_loss_is_named(scratch):
    report = report_of(scratch, before=UNPRIVILEGED)
    assert report["namespaces"]["used"] == []
    assert [lack["name"] for lack in report["namespaces"]["lacking"]] == ALL
    layer = next(layer for layer in report["layers"]
                 if layer["name"] == "namespaces")
    assert layer == {"name": "namespaces", "applied": False,
                     "why": "none can be made: Operation not permitted"}


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("error", ["EPERM", "EINVAL", "ENOSPC"])
@pytest.mark.needs("ns-cgroup")
def test_each_is_done_without_when_it_cannot_be_made(scratch, kind, error):
    before = (BUILD / "tools/without", f"namespaces:{KINDS[kind]:#x}={error}")
    report = report_of(scratch, before=before)
    assert report["namespaces"]["used"] == \
        [k for k in ALL if k != kind] + USERS
    assert [lack["name"] for lack in report["namespaces"]["lacking"]] == \
        [kind]
    done = shell("true", f"--ns={kind}", before=before)
    assert done.status == 125 and done.err.startswith(
        f"jaillaunch: --ns: a namespace ({kind}) cannot be made here"), done


@pytest.mark.parametrize("kind", ["ipc", "uts", "cgroup"])
def test_in_place_each_is_done_without_too(kind):
    """What the process did to itself before must not be in the way."""
    before = (BUILD / "tools/without", f"namespaces:{KINDS[kind]:#x}=ENOSYS")
    done = shell("echo ran", "--exec", before=before)
    assert done.out == "ran\n", done


@pytest.mark.parametrize("error", ["ENOMEM", "EAGAIN"])
@pytest.mark.needs("ns-cgroup")
def test_want_of_memory_is_no_want_of_namespaces(error):
    done = shell("true", before=(BUILD / "tools/without",
                                 f"namespaces:{KINDS['ipc']:#x}={error}"))
    assert done.status == 125 and "start the keeper" in done.err, done


@pytest.mark.needs("ids")
def test_a_private_network_that_cannot_be_made_is_an_error():
    done = shell("true", "--net=private", before=UNPRIVILEGED)
    assert done.status == 125 and "--net private: " in done.err, done


@pytest.mark.parametrize("options,words", [
    (("--ns", "pid,nonsense"), '"nonsense" is no namespace'),
    (("--ns", ""), '"" is no namespace'),
    (("--ns", "pid", "--exec"), "--exec makes none")])
def test_what_is_refused(options, words):
    refuses(words, "-r", busybox_root(), "-u", "1000", *options, "true")
