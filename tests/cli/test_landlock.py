"""Landlock as a layer: what it allows and refuses by the kernel's ABI, what is
said where it is missing, and the paths of --landlock-read and -write."""

import json
import os
import re

import pytest

from conftest import BUILD, landlock_abi, run
from jailroot import busybox_root, compile_c, launch, make_root, refuses, sh

ABI = landlock_abi()
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root"),
    pytest.mark.skipif(ABI < 6, reason=f"Landlock ABI {ABI}, and not 6")]

NO_CALL = (BUILD / "tools/without",
           "landlock_create_ruleset,landlock_restrict_self=ENOSYS")
FORBIDDEN = (BUILD / "tools/without",
             "landlock_create_ruleset,landlock_restrict_self=EPERM")
SWITCHED_OFF = (
    BUILD / "tools/without",
    "landlock_create_ruleset,landlock_restrict_self=EOPNOTSUPP")


def older(abi):
    return BUILD / "tools/other-kernel", f"landlock={abi}"


def report_of(scratch, *options, before=()):
    done = run(*before, BUILD / "jaillaunch", "-r", busybox_root(), "-u",
               "jailuser", "--report", scratch / "report", *options, "--",
               "true")
    assert (done.status, done.out) == (0, ""), done
    return json.loads((scratch / "report").read_text())


def layer_of(report):
    return next(layer for layer in report["layers"]
                if layer["name"] == "landlock")


@pytest.mark.needs("landlock", "ns-pid")
def test_the_report_says_what_it_keeps_apart(scratch):
    report = report_of(scratch)
    assert layer_of(report)["denies"] == \
        "tracing and signalling processes outside, and their abstract sockets"
    assert report["user"]["separated_by"] == ["pid namespace", "landlock"]
    assert not any("shares its uid" in note for note in report["notes"])


@pytest.mark.parametrize("before,options,words", [
    (NO_CALL, (), "this kernel has no Landlock"),
    (FORBIDDEN, (), "Landlock is forbidden here: Operation not permitted"),
    (SWITCHED_OFF, (), "Landlock is switched off"),
    (older(1), (), "ABI 1 would forbid moving files between directories"),
    ((), ("--landlock", "none"), "--landlock none"),
])
@pytest.mark.needs("landlock", "ns-pid")
def test_without_it_the_loss_is_named(scratch, before, options, words):
    report = report_of(scratch, *options, before=before)
    assert not layer_of(report)["applied"]
    assert words in layer_of(report)["why"]
    assert "landlock" not in report["user"]["separated_by"]
    assert not any("shares its uid" in note for note in report["notes"])
    report = report_of(scratch, *options, "--ns", "none", before=before)
    assert report["user"]["separated_by"] == []
    assert any("shares its uid with others" in note
               for note in report["notes"])


@pytest.mark.needs("landlock")
def test_without_scopes_the_loss_is_named(scratch):
    report = report_of(scratch, before=older(5))
    assert layer_of(report)["denies"] == \
        "tracing processes outside (this kernel's Landlock has no scope for " \
        "signals and abstract sockets)"
    assert "landlock" not in report["user"]["separated_by"]


@pytest.mark.needs("landlock")
def test_want_of_memory_is_not_want_of_landlock():
    for call in ("landlock_create_ruleset", "landlock_restrict_self"):
        done = run(BUILD / "tools/without", f"{call}=ENOMEM",
                   BUILD / "jaillaunch", "-r", busybox_root(), "-u",
                   "jailuser", "true")
        assert done.status == 125, done
        assert "memory" in done.err, done


@pytest.mark.needs("landlock")
def test_a_domain_that_cannot_be_entered_is_a_failure():
    done = run(BUILD / "tools/without", "landlock_restrict_self=EPERM",
               BUILD / "jaillaunch", "-r", busybox_root(), "-u", "jailuser",
               "true")
    assert (done.status, done.out) == (125, ""), done
    assert "layer landlock: enter the domain" in done.err


SOCKETS = r"""
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int meet(const struct sockaddr_un *address, socklen_t size)
{
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client;
    char byte = 0;

    if (server < 0 || bind(server, (void *)address, size) || listen(server, 1))
        return errno;
    if (fork() == 0) {
        client = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(client, (void *)address, size) || write(client, "x", 1) < 1)
            _exit(errno);
        _exit(0);
    }
    client = accept(server, NULL, NULL);
    if (client < 0 || read(client, &byte, 1) != 1)
        return errno;
    wait(NULL);
    return byte == 'x' ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct sockaddr_un path = {AF_UNIX, "/tmp/socket"};
    struct sockaddr_un abstract = {AF_UNIX, "\0jail-test"};
    int pair[2];

    printf("%d %d %d\n", meet(&path, sizeof(path)),
           meet(&abstract, sizeof(abstract)),
           socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) ? errno : 0);
    return argc > 5 && !*argv;
}
"""


@pytest.mark.needs("landlock")
def test_sockets_within_a_jail(scratch):
    """By a path and by an abstract name; refused where names are not apart."""
    make_root(scratch / "root")
    compile_c(SOCKETS, scratch / "root/sockets")
    command = (BUILD / "jaillaunch", "-r", scratch / "root", "-u", "jailuser")
    end = ("--limit", "tmp=1M", "--", "/sockets")
    assert run(*command, *end).out == "0 0 0\n"
    assert run(*command, "--landlock", "none", *end).out == "97 97 94\n"
    assert run(*older(5), *command, *end).out == "97 97 94\n"
    assert run(*NO_CALL, *command, *end).out == "97 97 94\n"


MOVES = "mkdir a b; echo x > a/x; mv a/x b/x; test -f b/x; cat b/x; ln b/x a/y"


@pytest.mark.parametrize("abi", [1, 2, 3, 4, 5, 6, 7])
def test_files_can_be_moved_under_every_abi(abi, scratch):
    make_root(scratch / "root")
    for applet in ("mv", "ln"):
        (scratch / "root/bin" / applet).symlink_to("busybox")
    for options in ((), ("--writable",)):
        done = run(*older(abi), BUILD / "jaillaunch", "-r", scratch / "root",
                   "-u", "jailuser", "--limit", "tmp=1M", *options, "-d",
                   "/tmp", "--", "sh", "-ec", MOVES)
        assert (done.status, done.out, done.err) == (0, "x\n", ""), done


def test_signals_within_a_jail_and_into_it(scratch):
    done = sh("sleep 60 & kill $!; wait $!; echo $?")
    assert done.out == "143\n", done
    done = run("timeout", "-s", "TERM", "0.3", BUILD / "jaillaunch", "-r",
               busybox_root(), "-u", "jailuser", "--", "sh", "-c",
               "trap 'echo got; exit 3' TERM; sleep 60 & wait")
    assert done.out == "got\n", done


# --- paths

def paths(*options, program="/bin/busybox cat /etc/passwd", **kwargs):
    return launch(*options, "--", *program.split(), **kwargs)


@pytest.fixture
def loaded():
    """What the programs of the shared root need to be started."""
    names = [name for name in ("/bin", "/lib", "/lib64", "/usr")
             if (busybox_root() / name.lstrip("/")).is_dir()]
    return [word for name in names for word in ("--landlock-read", name)]


def test_only_named_paths_can_be_read(loaded):
    done = paths(*loaded)
    assert done.status == 1 and "Permission denied" in done.err, done
    done = paths(*loaded, "--landlock-read", "/etc/passwd")
    assert done.status == 0 and "jailuser" in done.out, done
    done = paths(*loaded, "--landlock-read", "/etc/passwd",
                 program="/bin/ls /etc")
    assert done.status == 1, done
    done = paths(*loaded, "--landlock-read", "/etc", program="/bin/ls /etc")
    assert done.out == "group\npasswd\n", done


@pytest.mark.needs("ids")
def test_only_named_paths_can_be_written(loaded, scratch):
    make_root(scratch / "root")
    (scratch / "root/bin/rm").symlink_to("busybox")
    (scratch / "root/data").mkdir()
    (scratch / "root/data").chmod(0o777)
    write = ("--", "sh", "-c", "echo x > /data/x; echo $?; echo x > /tmp/x; "
             "echo $?; rm /data/x; echo $?; mkdir /data/d; echo $?")
    done = launch(*loaded, "--landlock-write", "/data", *write,
                  root=scratch / "root")
    assert done.out == "0\n1\n0\n0\n", done
    (scratch / "root/data/d").rmdir()
    done = launch(*loaded, "--landlock-read", "/data", *write,
                  root=scratch / "root")
    assert done.out == "1\n1\n1\n1\n", done
    done = launch(*write, root=scratch / "root")
    assert done.out == "0\n0\n0\n0\n", done


def test_a_fresh_file_system_can_be_named(loaded):
    done = launch(*loaded, "--landlock-write", "/tmp", "--limit", "tmp=1M",
                  "--", "sh", "-c", "echo x > /tmp/x && cat /tmp/x")
    assert done.out == "x\n", done


def test_paths_need_truncation_to_be_refused():
    for before, words in (
            (older(2), "need Landlock ABI 3 (Linux 6.2)"),
            (NO_CALL, "cannot be had: this kernel has no Landlock")):
        done = run(*before, BUILD / "jaillaunch", "-r", busybox_root(), "-u",
                   "jailuser", "--landlock-read", "/", "true")
        assert done.status == 125 and words in done.err, done
        assert done.err.count("\n") == 1


@pytest.mark.parametrize("abi", [3, 4, 5, 6])
def test_paths_under_every_abi(abi, loaded):
    done = run(*older(abi), BUILD / "jaillaunch", "-r", busybox_root(), "-u",
               "jailuser", *loaded, "--", "cat", "/etc/passwd")
    assert done.status == 1 and "Permission denied" in done.err, done


@pytest.mark.parametrize("flags,words", [
    (["--landlock", "some"], 'it is auto or none'),
    (["--landlock", "none", "--landlock-read", "/"], "contradicts"),
    (["--landlock-read", "etc"], "--landlock-read etc: an absolute path"),
    (["--landlock-read", "/", "--landlock-write", "/nowhere"],
     "layer landlock: --landlock-write /nowhere (no link is followed): No such"),
    (["--landlock-read", "/bin/sh"],
     "--landlock-read /bin/sh (no link is followed): "),
    (["--landlock-read", "/etc"], "--landlock-read names neither it nor"),
])
def test_flags_that_are_refused(flags, words):
    status = 126 if "neither" in words else 125
    refuses(words, "-r", busybox_root(), "-u", "jailuser", *flags, "true",
            status=status)


def test_explain_names_the_paths():
    done = launch("--explain", "--landlock-read", "/", "--", "true")
    assert re.search(r"landlock +on +denies .*path that was not named",
                     done.out), done
