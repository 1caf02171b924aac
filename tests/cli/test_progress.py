"""The progress bar: on a terminal only, for slow work only, gone at the end."""

import os
import pty
import signal
import subprocess
import threading

import pytest

from conftest import BUILD


@pytest.fixture
def manifest(scratch):
    path = scratch / "slow.txt"
    path.write_text(f"copy {scratch}/big /big\n")
    with open(scratch / "big", "wb") as file:
        file.truncate(64 << 20)
    return path


def shown_on_a_terminal(argv, reader_waits):
    """What argv writes to a terminal while its output is read slowly."""
    controller, terminal = pty.openpty()
    pipe_out, pipe_in = os.pipe()
    process = subprocess.Popen(argv, stdout=pipe_in, stderr=terminal,
                               stdin=subprocess.DEVNULL)
    os.close(pipe_in)
    os.close(terminal)
    taken = threading.Event()

    def drain():
        waited = False
        while data := os.read(pipe_out, 1 << 20):
            if reader_waits and not waited:
                waited = taken.wait(0.7) or True
        os.close(pipe_out)
    reader = threading.Thread(target=drain)
    reader.start()
    shown = b""
    try:
        while data := os.read(controller, 4096):
            shown += data
    except OSError:
        pass  # the terminal's other side is closed
    reader.join()
    os.close(controller)
    assert process.wait() == 0
    return shown


def test_slow_work_shows_a_bar_and_wipes_it(manifest):
    shown = shown_on_a_terminal([BUILD / "jailbuild", manifest, "-o", "-"],
                                reader_waits=True)
    assert b"\rwriting [" in shown and b"% of 67 MB" in shown
    assert shown.endswith(b"\r\x1b[K")


def test_quiet_shows_none(manifest):
    shown = shown_on_a_terminal(
        [BUILD / "jailbuild", "-q", manifest, "-o", "-"], reader_waits=True)
    assert shown == b""


def test_no_terminal_no_bar(manifest):
    process = subprocess.Popen([BUILD / "jailbuild", manifest, "-o", "-"],
                               stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.read(1)
    process.send_signal(signal.SIGSTOP)
    threading.Event().wait(0.6)
    process.send_signal(signal.SIGCONT)
    process.stdout.read()
    assert process.stderr.read() == b""
    process.stdout.close()
    process.stderr.close()
    assert process.wait() == 0
