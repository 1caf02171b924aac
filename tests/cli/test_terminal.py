"""Jails in a real terminal: a shell in tmux, keys pressed, the screen read; with
the terminal of a jail's own, and with the shell's lent to it."""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

import matrix
from conftest import BUILD, COLUMN, shared_once
from jailroot import add_program, make_root

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root"),
    pytest.mark.skipif(COLUMN != "" and "chroot" in matrix.lacking(),
                       reason="no program can be launched in this column, and "
                       "what is typed in tmux is not seen by the matrix")]


def make_terminal_root(path):
    make_root(path)
    (path / "bin/sh").unlink()
    for program in ("/bin/bash", "/bin/stty", "/bin/sleep"):
        target = path / "bin" / os.path.basename(program)
        target.unlink(missing_ok=True)
        add_program(path, program)
    (path / "bin/sh").symlink_to("bash")


class Screen:
    """A shell (prompt "OUT> ") in a terminal of its own."""

    def __init__(self, scratch, options):
        self.socket = str(scratch / "tmux")
        self.tmux("new-session", "-d", "-x", "120", "-y", "40",
                  "env PS1='OUT> ' bash --norc --noprofile")
        root = shared_once("terminal-root", make_terminal_root)
        launch = f"{BUILD}/jaillaunch -r {root} -u jailuser {options}"
        self.see("OUT>")
        self.type(f"J='{launch}'; clear")
        self.see("OUT>", lines=1)

    def tmux(self, *argv):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null",
                               *argv], capture_output=True, text=True,
                              check=True, timeout=20).stdout

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.keys("Enter")

    def lines(self):
        text = self.tmux("capture-pane", "-p", "-S", "-200")
        return [line.rstrip() for line in text.split("\n") if line.rstrip()]

    def see(self, last, *patterns, lines=None, seconds=40):
        """Until the last line ends with this (the prompt, say), and others
        match these, each after the one before."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.lines()
            if found and found[-1].endswith(last.rstrip()) and \
                    lines in (None, len(found)) and \
                    re.search(r"(?s:.*)".join(f"(?m:^{pattern}$)"
                                              for pattern in patterns),
                              "\n".join(found)):
                return found
            time.sleep(0.03)
        raise AssertionError(f"no {patterns}, {last!r}:\n" +
                             "\n".join(self.lines()))

    def until(self, condition, what):
        end = time.monotonic() + 40
        while not condition():
            assert time.monotonic() < end, (what, self.lines())
            time.sleep(0.03)

    def pane(self):
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"],
                       check=False, capture_output=True)


@pytest.fixture(params=["", "--tty no"], ids=["own", "lent"])
def screen(scratch, request):
    made = Screen(scratch, request.param)
    yield made
    made.end()


def processes(name):
    """Process id -> parent, of those of that name."""
    found = {}
    for entry in os.listdir("/proc"):
        try:
            if pathlib.Path(f"/proc/{entry}/comm").read_text() == name + "\n":
                fields = pathlib.Path(f"/proc/{entry}/stat").read_text()
                found[int(entry)] = int(fields.rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    return found


def runs(name, word):
    """Is there a program of that name with that argument?"""
    for pid in processes(name):
        try:
            if word in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return True
        except OSError:
            pass
    return False


def test_a_shell_with_job_control(screen):
    screen.type("$J -- bash --norc")
    found = screen.see("[jail]$")
    assert not [line for line in found if "job control" in line]
    screen.type("echo $((6*7)) $TERM")
    screen.see("[jail]$", r"42 \S+")
    screen.type("echo begun; sleep 77")
    screen.see("begun", "begun")
    screen.keys("C-z")
    screen.see("[jail]$", ".*Stopped.*")
    screen.type("bg; jobs")
    screen.see("[jail]$", ".*Running.*")
    screen.type("fg")
    screen.see("sleep 77", ".*fg", "sleep 77")
    screen.keys("C-c")
    screen.see("[jail]$", r"sleep 77", r"\^C.*")
    screen.type("exit 9")
    screen.see("OUT>")
    screen.type("echo status $?")
    screen.see("OUT>", "status 9")


def test_the_whole_jail_stops_and_goes_on(screen):
    screen.type("$J -- bash --norc -c 'echo begun; exec cat'")
    screen.see("begun", "begun")
    screen.keys("C-z")
    screen.see("OUT>", ".*Stopped.*")
    screen.type("fg")
    screen.see("", r"OUT> fg", r".*begun.*")
    screen.type("hello")
    screen.see("hello", "hello", "hello")
    screen.keys("C-d")
    found = screen.see("OUT>", "hello", "OUT>")
    assert found.count("hello") == 2, found


def test_stopped_twice_and_sent_to_the_background(screen):
    screen.type("$J -- bash --norc -c 'for i in 1 2 3 4 5 6; do sleep 0.4; "
                "echo tick $i; done; read line; echo read $line'")
    screen.see("tick 1")
    screen.keys("C-z")
    screen.see("OUT>", ".*Stopped.*")
    screen.type("fg")
    screen.see("", ".*fg", "tick [3456]")
    screen.keys("C-z")
    screen.see("OUT>", ".*fg", "(?s:.*)Stopped.*")
    screen.type("bg")
    screen.see("", "(OUT> )?tick 6")
    # It reads in the background, so it is stopped; in the foreground it goes
    # on.
    screen.until(lambda: any("Stopped" in line for line in
                             self_jobs(screen)), "a reader is stopped")
    screen.type("clear; fg")
    # What is typed before the shell has let go of the terminal is its own.
    screen.until(lambda: "read line" in " ".join(screen.lines()) and not
                 re.search("OUT>|Stopped|listed", " ".join(screen.lines())),
                 "it is in the foreground")
    screen.type("line")
    screen.see("OUT>", "read line")


def self_jobs(screen):
    """What the shell says of its jobs, now."""
    screen.type("clear; jobs; echo listed")
    found = screen.see("OUT>", "listed")
    return found


def test_interrupt_ends_it(screen):
    screen.type("$J -- bash --norc -c 'echo begun; exec sleep 77'")
    screen.see("begun", "begun")
    screen.keys("C-c")
    screen.see("OUT>", r"begun", r"(\^C)?OUT>")
    screen.type("echo status $?")
    screen.see("OUT>", "status 130")


@pytest.mark.parametrize("how", ["exit 0", "kill -KILL $$"])
def test_terminal_modes_are_given_back(screen, how):
    screen.type(f"$J -- bash -c 'stty raw -echo; {how}'; echo ended")
    screen.see("OUT>", "ended")
    screen.type("clear; stty -a | tr ' ;' '\\n\\n' | "
                "grep -cx -e icanon -e echo -e opost")
    screen.see("OUT>", "3", "OUT>")


def test_the_shell_has_its_terminal_back_when_we_are_killed(screen):
    screen.type("$J -- bash --norc -c 'echo here; exec sleep 76.5'")
    screen.see("here", "here")
    pane = screen.pane()
    for pid, parent in processes("jaillaunch").items():
        if parent == pane:
            os.kill(pid, signal.SIGKILL)
    screen.see("OUT>", "Killed.*|.*OUT>")
    screen.type("echo alive $?")
    screen.see("OUT>", "alive 137")
    screen.until(lambda: not runs("sleep", b"76.5"), "the program has ended")


def test_started_in_the_background_it_takes_nothing(screen):
    screen.type("$J -- bash --norc -c 'sleep 0.5; echo done' & echo free")
    screen.see("", ".*done")
    screen.type("echo still mine")
    screen.see("OUT>", "still mine")
