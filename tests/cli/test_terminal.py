"""Jails in a real terminal: a shell in tmux, keys pressed, the screen read."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from conftest import BUILD, shared_once
from jailroot import add_program, make_root

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="chroot needs root")


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

    def __init__(self, scratch):
        self.socket = str(scratch / "tmux")
        self.tmux("new-session", "-d", "-x", "120", "-y", "40",
                  "env PS1='OUT> ' bash --norc --noprofile")
        root = shared_once("terminal-root", make_terminal_root)
        self.launch = f"{BUILD}/jaillaunch -r {root} -u jailuser"
        self.wait("OUT>")
        self.type(f"J='{self.launch}'; clear")
        self.wait("OUT>", lines=1)

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

    def wait(self, last, lines=None, seconds=15):
        """Until the last line ends with this (the prompt, say)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.lines()
            if found and found[-1].endswith(last.rstrip()) and \
                    lines in (None, len(found)):
                return found
            time.sleep(0.03)
        raise AssertionError(f"no line {last!r}:\n" + "\n".join(self.lines()))

    def clear(self):
        self.tmux("send-keys", "-R")
        self.tmux("clear-history")
        self.type("clear")
        time.sleep(0.1)

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"],
                       check=False, capture_output=True)


@pytest.fixture
def screen(scratch):
    made = Screen(scratch)
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


def test_a_shell_with_job_control(screen):
    screen.type("$J -- bash --norc")
    found = screen.wait("[jail]$")
    assert not [line for line in found if "job control" in line]
    screen.type("echo $((6*7)) $TERM")
    assert any(line.startswith("42 ") and len(line) > 4
               for line in screen.wait("[jail]$"))
    screen.type("sleep 77")
    time.sleep(0.2)
    screen.keys("C-z")
    assert any("Stopped" in line for line in screen.wait("[jail]$"))
    screen.type("bg; jobs")
    assert any("Running" in line for line in screen.wait("[jail]$"))
    screen.type("fg")
    screen.wait("sleep 77")
    screen.keys("C-c")
    screen.wait("[jail]$")
    screen.type("exit 9")
    screen.wait("OUT>")
    screen.type("echo status $?")
    assert "status 9" in screen.wait("OUT>")


def test_the_whole_jail_stops_and_goes_on(screen):
    screen.type("$J -- cat")
    time.sleep(0.3)
    screen.keys("C-z")
    assert any("Stopped" in line for line in screen.wait("OUT>"))
    screen.type("jobs")
    screen.wait("OUT>")
    screen.type("fg")
    time.sleep(0.3)
    screen.type("hello")
    screen.wait("hello")
    screen.keys("C-d")
    found = screen.wait("OUT>")
    assert found.count("hello") == 2, found


def test_stopped_twice_and_sent_to_the_background(screen):
    screen.type("$J -- bash --norc -c 'for i in 1 2 3 4 5 6; do sleep 0.4; "
                "echo tick $i; done; read line; echo read $line'")
    screen.wait("tick 1")
    screen.keys("C-z")
    screen.wait("OUT>")
    screen.type("fg")
    screen.wait("tick 3")
    screen.keys("C-z")
    screen.wait("OUT>")
    screen.type("bg")
    screen.wait("tick 6")
    # It reads in the background, so it is stopped; in the foreground it goes
    # on.
    time.sleep(0.5)
    screen.type("jobs; fg")
    time.sleep(0.5)
    screen.type("line")
    assert "read line" in screen.wait("OUT>")


def test_interrupt_ends_it(screen):
    screen.type("$J -- sleep 77")
    time.sleep(0.3)
    screen.keys("C-c")
    screen.wait("OUT>")
    screen.type("echo status $?")
    assert "status 130" in screen.wait("OUT>")


@pytest.mark.parametrize("how", ["exit 0", "kill -KILL $$"])
def test_terminal_modes_are_given_back(screen, how):
    screen.type(f"$J -- bash -c 'stty raw -echo; {how}'")
    time.sleep(0.4)
    screen.type("clear; stty -a | tr ' ;' '\\n\\n' | "
                "grep -cx -e icanon -e echo -e opost")
    found = screen.wait("OUT>")
    assert "3" in found, found


def test_the_shell_has_its_terminal_back_when_we_are_killed(screen):
    screen.type("$J -- bash --norc -c 'echo here; exec sleep 76.5'")
    screen.wait("here")
    pane = int(screen.tmux("display-message", "-p", "#{pane_pid}"))
    for pid, parent in processes("jaillaunch").items():
        if parent == pane:
            os.kill(pid, signal.SIGKILL)
    screen.type("echo alive $?")
    assert "alive 137" in screen.wait("OUT>")
    time.sleep(0.2)
    for pid in processes("sleep"):
        command = pathlib.Path(f"/proc/{pid}/cmdline")
        assert not command.exists() or b"76.5" not in command.read_bytes()


def test_started_in_the_background_it_takes_nothing(screen):
    screen.type("$J -- bash --norc -c 'sleep 0.5; echo done' & echo free")
    screen.wait("done")
    screen.type("echo still mine")
    assert "still mine" in screen.wait("OUT>")
