"""The terminal of a jail's own, from the caller's side and from the jail's."""

import errno
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
import tty

import pytest

import matrix
import terminal
from conftest import BUILD, COLUMN, owner_of, run, shared_once
from jailroot import add_program, busybox_root, compile_c, make_root
from terminal import Terminal, children, cpu_ticks, until

JAILLAUNCH = BUILD / "jaillaunch"
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root"),
    pytest.mark.skipif(not os.path.exists("/proc/self/stat"),
                       reason="looks at processes by /proc"),
    pytest.mark.skipif(not os.path.exists("/dev/ptmx"),
                       reason="no terminal can be made here")]

# inject TEXT: types into the terminal on 0, as if it were the user.
INJECT = r"""
#include <stdio.h>
#include <sys/ioctl.h>
int main(int argc, char **argv)
{
	const char *at;

	for (at = argv[argc - 1]; *at; at++)
		if (ioctl(0, TIOCSTI, at) < 0)
			return 1;
	return puts("injected") < 0;
}
"""

# Bytes to standard output, as fast as it takes them: flood COUNT.
FLOOD = r"""
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	long left = atol(argv[argc - 1]);
	char line[64];

	memset(line, 'x', 63);
	line[63] = '\n';
	for (; left > 0; left -= 64)
		if (write(1, line, 64) != 64)
			return 1;
	return 7;
}
"""


def make_tty_root(path):
    make_root(path)
    for name in ("sh", "printf", "sha1sum"):
        (path / "bin" / name).unlink(missing_ok=True)
    for program in ("/bin/bash", "/bin/stty", "/usr/bin/sha1sum",
                    "/usr/bin/printf"):
        add_program(path, program, "bin/" + os.path.basename(program))
    for applet in ("tty", "readlink", "dd", "nohup"):
        (path / "bin" / applet).symlink_to("busybox")
    (path / "bin/sh").symlink_to("bash")
    os.mknod(path / "dev/tty", 0o666 | stat.S_IFCHR, os.makedev(5, 0))
    (path / "dev/tty").chmod(0o666)
    compile_c(INJECT, path / "bin/inject")
    compile_c(FLOOD, path / "bin/flood")


def jail(*options):
    root = shared_once("tty-root", make_tty_root)
    return [JAILLAUNCH, "-r", root, "-u", "jailuser", *options, "--"]


def bash(script, *options):
    return [*jail(*options), "bash", "--norc", "-c", script]


def is_executed(program, keeper):
    try:
        return os.readlink(f"/proc/{program}/exe") != \
            os.readlink(f"/proc/{keeper}/exe")
    except OSError:  # ended
        return False


def inside(process):
    """The keeper and the program of a launch.  Where one lacks something there
    were others before, who came to nothing."""
    def found():
        assert process.poll() is None, "it has ended"
        return [(keeper, program) for keeper in children(process.pid)
                for program in children(keeper)
                if is_executed(program, keeper)]
    return until(found, "a program")[0]


def the_report(path):
    return json.loads(path.read_text())


# --- which terminal ----------------------------------------------------------

def kind_of(scratch, *options, streams=None):
    report = scratch / "report"
    with Terminal(*bash("exit 3", "--report", report, *options),
                  streams=streams) as outer:
        assert outer.status() == 3
        assert outer.is_as_before()
    return the_report(report)["tty"]


def test_on_a_terminal_the_jail_has_its_own(scratch):
    assert kind_of(scratch) == {"kind": "pty"}


@pytest.mark.parametrize("fd, name", [(0, "input"), (1, "output")])
def test_auto_wants_two_terminals(scratch, fd, name):
    found = kind_of(scratch, streams={fd: subprocess.DEVNULL})
    assert found == {"kind": "lent" if fd else "none", "why_no_pty":
                     f"standard {name} is not a terminal"}


def test_without_a_terminal_auto_makes_none(scratch):
    done = run(*bash("tty", "--report", scratch / "report"))
    assert done.status == 1 and done.out == "not a tty\n", done
    assert the_report(scratch / "report")["tty"] == {
        "kind": "none", "why_no_pty": "standard input is not a terminal"}
    if shutil.which("strace"):
        trace = scratch / "trace"
        run("strace", "-f", "-o", trace, *bash("true"))
        assert "/bin/bash" in trace.read_text()
        assert "ptmx" not in trace.read_text()


@pytest.mark.needs("root")
def test_auto_does_without_where_a_stream_is_open_for_the_other_way(scratch):
    """Without /proc a terminal of another session cannot be opened again."""
    hidden = ["unshare", "-m", "sh", "-c",
              'mount -t tmpfs none /proc && exec "$@"', "sh"]
    if run(*hidden, "true").status != 0:
        pytest.skip("no mount namespaces")
    report = scratch / "report"
    master, slave = os.openpty()
    read_only = os.open(os.ttyname(slave), os.O_RDONLY | os.O_NOCTTY)
    with Terminal(*hidden, *bash("exit 3", "--report", report),
                  streams={1: read_only}) as outer:
        assert outer.status() == 3
    for fd in (master, slave, read_only):
        os.close(fd)
    found = the_report(report)["tty"]
    assert found["kind"] == "lent", found
    assert "descriptor 1 is not open for writing" in found["why_no_pty"]


def test_no_means_no(scratch):
    assert kind_of(scratch, "--tty", "no") == {"kind": "lent",
                                               "why_no_pty": "--tty no"}


def test_other_words_are_refused():
    done = run(*bash("true", "--tty", "maybe"))
    assert done.status == 125 and done.err == \
        'jaillaunch: --tty "maybe": it is auto, yes or no\n', done
    done = run(*bash("true", "--tty", "yes", "--exec"))
    assert done.status == 125 and "--exec leaves out" in done.err, done
    with Terminal(*bash("exit 4", "--exec")) as outer:
        assert outer.status() == 4


def test_verbose_and_explain_say_it():
    with Terminal(*bash("true", "-v")) as outer:
        outer.wait_for(r"terminal +pty\r\n")
        assert outer.status() == 0
    done = run(*bash("true", "--explain"))
    assert "terminal      none  standard input is not a terminal\n" in done.out


def poor_host(scratch):
    """A root without /dev/ptmx, in which jaillaunch and a jail are."""
    host = scratch / "host"
    shutil.copytree(shared_once("tty-root", make_tty_root), host / "jail",
                    symlinks=True, ignore=lambda *_: ["dev"])
    add_program(host, JAILLAUNCH, "bin/jaillaunch")
    (host / "tmp").mkdir()
    return ["chroot", host, "/bin/jaillaunch", "-r", "/jail", "-u", "1000"]


@pytest.mark.skipif(
    b"__asan_init" in JAILLAUNCH.read_bytes(),
    reason="the sanitizers need /proc, and read their settings there")
@pytest.mark.skipif(COLUMN != "", reason="a launcher in another root is not "
                    "in the column")
def test_a_host_that_has_none(scratch):
    start = poor_host(scratch)
    with Terminal(*start, "--report", "/tmp/report", "--", "bash", "--norc",
                  "-c", "test -t 0 && exit 5") as outer:
        assert outer.status() == 5
    assert the_report(scratch / "host/tmp/report")["tty"] == {
        "kind": "lent", "why_no_pty": "a terminal for the jail (/dev/ptmx; "
        "--tty no does without one): No such file or directory"}
    with Terminal(*start, "--tty", "yes", "--", "bash") as outer:
        outer.wait_for(r"jaillaunch: a terminal for the jail \(/dev/ptmx; "
                       r"--tty no does without one\): No such file")
        assert outer.status() == 125


# --- what the jail sees ------------------------------------------------------

def test_the_program_has_it_as_its_own():
    script = ("test -t 0 -a -t 1 -a -t 2 && echo streams; "
              "echo by name >/dev/tty; stty size; echo $TERM; read x")
    with Terminal(*bash(script)) as outer:
        outer.wait_for(r"streams\r\nby name\r\n30 100\r\nxterm\r\n")
        keeper, program = inside(outer.process)
        name = os.readlink(f"/proc/{program}/fd/0")
        assert name != outer.name
        assert {os.readlink(f"/proc/{program}/fd/{fd}")
                for fd in range(3)} == {name}
        node = os.stat(f"/proc/{program}/fd/0")
        assert (node.st_uid, node.st_gid) == (owner_of(1000),) * 2
        assert stat.S_IMODE(node.st_mode) == 0o600
        fields = terminal.process_fields(program)
        _, _, group, session, number, foreground = fields[:6]
        assert int(session) == keeper != os.getsid(outer.process.pid)
        assert int(group) == int(foreground) == program
        assert int(number) == node.st_rdev
        # The caller's terminal is not among what the program holds.
        outside = os.stat(outer.name).st_rdev
        for fd in os.listdir(f"/proc/{program}/fd"):
            assert os.stat(f"/proc/{program}/fd/{fd}").st_rdev != outside
        outer.type("\n")
        assert outer.status() == 0


def test_its_modes_are_the_callers():
    def no_echo(slave):
        modes = terminal.termios.tcgetattr(slave)
        modes[terminal.LFLAG] &= ~terminal.termios.ECHO
        modes[6][terminal.termios.VINTR] = b"\x19"
        terminal.termios.tcsetattr(slave, terminal.termios.TCSANOW, modes)

    with Terminal(*bash("stty -a"), setup=no_echo) as outer:
        text = outer.all_output()
        assert b" -echo " in text and b"intr = ^Y" in text, text
        assert outer.is_as_before()


def test_the_size_of_the_window_follows():
    script = "trap 'stty size; exit 6' WINCH; echo ready; while :; do " \
             "read -t 1 x; done"
    with Terminal(*bash(script)) as outer:
        outer.wait_for("ready")
        outer.set_size(41, 142)
        outer.wait_for("41 142")
        assert outer.status() == 6


def test_nothing_can_be_typed_into_the_callers():
    """Without seccomp, which refuses TIOCSTI, too."""
    text = "echo pwned\n"
    sysctl = pathlib.Path("/proc/sys/dev/tty/legacy_tiocsti")
    if sysctl.exists() and sysctl.read_text() == "0\n":
        pytest.skip("this kernel has no TIOCSTI")
    with Terminal(*jail("-I", "-q", "--tty", "no"), "inject", text) as outer:
        assert outer.status() == 0 and b"injected" in outer.output
        assert outer.waiting_input() == len(text)
    with Terminal(*jail("-I", "-q"), "inject", text) as outer:
        assert outer.status() == 0 and b"injected" in outer.output
        assert outer.waiting_input() == 0


def make_image(path):
    path.mkdir()
    (path / "m.jail").write_text("use bash\nuse coreutils\n")
    done = run(BUILD / "jailbuild", path / "m.jail", "-o", path / "image.tar")
    assert done.status == 0, done


@pytest.mark.parametrize("missing", [None, "unshare,move_mount,mount"])
@pytest.mark.needs("mount", "root")
def test_an_image_may_be_tried_in_several_ways(scratch, missing):
    """Each try has a terminal, and /dev has its name."""
    image = shared_once("tty-image", make_image) / "image.tar"
    before = [BUILD / "tools/without", f"{missing}=EPERM"] if missing else []
    with Terminal(*before, JAILLAUNCH, "-i", image, "--report",
                  scratch / "report", "--", "bash", "-c",
                  "echo /dev/*; stty size; read x </dev/tty; echo $x; exit 5"
                  ) as outer:
        outer.wait_for("/dev/full /dev/null /dev/random /dev/tty "
                       "/dev/urandom /dev/zero\r\n30 100\r\n")
        outer.type("typed\n")
        outer.wait_for("typed\r\ntyped")
        assert outer.status() == 5
        assert outer.is_as_before()
    root = the_report(scratch / "report")["root"]
    assert ("unpacked" in root["from"]) == (missing is not None), root


# --- keys --------------------------------------------------------------------

@pytest.mark.parametrize("key, status", [("\x03", 130), ("\x1c", 131)])
def test_keys_that_end_it(key, status):
    with Terminal(*bash("echo ready; exec sleep 100")) as outer:
        outer.wait_for("ready")
        _, program = inside(outer.process)  # bash ignores SIGQUIT
        comm = pathlib.Path(f"/proc/{program}/comm")
        until(lambda: comm.read_text() == "sleep\n", "it is executed")
        outer.type(key)
        assert outer.status() == status
        assert outer.is_as_before()


def test_end_of_file():
    with Terminal(*bash("cat; echo end; exit 4")) as outer:
        outer.type("one\n")
        outer.wait_for("one\r\none\r\n")
        outer.type("\x04")
        outer.wait_for("end")
        assert outer.status() == 4


def test_a_large_paste_is_complete():
    data = os.urandom(300000).replace(b"\x00", b"y")
    want = terminal.subprocess.run(["sha1sum"], input=data, check=True,
                                   capture_output=True).stdout.split()[0]
    script = f"stty raw -echo; echo ready; head -c {len(data)} | sha1sum"
    with Terminal(*bash(script)) as outer:
        outer.wait_for("ready")
        outer.type(data)
        outer.wait_for(want)
        assert outer.status() == 0


def test_lines_pasted_to_a_slow_reader():
    script = "echo ready; n=0; while read -r line && [ $line != end ]; do " \
             "n=$((n+${#line})); done; echo; echo sum $n"
    line = "z" * 79 + "\n"
    with Terminal(*bash(script)) as outer:
        outer.wait_for("ready")
        outer.type(line * 1000 + "end\n")
        outer.wait_for("sum 79000")


# --- output ------------------------------------------------------------------

def test_no_output_is_lost_at_the_end():
    for count in (64, 4096, 64 * 1024, 64 * 20000):
        with Terminal(*jail(), "flood", count) as outer:
            assert outer.status() == 7
            assert len(outer.output) == count + count // 64  # CR each
            assert outer.is_as_before()


@pytest.mark.needs("our mounts")
def test_a_process_outside_that_has_it_is_not_waited_for():
    with Terminal(*bash("echo ready; read x; echo last")) as outer:
        outer.wait_for("ready")
        _, program = inside(outer.process)
        held = os.open(os.readlink(f"/proc/{program}/fd/0"),
                       os.O_RDWR | os.O_NOCTTY)
        outer.type("\n")
        outer.wait_for("last")
        assert outer.status() == 0
        os.close(held)


def test_orphans_that_have_it_are_ended():
    script = "for i in 1 2 3; do setsid sh -c 'trap \"\" HUP; while :; do " \
             "sleep 100; done' & done; echo last"
    with Terminal(*bash(script)) as outer:
        assert outer.status() == 0
        assert outer.output.endswith(b"last\r\n")


def waits(process):
    """It sleeps, in the same call of the same arguments, for a while."""
    def call():
        return pathlib.Path(f"/proc/{process}/syscall").read_text()

    def is_the_same():
        before = call()
        time.sleep(0.1)
        return before == call() and before != "running\n"
    until(is_the_same, f"{process} waits")


def flooded():
    """Nobody takes what it writes, and it can write no more."""
    outer = Terminal(*jail(), "flood", 10 ** 9)
    _, program = inside(outer.process)
    waits(program)
    waits(outer.process.pid)
    return outer


def test_a_caller_who_reads_nothing_can_still_end_it():
    with flooded() as outer:
        outer.kill(signal.SIGTERM)
        assert outer.process.wait(timeout=terminal.SECONDS) == 143
        assert outer.is_as_before()


@pytest.mark.parametrize("count", [2, 10])
def test_an_end_that_is_asked_for_again_and_again(count):
    """Whatever the moment at which the last of them comes."""
    with flooded() as outer:
        for _ in range(count):
            outer.kill(signal.SIGTERM)
        assert outer.process.wait(timeout=terminal.SECONDS) == 143


def fill(outer):
    """Nothing more can be written to it until somebody reads."""
    slave = os.open(outer.name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(slave, b"." * 100)
    os.close(slave)


def test_the_last_output_of_who_ends_by_himself_is_waited_for():
    """Also if a signal was handed on to him, and his reader takes his time."""
    script = "trap 'echo last; exit 5' TERM; echo ready; read x"
    with Terminal(*bash(script)) as outer:
        outer.wait_for("ready")
        _, program = inside(outer.process)
        fill(outer)
        outer.kill(signal.SIGTERM)
        until(lambda: terminal.process_state(program) in (None, "Z"),
              "the program has ended")
        time.sleep(2)  # twice as long as who ends by that signal is given
        assert outer.status() == 5
        assert outer.output.endswith(b".last\r\n")


@pytest.mark.parametrize("seed", range(6))
def test_a_terminal_that_takes_no_more_does_not_make_it_deaf(seed):
    script = f"RANDOM={seed}; while :; do printf %0$((RANDOM % 4096 + 1))d; " \
             "done"
    with Terminal(*bash(script, "--tty", "no", "--limit", "output=1G"),
                  setup=tty.setraw) as outer:
        _, program = inside(outer.process)
        waits(program)
        waits(outer.process.pid)
        outer.kill(signal.SIGTERM)
        assert outer.process.wait(timeout=terminal.SECONDS) == 143


def test_a_limit_of_output_holds_on_a_terminal(scratch):
    report = scratch / "report"
    with open(scratch / "errors", "wb") as errors, \
            Terminal(*bash("test -t 1 || exit 3; printf %01000d 1 >&2; "
                           "flood 1000000", "--report", report,
                           "--limit", "output=9000"),
                     streams={2: errors}) as outer:
        assert outer.status() == 137
        assert len(outer.output) == 8000
        assert outer.is_as_before()
    assert (scratch / "errors").stat().st_size == 1000
    assert the_report(report)["limit"] == "output"
    with Terminal(*jail("--limit", "output=64K"), "flood", 1024) as outer:
        assert outer.status() == 7


# --- stopping ----------------------------------------------------------------

SHELL = ["env", "PS1=OUT> ", "TERM=dumb", "bash", "--norc", "--noprofile", "-i"]


def cat():
    return bash("echo begun; exec cat")


def shell():
    if COLUMN and "chroot" in matrix.lacking():
        pytest.skip("no program can be launched in this column, and what is "
                    "typed into a shell is not seen by the matrix")
    outer = Terminal(*SHELL)
    outer.wait_for("OUT> ")
    outer.type("set -b\n")
    outer.wait_for("OUT> ")
    return outer


def quoted(argv):
    return " ".join("'" + str(arg).replace("'", "'\\''") + "'"
                    for arg in argv)


def test_the_whole_jail_stops_and_goes_on():
    with shell() as outer:
        outer.type(quoted(cat()) + "\n")
        outer.wait_for("begun\r")
        until(outer.is_raw, "raw mode")
        outer.type("one\n")
        outer.wait_for("one\r\none")
        outer.type("\x1a")
        outer.wait_for(r"Stopped(?s:.*)OUT> ")
        assert not outer.is_raw()
        outer.type("echo $((6 * 7))\n")
        outer.wait_for(r"42\r\nOUT> ")
        outer.type("fg\n")
        until(outer.is_raw, "raw mode")
        outer.type("two\n")
        outer.wait_for("two\r\ntwo")
        outer.type("\x04")
        outer.wait_for("OUT> ")


@pytest.mark.parametrize("milliseconds", range(6))
def test_stopped_while_it_starts(milliseconds):
    with shell() as outer:
        outer.type(quoted(cat()) + "\n")
        launcher = until(lambda: children(outer.process.pid), "launcher")[0]
        time.sleep(milliseconds / 1000)
        outer.type("\x1a")

        def is_stopped():
            outer.read(0)
            return outer.state(launcher) == "T"
        until(lambda: is_stopped() or b"begun\r" in outer.output, "a start")
        try:
            until(is_stopped, "stopped", seconds=0.5)
        except AssertionError:  # there was nobody to stop yet
            outer.type("\x1a")
            until(is_stopped, "stopped")
        outer.wait_for(r"Stopped(?s:.*)OUT> ")
        outer.type("fg\n")
        until(outer.is_raw, "raw mode")
        outer.type("goes on\n")
        outer.wait_for("goes on\r\n(begun\r\n)?goes on")
        outer.type("\x04")
        outer.wait_for("OUT> ")


def test_what_was_set_while_it_was_stopped_stays():
    with shell() as outer:
        outer.type(quoted(cat()) + "\n")
        outer.wait_for("begun\r")
        until(outer.is_raw, "raw mode")
        outer.type("\x1a")
        outer.wait_for(r"Stopped(?s:.*)OUT> ")
        outer.type("stty intr ^Y; fg\n")
        until(outer.is_raw, "raw mode")
        outer.type("\x04")
        outer.wait_for("OUT> ")
        outer.type("stty -a\n")
        outer.wait_for(r"intr = \^Y")


@pytest.mark.needs("the caller's processes")
def test_a_script_that_waits_for_us_stops_too():
    with shell() as outer:
        script = quoted(cat()) + "; echo after $?"
        outer.type("sh -c " + quoted([script]) + "\n")
        outer.wait_for("begun\r")
        until(outer.is_raw, "raw mode")
        outer.type("\x1a")
        outer.wait_for(r"Stopped(?s:.*)OUT> ")
        outer.type("fg\n")
        until(outer.is_raw, "raw mode")
        outer.type("\x04")
        outer.wait_for("after 0")


def test_the_program_cannot_stop_who_watches_us():
    launch = quoted(bash("echo begun; read x; kill -STOP $$; exit 8"))
    with shell() as outer:
        outer.type("sh -c " + quoted([launch + "; echo watched $?"]) + "\n")
        outer.wait_for("begun\r")
        until(outer.is_raw, "raw mode")
        script = children(outer.process.pid)[0]
        launcher = children(script)[0]
        outer.type("\n")
        outer.wait_stopped(launcher)
        assert outer.state(script) != "T"
        until(lambda: not outer.is_raw(), "modes are given back")
        os.kill(launcher, signal.SIGCONT)
        outer.wait_for("watched 8")


def test_a_reader_in_the_background_is_stopped():
    with shell() as outer:
        outer.type(quoted(bash("echo begun; read x; echo got $x")) + " &\n")
        outer.wait_for("begun")
        outer.wait_for("Stopped")
        assert not outer.is_raw()
        outer.type("fg\n")
        until(outer.is_raw, "raw mode")
        outer.type("this\n")
        outer.wait_for("got this")
        outer.wait_for("OUT> ")


def test_a_writer_in_the_background_goes_on_and_takes_nothing():
    with shell() as outer:
        script = "echo begun; while [ ! -e /$0 ]; do sleep 0.05; done; " \
                 "echo done"
        flag = f"flag{os.getpid()}"
        outer.type(quoted(bash(script)) + f" {flag} &\n")
        outer.wait_for("begun")
        outer.type("echo still $((1 + 1))\n")
        outer.wait_for("still 2")
        assert not outer.is_raw()
        path = shared_once("tty-root", make_tty_root) / flag
        path.touch()
        outer.wait_for(r"done\r+\n")
        path.unlink()


def test_to_the_foreground_without_a_signal():
    """bash's fg sends none to a job that runs."""
    with shell() as outer:
        outer.type(quoted(bash("echo begun; while ! read -t 0.05 x; do :; "
                               "done; echo got $x")) + " &\n")
        outer.wait_for("begun")
        outer.type("fg\n")
        until(outer.is_raw, "raw mode")
        outer.type("that\n")
        outer.wait_for("got that")


def test_where_nobody_could_continue_us_it_goes_on():
    """We lead the session: our group is an orphaned one."""
    with Terminal(*bash("echo ready; exec cat")) as outer:
        outer.wait_for("ready")
        outer.type("\x1a")
        until(outer.is_raw, "raw mode")
        outer.type("goes on\n")
        outer.wait_for("goes on\r\ngoes on")
        outer.type("\x04")
        assert outer.status() == 0


def test_jobs_inside():
    with Terminal(*jail(), "bash", "--norc") as outer:
        outer.wait_for(r"\[jail\]\$ ")
        outer.type("echo begun; cat\n")
        outer.wait_for("begun\r\n")
        outer.type("in\n")
        outer.wait_for("in\r\nin\r\n")
        outer.type("\x1a")
        outer.wait_for(r"Stopped(?s:.*)\[jail\]\$ ")
        assert outer.state() != "T"
        outer.type("jobs; fg\n")
        outer.wait_for(r"\[1\]\+? +Stopped +cat(?s:.*)cat\r\n")
        outer.type("out\n")
        outer.wait_for("out\r\nout\r\n")
        outer.type("\x03")
        outer.wait_for(r"\[jail\]\$ ")
        outer.type("sleep 100 &\n")
        outer.wait_for(r"\[jail\]\$ ")
        outer.type("jobs; kill %1; wait; exit 9\n")
        outer.wait_for("Running")
        assert outer.status() == 9


# --- whatever happens --------------------------------------------------------

@pytest.mark.parametrize("end", ["supervisor", "keeper", "program"])
@pytest.mark.parametrize("options", [[], ["--tty", "yes"]])
def test_killed_the_callers_terminal_is_as_before(end, options):
    with Terminal(*bash("echo ready; stty raw; read x", *options)) as outer:
        outer.wait_for("ready")
        until(outer.is_raw, "raw mode")
        keeper, program = inside(outer.process)
        os.kill({"supervisor": outer.process.pid, "keeper": keeper,
                 "program": program}[end], signal.SIGKILL)
        until(outer.is_as_before, "modes are given back")
        until(lambda: terminal.process_state(program) in (None, "Z"),
              "the program has ended")
        status = outer.status()
        assert status == {"supervisor": -9, "keeper": 125,
                          "program": 137}[end]


def test_killed_while_stopped_the_shells_modes_stay():
    with shell() as outer:
        outer.type(quoted(cat()) + "\n")
        outer.wait_for("begun\r")
        until(outer.is_raw, "raw mode")
        launcher = children(outer.process.pid)[0]
        outer.type("\x1a")
        outer.wait_for(r"Stopped(?s:.*)OUT> ")
        modes = outer.modes()
        os.kill(launcher, signal.SIGKILL)
        until(lambda: not children(launcher), "the keeper has gone")
        assert outer.modes() == modes
        outer.type("echo alive\n")
        outer.wait_for("alive")


@pytest.mark.parametrize("options, program, status", [
    ([], ["nothing-there"], 127), (["--limit", "wall-time=200ms"],
                                   ["sleep", "100"], 124)])
def test_other_ends(options, program, status):
    with Terminal(*jail(*options), *program) as outer:
        assert outer.status() == status
        assert outer.is_as_before()


def test_hang_up_of_the_callers():
    with Terminal(*bash("echo ready; exec sleep 100")) as outer:
        outer.wait_for("ready")
        _, program = inside(outer.process)
        outer.hang_up()
        assert outer.process.wait(timeout=terminal.SECONDS) == 129
        assert terminal.process_state(program) is None


def test_who_ignores_the_hang_up_goes_on_without(scratch):
    theirs, ours = socket.socketpair()
    number = theirs.fileno()
    script = f"trap '' HUP; exec 9<&{number}; echo ready; read x; " \
             "echo status $? >&2; read y <&9; exit 3"
    with open(scratch / "errors", "w") as errors, \
            Terminal(*bash(script, "--keep-fd", number), streams={2: errors},
                     pass_fds=[number]) as outer:
        outer.wait_for("ready")
        until(outer.is_raw, "raw mode")
        outer.hang_up()
        until(lambda: "status 1" in (scratch / "errors").read_text(),
              "the jail's terminal was hung up too")
        before = cpu_ticks(outer.process.pid)
        for _ in range(3):  # it is busy with nothing
            time.sleep(0.1)
        assert cpu_ticks(outer.process.pid) - before <= 3
        ours.send(b"go\n")
        assert outer.process.wait(timeout=terminal.SECONDS) == 3
    ours.close()
    theirs.close()


# --- mixed, by --tty yes -----------------------------------------------------

# A host where a started launch is tried again: without a cgroup namespace.
RETRIED = (BUILD / "tools/without", "namespaces:0x02000000=EPERM")


@pytest.mark.parametrize("before", [(), RETRIED], ids=["", "retried"])
def test_a_terminal_where_there_is_none(before):
    done = run(*before,
               *bash("test -t 0 -a -t 1 -a -t 2 && stty size; read x; "
                     "echo got $x; cat; exit 5", "--tty", "yes"),
               input="some\nmore\n")
    assert done.status == 5, done
    out = done.out.replace("\r", "")
    assert out.startswith("24 80\n") or "\n24 80\n" in out, done
    assert "got some\n" in out and out.count("more\n") == 2, done
    assert done.err == "", done


@pytest.mark.parametrize("how", ["yes", "no"])
def test_modes_are_given_back_after_a_second_attempt(how):
    with Terminal(*RETRIED, *bash("stty raw -echo", "--tty", how)) as outer:
        assert outer.status() == 0
        assert outer.is_as_before()


def test_input_that_ends_within_a_line():
    done = run(*bash("cat >/dev/null; echo end", "--tty", "yes"), input="part")
    assert done.status == 0 and "end" in done.out, done


def test_output_that_nobody_reads_hangs_it_up():
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [str(arg) for arg in bash("while :; do echo yes; done",
                                  "--tty", "yes")],
        stdin=subprocess.DEVNULL, stdout=writer)
    os.close(writer)
    assert os.read(reader, 3) == b"yes"
    os.close(reader)
    assert process.wait(timeout=terminal.SECONDS) == 129


def test_only_input_is_a_terminal(scratch):
    script = "test -t 0 && test ! -t 1 && echo to a file; echo seen " \
             ">/dev/tty; read x; echo $x"
    with open(scratch / "out", "w") as out, \
            Terminal(*bash(script, "--tty", "yes"),
                     streams={1: out, 2: subprocess.DEVNULL}) as outer:
        outer.wait_for("seen")
        outer.type("typed\n")
        assert outer.status() == 0
        assert outer.is_as_before()
    assert (scratch / "out").read_text() == "to a file\ntyped\n"


def test_only_output_is_a_terminal():
    script = "read x; echo $x; read y </dev/tty; echo $y"
    data = subprocess.run(["printf", "from a file\n"], check=True,
                          capture_output=True).stdout
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    with Terminal(*bash(script, "--tty", "yes"),
                  streams={0: reader}) as outer:
        outer.wait_for("from a file")
        until(outer.is_raw, "raw mode")
        outer.type("from keys\n")
        outer.wait_for("from keys\r\nfrom keys")
        assert outer.status() == 0
        assert outer.is_as_before()
    os.close(reader)


def test_errors_to_a_file_do_not_pass_the_terminal(scratch):
    with open(scratch / "errors", "w") as errors, \
            Terminal(*bash("echo out; echo wrong >&2"),
                     streams={2: errors}) as outer:
        assert outer.status() == 0
        assert b"out" in outer.output and b"wrong" not in outer.output
    assert (scratch / "errors").read_text() == "wrong\n"


def test_many_at_once():
    """Each has a terminal of its own."""
    failed = []

    def one(number):
        with Terminal(*bash("read x; stty size; echo $x; exit 1",
                            ), size=(20 + number, 90)) as outer:
            outer.type(f"mine {number}\n")
            outer.wait_for(f"{20 + number} 90\r\nmine {number}\r\n")
            if outer.status() != 1:
                failed.append(number)

    threads = [threading.Thread(target=one, args=(number,))
               for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@pytest.mark.skipif(bool(COLUMN), reason="is a column by itself")
def test_a_second_attempt_without_terminal_is_reported(scratch):
    """No cgroup namespace can be made, which the first attempt shows when it
    has used its terminal up; and then there is no other to be had."""
    report, seen = scratch / "report", scratch / "seen"

    def launch(*fault):
        report.unlink(missing_ok=True)
        return run(BUILD / "tools/fault", seen, 60, *fault,
                   BUILD / "columns/no-unshare/jaillaunch", "-r",
                   busybox_root(), "-u", 23456, "--tty", "yes", "--report",
                   report, "--", "true")

    launch("list")
    calls = [tuple(line.split()[2:]) for line in seen.read_text().splitlines()
             if re.match("call 0 open(at)? ", line)]
    reported = [report.exists() for call in calls
                if "a terminal for the jail" in launch(errno.ENXIO, 0,
                                                       *call).err]
    # the first is wanted before the report's file is opened
    assert reported == [False, True]
