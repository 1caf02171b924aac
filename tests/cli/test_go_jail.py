"""jaillaunch called as go-jail: that program's flags, statuses and examples,
in our own words, on the root of the test's own host."""

import errno
import os
import pathlib
import re
import tempfile

import pytest

from conftest import BUILD, ROOT, run
from jailroot import compile_c

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="changing the user needs root")

# What its manual calls the start of a list, written years before the C
# libraries of today: mmap2, fstat64 and set_thread_area are other machines'.
OLD_LIST = ("execve,exit,read,open,close,mmap,mmap2,fstat,fstat64,access,"
            "mprotect,set_thread_area,brk,openat,exit_group,prctl,arch_prctl")
DAEMON = ["-user", "daemon", "-group", "daemon"]


@pytest.fixture(scope="module")
def go_jail(tmp_path_factory):
    path = tmp_path_factory.mktemp("guise") / "go-jail"
    path.symlink_to(BUILD / "jaillaunch")
    return lambda *argv, **kw: run(path, *argv, **kw)


def test_it_runs_a_program_as_a_user(go_jail):
    done = go_jail(*DAEMON, "--", "id")
    assert done.status == 0 and done.err == "", done
    assert re.fullmatch(r"uid=1\(daemon\) gid=1\(daemon\)"
                        r"( groups=1\(daemon\))?\n", done.out), done


def test_numbers_with_a_hash(go_jail):
    done = go_jail("-user=#12345", "-group=#54321", "sh", "-c",
                   "id -u; id -g")
    assert done.out == "12345\n54321\n", done


@pytest.mark.parametrize("flags,expected", [
    ([], "0000000000000000"), (["-caps="], "0000000000000000"),
    (["--caps=CAP_CHOWN,CAP_KILL,CAP_DAC_OVERRIDE"], "0000000000000023"),
    (["-caps", "chown, kill"], "0000000000000021")])
@pytest.mark.needs("the program's /proc")
def test_the_bounding_set(go_jail, flags, expected):
    if not os.path.exists("/proc/self/status"):
        pytest.skip("no /proc")
    done = go_jail(*DAEMON, *flags, "--", "grep", "-E",
                   "^Cap(Bnd|Eff|Amb)", "/proc/self/status")
    assert dict(re.findall(r"(Cap\w+):\s*(\w+)", done.out)) == {
        "CapBnd": expected, "CapEff": "0" * 16, "CapAmb": "0" * 16}, done


def test_it_is_executed_in_place(go_jail):
    """Same process: its status, its signals, its number are the program's."""
    done = go_jail(*DAEMON, "sh", "-c", "exit 7")
    assert done.status == 7, done
    assert go_jail(*DAEMON, "sh", "-c", "kill -9 $$").status == -9
    done = run("python3", "-c", """if True:
        import os, sys
        pid = os.fork()
        if pid == 0:
            os.execv(sys.argv[1], ["/x/go-jail", "-user", "daemon", "-group",
                                   "daemon", "sh", "-c", "echo $$"])
        os.waitpid(pid, 0)
        print(pid)""", BUILD / "jaillaunch")
    first, second = done.out.split()
    assert first == second, done


def test_environment_and_directory_stay(go_jail):
    done = go_jail(*DAEMON, "sh", "-c", "echo $KEPT; pwd",
                   env={**os.environ, "KEPT": "yes"}, cwd="/usr")
    assert done.out == "yes\n/usr\n", done


def test_a_directory_that_the_user_may_not_enter(go_jail, scratch):
    """Root calls from his home; the program starts in / then."""
    scratch.chmod(0o700)
    done = go_jail(*DAEMON, "pwd", cwd=scratch)
    assert (done.status, done.out) == (0, "/\n"), done


def test_an_old_list_still_starts_a_program(go_jail):
    done = go_jail(*DAEMON, f"-syscall-allow={OLD_LIST},write", "--", "echo",
                   "just", "enough")
    assert (done.status, done.out) == (0, "just enough\n"), done


def test_without_write_in_it_nothing_is_written(go_jail):
    done = go_jail(*DAEMON, f"-syscall-allow={OLD_LIST}", "--", "echo", "x")
    assert (done.status, done.out) == (1, ""), done


def test_what_the_list_does_not_have_fails_with_eperm(go_jail):
    done = go_jail(*DAEMON, f"-syscall-allow={OLD_LIST},write", "--", "mkdir",
                   "/tmp/never")
    assert done.status == 1, done
    assert not os.path.exists("/tmp/never")


PROBE = r"""
    #include <errno.h>
    #include <stdio.h>
    #include <sched.h>
    #include <sys/ptrace.h>
    #include <sys/socket.h>
    #include <unistd.h>
    static int said(long result) { return result < 0 ? errno : 0; }
    int main(void)
    {
        /* no such process; no such directory; a namespace; a socket */
        int traced = said(ptrace(PTRACE_PEEKDATA, 99999999, 0, 0));
        int rooted = said(chroot("/no/such/place"));
        int apart = said(unshare(CLONE_NEWUSER));
        int vsock = said(socket(40, SOCK_STREAM, 0));
        printf("%d %d %d %d\n", traced, rooted, apart, vsock);
        return 0;
    }
"""


@pytest.fixture
def outside_tmp():
    """Where a launcher that is not root's has no file system of the jail's."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


def test_a_list_opens_what_it_names(go_jail, outside_tmp):
    """Not what is refused for its arguments; nothing without its name."""
    scratch = outside_tmp
    compile_c(PROBE, scratch / "probe")
    names = "@loader,@io,unshare,socket"
    done = go_jail(*DAEMON, f"-syscall-allow={names},ptrace,chroot",
                   scratch / "probe")
    assert done.out == (f"{errno.ESRCH} {errno.ENOENT} {errno.EPERM} "
                        f"{errno.EAFNOSUPPORT}\n"), done
    done = go_jail(*DAEMON, f"-syscall-allow={names}", scratch / "probe")
    assert done.out == (f"{errno.EPERM} {errno.EPERM} {errno.EPERM} "
                        f"{errno.EAFNOSUPPORT}\n"), done


def test_groups_in_a_list(go_jail):
    done = go_jail(*DAEMON, "-syscall-allow=@loader,@io", "echo", "families")
    assert (done.status, done.out) == (0, "families\n"), done


@pytest.mark.parametrize("flag", ["-syscall-deny", "--syscall-block"])
def test_a_list_of_what_is_denied(go_jail, flag):
    """write can be: nothing is written, and the program sees it fail."""
    done = go_jail(*DAEMON, f"{flag}=write", "--", "echo", "x")
    assert (done.status, done.out) == (1, ""), done
    assert go_jail(*DAEMON, f"{flag}=mkdir, mkdirat", "--", "sh", "-c",
                   "mkdir /tmp/never").status == 1
    assert go_jail(*DAEMON, f"{flag}=mkdir", "echo", "x").out == "x\n"


@pytest.mark.parametrize("denied,words", [
    ("write", "no such program"), ("writev", "no such program"),
    ("write,writev", "")])
def test_its_own_words_when_writing_is_denied(go_jail, denied, words):
    done = go_jail(*DAEMON, "-syscall-deny", denied, "no-such-program")
    assert done.status == 1 and done.out == "", done
    assert words in done.err and (words or done.err == ""), done


@pytest.mark.parametrize("argv,words", [
    (["-user", "daemon", "true"], "-user and -group are both needed"),
    (["-group", "daemon", "true"], "-user and -group are both needed"),
    (["-user", "", "-group", "daemon", "true"], "are both needed"),
    ([*DAEMON], "no command"),
    ([*DAEMON, "--"], "no command"),
    ([*DAEMON, "-syscall-allow=read", "-syscall-deny=write", "true"],
     "one, not both"),
    ([*DAEMON, "-syscall-allow=raed", "true"], '"raed"; the nearest'),
    ([*DAEMON, "-syscall-deny=raed", "true"], '"raed"; the nearest'),
    ([*DAEMON, "-syscall-allow=read if low0", "true"], "readiflow0"),
    ([*DAEMON, "-syscall-allow=read#", "true"], "not the name"),
    ([*DAEMON, "-syscall-deny=execve", "true"], "execve cannot be denied"),
    ([*DAEMON, "-caps=CAP_CHWON", "true"], 'did you mean "chown"'),
    (["-user", "nobody-here", "-group", "daemon", "true"], "nobody-here"),
    ([*DAEMON, "no-such-program"], "no such program"),
])
def test_errors_are_status_1(go_jail, argv, words):
    done = go_jail(*argv)
    assert done.status == 1 and done.out == "", done
    assert done.err.startswith("go-jail: ") and words in done.err, done
    assert done.err.count("\n") == 1, done


@pytest.mark.parametrize("argv,words", [
    (["-usr", "x"], "flag provided but not defined: -usr"),
    (["-user"], "flag needs an argument: -user"),
    (["-r", "/"], "not defined: -r"), (["--u=x"], "not defined: -u")])
def test_wrong_flags_are_status_2(go_jail, argv, words):
    done = go_jail(*argv)
    assert done.status == 2 and words in done.err, done


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help(go_jail, flag):
    done = go_jail(flag)
    assert done.status == 0 and done.err == "", done
    for name in ("-user", "-group", "-caps", "-syscall-allow",
                 "-syscall-deny"):
        assert f"  {name} " in done.out


def test_root_has_to_be_named(go_jail):
    done = go_jail("-user", "root", "-group", "root", "id", "-u")
    assert (done.status, done.out) == (0, "0\n"), done
    done = go_jail("-user", "daemon", "-group", "#0", "id", "-g")
    assert (done.status, done.out) == (0, "0\n"), done


def test_better_than_it_was(go_jail):
    """No descriptor and no supplementary group is inherited."""
    end, other = os.pipe()
    done = go_jail(*DAEMON, "bash", "-c",
                   f"true <&{end} && echo leaked; id -G",
                   pass_fds=[end])
    os.close(end)
    os.close(other)
    assert done.out == "1\n", done


def test_both_links_are_installed():
    done = run("make", "-n", "install", "B=/nowhere/build", "DESTDIR=/nowhere",
               cwd=ROOT)
    assert "for name in capejail go-jail" in done.out, done.err
    assert "ln -sf jaillaunch /nowhere/" in done.out
