"""Every system call of launcher and builder fails in turn, or kills: never
less confinement, a crash, a hang, silence, or something left behind.

`make check` takes the first call of each name in each process; `make soak`
(JAIL_SOAK=1) takes all calls, with every error and SIGKILL."""

import os

import pytest

from conftest import BUILD, IS_SANITIZED
from fault import faults

SOAK = os.environ.get("JAIL_SOAK") == "1"
# Of a sweep, so that they run side by side.
PARTS = 8 if SOAK else 1

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    # the sanitizers make calls of their own, and die of what fails
    pytest.mark.skipif(IS_SANITIZED, reason="a sanitized build")]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", faults.SCENARIOS)
def test_sweep(name, part, scratch):
    choose = faults.all_faults if SOAK else faults.few_faults
    n, wrong = faults.sweep(name, scratch, choose, (part, PARTS))
    assert not wrong, f"{len(wrong)} of {n}:\n" + "\n".join(wrong)


# What the sweeps found, each by itself: (scenario, error, process, call, nth);
# LAST: the last of its name.
LAST = -1
FOUND = [
    # output that could not be written to the terminal was lost in silence
    ("launch-tty", "ENOSPC", 0, "write", 2),
    # a note that could not be read was taken for the keeper's end
    ("launch-tty", "EMFILE", 0, "read", 1),
    # so was a wait that failed, and the jail was ended without a word
    ("launch-root", "ENOMEM", 0, "poll", 1),
    # the keeper became no subreaper, and what was left stayed
    ("launch-root", "EIO", 1, "prctl", 1),
    # its descriptors were those of another, and it told nobody
    ("launch-root", "EIO", 1, "dup2", 1),
    # it never saw the program's end
    ("launch-root", "ENOMEM", 1, "waitid", 1),
    ("launch-root", "EPERM", 0, "rt_sigprocmask", 2),
    # half of the list of processes, and the one that was missed waited for
    ("launch-root", "EPERM", 1, "getdents64", 2),
    # a fallback for another kernel's sake, when memory was short
    ("launch-root", "ENOMEM", 2, "close_range", 1),
    # "the kernel has no more capabilities", though it has
    ("launch-root", "EINVAL", 2, "prctl", 26),
    ("launch-root", "EINVAL", 2, "prctl", 41),
    # another directory was found, and a failure was told all the same
    ("launch-tar", "EPERM", 0, "fstatfs", 1),
    # the guard removed the directory that was in use
    ("launch-tar", "EMFILE", 1, "dup2", 1),
    # the guard was not told, and waited for
    ("launch-tar", "ENOMEM", 0, "write", LAST),
    # the directory was there before its guard
    ("launch-tar", "KILL", 0, "flock", 3),
    ("launch-tar", "EMFILE", 0, "flock", 3),
    # a directory that could not be looked at was taken for missing, and no
    # file system mounted on it
    ("launch-pinned", "EMFILE", 0, "openat2", 5),
    ("launch-pinned", "EIO", 0, "fstat", 15),
    # what the program wrote was lost, and nobody told
    ("launch-output", "EMFILE", 0, "read", 1),
    # each waited for the other to give the terminal back
    ("launch-tty", "ENOSPC", 1, "write", 1),
    # the process that mounts were to be held by could not say its number
    ("launch-old-unpinned", "EPERM", 3, "write", 1),
    # what could not be killed was waited for
    ("rootless-root", "EPERM", 1, "kill", 2),
    # an ELF file that could not be read was taken for a static one
    ("build-tar", "EIO", 0, "pread64", 5),
    ("build-tar", "EPERM", 0, "pread64", 5),
    # what could not be looked at was taken for missing
    ("build-tar", "EPERM", 0, "readlinkat", 1),
]


@pytest.mark.parametrize("name,error,process,call,nth", FOUND)
def test_found(name, error, process, call, nth, scratch):
    scenario = faults.SCENARIOS[name]()
    scenario.prepare(scratch)
    plain = scenario.run(("list",))
    scenario.check_plain(plain)
    made = [made for made in plain.calls
            if (made.process, made.name) == (process, call)]
    assert len(made) >= abs(nth), "no such call any more"
    nth = nth - 1 if nth > 0 else nth
    why = faults.try_fault(scenario, (error, made[nth]))
    assert why is None, why


def test_probe_sees_what_is_open(scratch):
    """A verdict that can be bad: the probe outside of any jail."""
    inside = faults.launch_root()
    done = faults.run_with(("list",), [BUILD / "tools/probe", faults.UID,
                                       inside[-1]], scratch)
    for word in ("uid", "gid", "capabilities", "bounding set", "securebits",
                 "no_new_privs", "chroot", "host's root", "wrong top",
                 "core"):
        assert word in done.out, (word, done)


@pytest.mark.parametrize("words", [
    ("-I",), ("--caps", "net_raw"), ("--keep-fd", "9"),
    ("--chdir", "/dev")])
def test_probe_sees_less_confinement(words, scratch):
    """What the launcher leaves open on request is told by the probe."""
    command = faults.launch_root(*words)
    if "--keep-fd" in words:
        command = ["/bin/sh", "-c", 'exec "$@" 9</dev/null', "sh", *command]
    done = faults.run_with(("list",), command, scratch)
    assert done.out.startswith("open: "), done
