"""The default seccomp policy in force: every system call number, made bare and
under the filter (tests/tools/syscalls.c), and what people see of it."""

import re
import signal

import pytest

import matrix
from conftest import BUILD, COLUMN, ROOT, landlock_abi, ordinary_user, run

SYSCALLS = BUILD / "tools" / "syscalls"
FILTERED = BUILD / "tools" / "filtered"
USERS = {"root": dict, "ordinary": ordinary_user}


def counts(done):
    """calls, refused, shown, wrong"""
    line = done.out.splitlines()[-1]
    found = re.fullmatch(r"(\d+) calls, (\d+) refused, (\d+) of them shown, "
                         r"(\d+) wrong", line)
    assert found, done
    return [int(number) for number in found.groups()]


@pytest.mark.parametrize("user, features", [
    ("root", 0), ("root", 7), ("ordinary", 0), ("ordinary", 3),
    ("ordinary", 4)])
def test_every_number_is_answered_as_the_table_says(user, features):
    done = run(SYSCALLS, "--features", features, timeout=300,
               **USERS[user]())
    assert done.status == 0, done
    calls, refused, shown, wrong = counts(done)
    assert wrong == 0 and calls > 780, done
    # Above the newest: 300.  What the kernel itself answers alike (calls that
    # it lacks, privileges) shows nothing, but must not be most of the rest.
    assert refused > 500 and shown > 80, done


@pytest.mark.parametrize("amended", [
    ("--allow", "chroot,@debug"), ("--allow", "socket,ioctl,@setid"),
    ("--deny", "@ipc,@memfd,@sync,mseal"),
    ("--allow", "@io-uring", "--deny", "io_uring_enter,fchmodat2")])
def test_an_amended_policy_holds_in_the_kernel(amended):
    done = run(SYSCALLS, *amended, **ordinary_user())
    assert done.status == 0, done


def test_the_filter_is_inherited_through_exec():
    done = run(FILTERED, SYSCALLS, "--inside", **ordinary_user())
    assert done.status == 0, done
    assert counts(done)[3] == 0


def test_without_a_filter_the_same_check_fails():
    done = run(SYSCALLS, "--inside", **ordinary_user())
    assert done.status == 1, done
    assert counts(done)[3] > 80


UNSCOPED = "--landlock=none"
NO_NS = "--ns=none"
scoped = pytest.mark.skipif(landlock_abi() < 6, reason="no Landlock scopes")


@pytest.fixture
def seen_in_a_jail():
    if COLUMN and matrix.is_user() and str(BUILD).startswith("/tmp/"):
        pytest.skip("without root -r / has a /tmp of the jail's own, and we are "
                    "below the host's")


@pytest.mark.parametrize("launch, tool", [
    ((UNSCOPED, NO_NS), ()),
    ((UNSCOPED, NO_NS, "--net=host"), ("--features", "1")),
    ((UNSCOPED, "--ns=ipc", "--net=private"), ("--features", "3")),
    ((UNSCOPED, "--ns=pid"), ("--features", "4")),
    pytest.param((NO_NS,), ("--features", "2"), marks=scoped),
    pytest.param(("--net=host",), ("--features", "7"), marks=scoped),
    ((UNSCOPED, NO_NS, "--syscall-allow=chroot,@debug", "--syscall-deny=@ipc"),
     ("--allow", "chroot,@debug", "--deny", "@ipc")),
])
def test_in_a_jail_every_number_is_answered_as_the_table_says(
        seen_in_a_jail, jaillaunch, launch, tool):
    done = jaillaunch("-r", "/", "-u", "54321", *launch, "--", SYSCALLS,
                      "--inside", *tool)
    assert done.status == 0, done
    assert counts(done)[3] == 0


def test_an_insecure_jail_fails_the_same_check(seen_in_a_jail, jaillaunch):
    done = jaillaunch("-r", "/", "-u", "54321", "-I", "--", SYSCALLS,
                      "--inside")
    assert done.status == 1, done
    assert counts(done)[3] > 80


def test_chroot_ends_as_the_readme_says():
    assert run(FILTERED, "chroot", "/tmp").status == -signal.SIGSYS
    done = run(FILTERED, "bash", "-c", "chroot /tmp; echo $?")
    assert "Bad system call" in done.err, done
    assert done.out == "159\n"


def test_what_is_refused_reads_as_an_ordinary_error():
    done = run(FILTERED, "mount", "-t", "tmpfs", "none", "/mnt")
    assert done.status != 0 and "ermission denied" in done.err or \
        "not permitted" in done.err, done
    done = run(FILTERED, "unshare", "-U", "true")
    assert done.status == 1 and "Operation not permitted" in done.err, done


@pytest.mark.parametrize("option, word, message", [
    ("--allow", "chrot", 'no system call is named "chrot"; the nearest is '
                         '"chroot"'),
    ("--deny", "@keyrng", 'no system call group is named "@keyrng"; the '
                          'nearest is "@keyring"'),
])
def test_unknown_names_are_refused(option, word, message):
    done = run(FILTERED, option, word, "true")
    assert done.status == 2 and message in done.err, done


def test_the_table_in_the_docs_is_the_one_in_the_code():
    table = run(BUILD / "policy-gen", "--table").out
    assert table.count("\n") > 60
    text = (ROOT / "docs" / "SECCOMP.md").read_text()
    begin, end = "<!-- table: policy-gen --table -->\n", "<!-- end -->\n"
    assert text.split(begin)[1].split(end)[0] == table, \
        "docs/SECCOMP.md is out of date: paste what policy-gen --table prints"


def test_the_docs_name_the_newest_reviewed_call():
    header = (ROOT / "launcher" / "policy" / "syscalls.h").read_text()
    newest = re.search(r"SYSCALL_NEWEST (\d+)", header).group(1)
    text = (ROOT / "docs" / "SECCOMP.md").read_text()
    name = re.search(rf'\{{"(\w+)", \{{{newest}, {newest}\}}\}}',
                     (ROOT / "launcher" / "policy" / "syscalls.c").read_text())
    assert f"{name.group(1)} ({newest})" in text
