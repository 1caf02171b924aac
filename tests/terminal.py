"""A terminal for the tests: a pty whose other side a program has, as its
session's; keys are typed, the output is read, and nothing waits for a time
that was guessed: what is waited for is a condition."""

import array
import errno
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

SECONDS = 40  # for whatever a busy machine takes; then the test has failed
OFLAG, LFLAG = 1, 3


def until(condition, what, seconds=SECONDS):
    """What the condition returns, once that is true."""
    end = time.monotonic() + seconds
    pause = 0.002
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


class Terminal:
    """The program leads a session that the terminal controls.  streams: what
    0-2 are instead of the terminal, by number.  setup(slave) is called before
    the program starts."""

    def __init__(self, *argv, streams=None, size=(30, 100), env=None,
                 setup=None, pass_fds=()):
        self.master, slave = os.openpty()
        self.name = os.ttyname(slave)
        self.output = b""
        self.ended = None
        self.set_size(*size)
        if setup:
            setup(slave)
        self.before = self.modes()
        streams = streams or {}
        self.process = subprocess.Popen(
            [str(arg) for arg in argv],
            **{name: streams.get(fd, slave) for fd, name in
               enumerate(("stdin", "stdout", "stderr"))},
            env={**os.environ, "TERM": "xterm", **(env or {})},
            pass_fds=pass_fds, preexec_fn=lambda: self.take(slave))
        os.close(slave)
        os.set_blocking(self.master, False)

    @staticmethod
    def take(slave):
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hang_up()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=SECONDS)

    # --- the terminal

    def modes(self):
        return termios.tcgetattr(self.master)

    def is_raw(self):
        modes = self.modes()
        return not (modes[LFLAG] & (termios.ICANON | termios.ECHO |
                                    termios.ISIG) or
                    modes[OFLAG] & termios.OPOST)

    def is_as_before(self):
        return self.modes() == self.before

    def set_size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def foreground(self):
        return os.tcgetpgrp(self.master)

    def waiting_input(self):
        """Bytes that were typed and not read yet."""
        count = array.array("i", [0])
        slave = os.open(self.name, os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(slave, termios.FIONREAD, count)
        os.close(slave)
        return count[0]

    def hang_up(self):
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    # --- typing and reading

    def read(self, seconds=0.05):
        """What has come, appended to output; False at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            assert error.errno == errno.EIO
            return False
        self.output += data
        return bool(data)

    def type(self, text):
        data = text.encode() if isinstance(text, str) else text
        end = time.monotonic() + SECONDS
        while data:
            if select.select([self.master], [self.master], [], 1)[1]:
                try:
                    data = data[os.write(self.master, data):]
                except BlockingIOError:
                    pass
            self.read(0)
            assert time.monotonic() < end, self.output[-300:]

    def wait_for(self, pattern, seconds=SECONDS):
        """Until this is in the output, which is cut behind it."""
        if isinstance(pattern, str):
            pattern = pattern.encode()
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.output)
            if found:
                self.output = self.output[found.end():]
                return found
            is_open = self.read()
            assert time.monotonic() < end and (
                is_open or re.search(pattern, self.output)), (
                    pattern, self.output[-600:])

    def all_output(self):
        """Until the program has ended, and nothing is left."""
        end = time.monotonic() + SECONDS
        while self.read() and time.monotonic() < end:
            if self.process.poll() is not None and \
                    not select.select([self.master], [], [], 0)[0]:
                break
        return self.output

    # --- the program

    def status(self):
        """Of the program, that has to end; its output is read meanwhile."""
        self.all_output()
        return self.process.wait(timeout=SECONDS)

    def state(self, pid=None):
        return process_state(pid or self.process.pid)

    def wait_stopped(self, pid=None):
        def is_stopped():
            self.read(0)
            return self.state(pid) == "T"
        until(is_stopped, "the program is stopped")

    def kill(self, number):
        os.kill(self.process.pid, number)

    def go_on(self):
        self.kill(signal.SIGCONT)


def process_fields(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def process_state(pid):
    fields = process_fields(pid)
    return fields and fields[0]


def cpu_ticks(pid):
    fields = process_fields(pid)
    return int(fields[11]) + int(fields[12])


def children(pid):
    found = []
    for entry in os.listdir("/proc"):
        fields = process_fields(entry) if entry.isdigit() else None
        if fields and int(fields[1]) == pid:
            found.append(int(entry))
    return found
