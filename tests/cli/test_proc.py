"""/proc in a jail: never unasked, only in a pid namespace, of the jail's own
processes alone, and of no use for getting out."""

import json
import os
import pathlib
import shutil

import pytest

from conftest import BUILD, owner_of, run, shared_once
from jailroot import busybox_root, make_root, refuses

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="chroot needs root")

LAUNCH = BUILD / "jaillaunch"
NEW, OLD = "subset=pid,hidepid=ptraceable", "hidepid=2"
METHODS = {"detached": None, "namespace": "mount_setattr=ENOSYS",
           "old": "open_tree,fsopen=ENOSYS",
           "attached": "open_tree,fsopen,unshare=ENOSYS"}
OPTIONS = [("-r",), ("-i",), ("-i", "--writable"), ("-i", "--no-pin")]


def make_roots(path):
    path.mkdir()
    make_root(path / "root")
    (path / "root/proc").mkdir()
    (path / "m.jail").write_text("use busybox\nrun-as 1000\nneed shm proc\n")
    done = run(BUILD / "jailbuild", path / "m.jail", "-o", path / "image.tar")
    assert done.status == 0, done


def inside(script, *options, how=("-r",), before=()):
    path = shared_once("proc-roots", make_roots)
    where = path / ("root" if how[0] == "-r" else "image.tar")
    asked = ["--proc"] if how[0] == "-r" else []
    return run(*before, LAUNCH, how[0], where, "-u", "1000", *how[1:], *asked,
               *options, "--", "busybox", "sh", "-c", script)


def without(missing):
    return (BUILD / "tools/without", missing) if missing else ()


@pytest.mark.parametrize("how", OPTIONS, ids="".join)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.needs("ns-mnt")
def test_shows_the_jails_processes_and_nothing_else(scratch, method, how):
    report = scratch / "report.json"
    done = inside("busybox ls /proc; echo $$; "
                  "busybox cat /proc/$$/cmdline | busybox tr '\\0' ' '; "
                  "busybox ls /proc/self/task | busybox wc -l",
                  "--report", report, how=how, before=without(METHODS[method]))
    assert (done.status, done.err) == (0, ""), done
    # the other is ls; what held the mounts for a moment had a number
    first = 3 if method == "attached" else 2
    names = done.out.split(f"\n{first}\n")[0].split()
    assert names == [str(first), str(first + 1), "self", "thread-self"], done
    assert "busybox sh -c " in done.out and done.out.endswith("1\n")
    assert json.loads(report.read_text())["root"]["proc"] == NEW


@pytest.mark.parametrize("path", [
    "1/root", "1/cwd", "1/mem", "1/fd", "1/environ", "1/exe", "sys", "sysrq-trigger",
    "kcore", "mounts", "net", "cpuinfo", "version", "kallsyms", "fs", "bus"])
def test_nothing_of_the_host_is_there(path):
    done = inside(f"busybox ls -l /proc/{path}")
    assert done.status == 1 and "No such file" in done.err, done


def test_nothing_can_be_written():
    for path in ("comm", "oom_score_adj", "mem", "coredump_filter",
                 "uid_map", "attr/current"):
        done = inside(f"echo 1 >/proc/self/{path}")
        assert done.status != 0 and "Read-only file system" in done.err, done


def test_links_of_processes_end_in_the_jail():
    done = inside("busybox ls /proc/self/root/; busybox ls /proc/2/cwd/../..; "
                  "busybox readlink /proc/self/root; "
                  "busybox readlink /proc/self/cwd")
    assert done.out.endswith("/\n/\n"), done
    names = done.out.split("\n")
    assert "proc" in names and "boot" not in names and "sys" not in names


def test_another_users_process_is_hidden():
    """Two of one jail: what may not be traced is not seen."""
    done = inside("busybox ls /proc", "--allow-root", "--user=0")
    assert "1" not in done.out.split(), done


@pytest.mark.parametrize("call, missing", [
    # who is not root has mount(2) alone
    pytest.param("fsconfig", None, marks=pytest.mark.needs("ids")),
    ("mount", "open_tree,fsopen=ENOSYS")])
@pytest.mark.needs("mount-calls")
def test_where_the_kernel_has_less(scratch, call, missing):
    """Before Linux 5.8: the first option is refused, the second taken."""
    root = shared_once("proc-roots", make_roots) / "root"
    found = []
    for nth in range(1, 15):
        report = scratch / f"report{nth}"
        done = run("strace", "-f", "-o", "/dev/null", "-e",
                   f"inject={call}:error=EINVAL:when={nth}",
                   *without(missing), LAUNCH, "-r", root, "-u",
                   "1000", "--proc", "--report", report, "--", "busybox", "sh",
                   "-c", "[ ! -e /proc/1 ] && echo /proc/*")
        if json.loads(report.read_text())["root"].get("proc") == OLD:
            found.append(done)
    assert found
    for done in found:
        assert done.status == 0 and "/proc/version" in done.out, done


def test_mount_flags():
    done = run(LAUNCH, "-r", "/", "-u", "1000", "--proc", "--ns=pid,mnt", "--",
               "grep", " /proc ", "/proc/self/mountinfo")
    lines = [line for line in done.out.splitlines() if " - proc " in line]
    # in who is not root's jail it covers the host's
    assert len(lines) == (2 if owner_of(0) else 1), done
    flags = lines[-1].split()[5].split(",")
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(flags), done


def test_never_unasked():
    path = shared_once("proc-roots", make_roots)
    done = run(LAUNCH, "-r", path / "root", "-u", "1000", "--", "ls", "/proc")
    assert (done.status, done.out) == (0, ""), done


@pytest.mark.parametrize("options, words", [
    (("--ns=none",), "--proc shows the processes of a pid namespace, and "
     "there is none with this --ns"),
    (("--ns=uts",), "there is none with this --ns"),
    (("--exec",), "there is none with --exec"),
    (("--tmpfs=/proc",), "something else is mounted on /proc")])
def test_what_contradicts_it(options, words):
    path = shared_once("proc-roots", make_roots)
    refuses(words, "-r", path / "root", "-u", "1000", "--proc", *options,
            "--", "true")


def test_an_image_that_needs_it_is_refused_without():
    path = shared_once("proc-roots", make_roots)
    refuses("need proc shows the processes", "-i", path / "image.tar",
            "--ns=none", "--", "busybox", "true")


def test_where_no_pid_namespace_can_be_made():
    path = shared_once("proc-roots", make_roots)
    done = run(*without("namespaces:0x20000000=EPERM"), LAUNCH, "-r",
               path / "root", "-u", "1000", "--proc", "--", "echo", "ran")
    assert (done.status, done.out) == (125, ""), done
    assert "--proc: a namespace (pid) cannot be made here" in done.err, done


def test_where_nothing_can_be_mounted():
    done = inside("echo ran", how=("-i", "--no-pin"),
                  before=without("fsopen,mount=EPERM"))
    assert (done.status, done.out) == (125, ""), done
    assert "need shm, need proc: mounts, which cannot be made" in done.err


def test_it_needs_a_place():
    refuses(f"/proc is not in the root {busybox_root()}, and a mount needs a "
            "place: make one there, or say --writable", "-r", busybox_root(),
            "-u", "1000", "--proc", "--", "true")
    done = run(LAUNCH, "-r", busybox_root(), "-u", "1000", "--proc",
               "--writable", "--", "ls", "/proc")
    assert "self" in done.out.split(), done


def test_a_link_is_no_place(scratch):
    root = scratch / "root"
    shutil.copytree(busybox_root(), root, symlinks=True,
                    ignore=shutil.ignore_patterns("dev"))
    (root / "proc").symlink_to("tmp")
    refuses("/proc", "-r", root, "-u", "1000", "--proc", "--", "true")


@pytest.mark.needs("mount")
def test_explain_says_how():
    path = shared_once("proc-roots", make_roots)
    done = run(LAUNCH, "-r", path / "root", "-u", "1000", "--proc",
               "--explain", "--", "true")
    assert f"/proc         with {NEW}\n" in done.out, done


def test_only_the_place_is_in_the_image(scratch):
    path = pathlib.Path(shared_once("proc-roots", make_roots))
    listed = run("tar", "-tvf", path / "image.tar").out
    assert [line.split()[0] for line in listed.splitlines()
            if line.endswith(" proc/") or line.endswith(" ./proc/")] == \
        ["drwxr-xr-x"], listed
