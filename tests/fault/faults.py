"""Faults: one system call of a run fails, or kills its process, and what the
run then came to is held against what may be.

A scenario is a command and what is right after it.  tests/tools/fault.c makes
the run and tells what it saw; tests/tools/probe.c, the program in the jail,
looks at its own confinement."""

import errno
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import pytest

from conftest import BUILD, shared_once

ERRORS = ("EPERM", "ENOMEM", "EIO", "ENOSPC", "EINTR", "EMFILE")
# Of kernels that lack a call, or a flag of it: a fallback may be chosen.
OLD_KERNEL = {"ENOSYS": None, "EINVAL": {"close_range", "prctl", "seccomp",
                                         "copy_file_range", "fcntl"}}
KILL = "KILL"
UID = "23456"
BASES = ("/run/jailwright", "/var/lib/jailwright", "/tmp/jailwright-0")
# The C library's, before main(): it ends the process as it pleases.
STARTUP = {"arch_prctl", "set_tid_address", "set_robust_list", "rseq", "brk",
           "mprotect"}
STARTUP_CALLS = 16
# Which no error code can make fail: they do not return, or not to C code.
# The C library aborts when a futex answers what it does not expect.  An error of
# geteuid() would be a uid.
NEVER_FAIL = {"exit", "exit_group", "rt_sigreturn", "restart_syscall",
              "futex", "geteuid"}
SECONDS = 60  # the most that a run may take


@dataclass(frozen=True)
class Call:
    """A system call of a process; nth: of those of its name there; number:
    of all calls of the run."""
    number: int
    process: int
    name: str
    nth: int


@dataclass
class Facts:
    """What tools/fault reported of a run."""
    calls: list = field(default_factory=list)
    is_done: bool = False
    ended: tuple = ()
    directories: list = field(default_factory=list)
    left: list = field(default_factory=list)
    hangs: bool = False
    out: str = ""
    err: str = ""

    def __str__(self):
        return (f"{self.ended} out {self.out!r} err {self.err!r} "
                f"left {self.left} hangs {self.hangs}")


def read_report(text):
    facts = Facts()
    for line in text.splitlines():
        word, *rest = line.split()
        if word == "call":
            facts.calls.append(Call(len(facts.calls), int(rest[0]), rest[1],
                                    int(rest[2])))
        elif word == "ended":
            facts.ended = (rest[0], int(rest[1]))
        elif word == "directory":
            facts.directories.append(rest[0])
        elif word == "left":
            facts.left.append(" ".join(rest))
        facts.is_done |= word == "done"
        facts.hangs |= word == "hangs"
    return facts


def run_with(fault, command, work, lacking="", who=None):
    """fault: ("list",), or an error's name or KILL, and a Call; lacking: calls
    that this kernel has not got; who: of subprocess, who is not root."""
    words = ["list"]
    if fault[0] != "list":
        number = 0 if fault[0] == KILL else getattr(errno, fault[0])
        words = [number, fault[1].process, fault[1].name,
                 fault[1].nth]
    report = work / "report"
    done = subprocess.run(
        [str(word) for word in (*(lacking and [BUILD / "tools/without",
                                               f"{lacking}=ENOSYS"]),
                                BUILD / "tools/fault", report, SECONDS, *words,
                                *command)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=4 * SECONDS, check=False, errors="replace", **(who or {}))
    assert done.returncode == 0, done
    facts = read_report(report.read_text())
    report.unlink()
    facts.out, facts.err = done.stdout, done.stderr
    return facts


def is_one_line_of(program, text, call):
    if call.process:  # a helper's loader may have spoken before
        text = text[text.find(f"{program}: "):]
    return re.fullmatch(program + r": \S[^\n]{8,}\n", text) is not None


def is_startup(call):
    """Of a program's own process; a helper that is not started is told."""
    return (call.process == 0 and call.name in STARTUP
            and call.number < STARTUP_CALLS)


# --- the launcher -----------------------------------------------------------

def left_directories(facts):
    """The launcher's that are still there, or mounted."""
    mounts = pathlib.Path("/proc/self/mountinfo").read_text()
    return [name for name in facts.directories if name in mounts or
            any(pathlib.Path(base, name).exists() for base in BASES)]


def left_groups():
    """Control groups that no launcher holds locked."""
    found = set()
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        if " - cgroup" in line:
            top = pathlib.Path(line.split()[4])
            found |= {str(path) for path in top.rglob("jailwright-*")
                      if is_unlocked(path)}
    return found


def is_unlocked(path):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return path.exists()
    except OSError:
        return False
    finally:
        os.close(fd)


def has_processes(uid):
    try:
        os.getpriority(os.PRIO_USER, uid)
    except ProcessLookupError:
        return False
    return True


def is_of(path, uid):
    try:
        return path.lstat().st_uid == uid
    except OSError:
        return False


def judge_launch(facts, error, call):
    """Why this outcome may not be, or None."""
    if facts.out not in ("", "confined\n", "confined, mounted\n"):
        return f"less confinement: {facts.out!r}"
    if left_directories(facts):
        return f"left {left_directories(facts)}"
    kind, status = facts.ended
    if error == KILL and call.process == 0:
        return None if (kind, status) == ("signal", 9) else "no SIGKILL"
    if (kind, status) == ("exit", 7):
        if not facts.out:
            return "the program did not speak"
        return "noise" if facts.err else None
    if is_startup(call):
        return None if status else "status 0"
    # the program itself was killed, and nothing else failed
    if error == KILL and (kind, status, facts.err) == ("exit", 137, ""):
        return None
    if kind != "exit" or status not in (125, 126, 127):
        return "status"
    if status != 125 and call.name != "execve":
        return "status says that the program is at fault"
    if not is_one_line_of("jaillaunch", facts.err, call):
        return "not one line that says why"
    return None


def make_probe_root(path):
    path.mkdir(mode=0o755)
    shutil.copy(BUILD / "tools/probe", path / "probe")
    (path / "dev").mkdir()
    (path / "tmp").mkdir()


def make_outside(path):
    path.write_text("outside\n")


def probe_command(*options):
    outside = shared_once("fault-outside", make_outside)
    return ("--", "/probe", UID, str(outside), *options)


def launch_root(*options, probe=()):
    root = shared_once("fault-root", make_probe_root)
    return [BUILD / "jaillaunch", "-r", root, "-u", UID, "-g", UID, *options,
            *probe_command(*probe)]


# --- the builder ------------------------------------------------------------

def make_manifest(path):
    path.mkdir()
    shutil.copy(BUILD / "tools/probe", path / "probe")
    subprocess.run(["strip", path / "probe"], check=True)
    text = "bin true\ncopy ./probe /probe\n"
    (path / "manifest.txt").write_text(text)
    # without a place for devices an image is unpacked
    (path / "unpacked.txt").write_text(text + "omit /dev\n")


def manifest(name="manifest"):
    return shared_once("fault-manifest", make_manifest) / f"{name}.txt"


def make_image(path):
    form = "tar.zst" if path.name.startswith("fault-zst") else "tar"
    subprocess.run([BUILD / "jailbuild", manifest("unpacked"), "-o", path,
                    "--format", form], check=True)


def launch_image(name, store="none", probe=()):
    return [BUILD / "jaillaunch", "--store", store, "-i",
            shared_once(name, make_image), "-u", UID, "-g", UID,
            *probe_command(*probe)]


def make_mountable(path):
    """In a form for each suffix."""
    path.mkdir()
    shutil.copy(manifest().parent / "probe", path / "probe")
    (path / "m.txt").write_text("copy ./probe /probe\ndir /dev\n"
                                "user jailuser uid=23456\n")
    for suffix in ("tar", "tar.zst", "squashfs"):
        subprocess.run([BUILD / "jailbuild", path / "m.txt", "-o",
                        path / f"image.{suffix}"], check=True)


def digest(path):
    """Of a file; of a directory, all that is in it and what it is."""
    if not path.is_dir():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    done = subprocess.run(["tar", "--sort=name", "--numeric-owner", "-cf", "-",
                           "-C", str(path), "."], capture_output=True,
                          check=True)
    return hashlib.sha256(done.stdout).hexdigest()


class Launch:
    """A scenario of the launcher."""

    def __init__(self, command):
        self.make_command = command

    def prepare(self, work):
        self.work = work
        self.command = self.make_command()

    def run(self, fault):
        return run_with(fault, self.command, self.work)

    def check_plain(self, facts):
        assert judge_launch(facts, "", Call(0, 9, "", 1)) is None, facts
        assert facts.ended == ("exit", 7), facts

    judge = staticmethod(judge_launch)


class TtyLaunch(Launch):
    """With a terminal of its own, which ends lines in its way."""

    @staticmethod
    def plain(facts):
        facts.out = facts.out.replace("\r\n", "\n")
        return facts

    def check_plain(self, facts):
        super().check_plain(self.plain(facts))

    def judge(self, facts, error, call):
        facts = self.plain(facts)
        if (error, call.name, call.process) == ("EIO", "write", 0) and \
                facts.ended == ("exit", 7) and not facts.out:
            return None  # that is what the kernel says when it is hung up
        return judge_launch(facts, error, call)


class PoolLaunch(Launch):
    """With a uid of a pool, which has no other and is the sweep's own."""
    locks = pathlib.Path("/run/jailwright/uids")

    def prepare(self, work):
        self.uid = 1_100_000_000 + os.getpid() % 4_000_000
        root = shared_once("fault-root", make_probe_root)
        self.make_command = lambda: [
            BUILD / "jaillaunch", "-r", root,
            f"--uid-pool={self.uid}-{self.uid}",
            *("--", "/probe", str(self.uid), *probe_command()[3:])]
        super().prepare(work)

    def judge(self, facts, error, call):
        if has_processes(self.uid):
            return "left processes"
        # what cannot be removed stays, and with it the mark that says so
        may_stay = error == KILL or call.name in (
            "unlinkat", "flock", "fstat", "newfstatat", "statx", "shmctl",
            "semctl", "msgctl")
        lock = self.locks / str(self.uid)
        if lock.exists():  # which the next launch would take over
            lock.unlink()
            if not may_stay:
                return "left its lock"
        return judge_launch(facts, error, call)


class RootlessLaunch(Launch):
    """By a user who has nothing else on the machine: what is his afterwards
    was left.  He has a user namespace, so everything is mounted."""

    def prepare(self, work):
        self.uid = 1_200_000_000 + os.getpid() % 4_000_000
        self.place = pathlib.Path(f"/tmp/jailwright-{self.uid}")
        self.who = {"user": self.uid, "group": self.uid, "extra_groups": [],
                    "cwd": "/"}
        own = work / "own"
        own.mkdir()
        os.chown(own, self.uid, self.uid)
        super().prepare(own)

    def run(self, fault):
        facts = run_with(fault, self.command, self.work, who=self.who)
        files = self.files()
        self.left = [*(path for path in files if path != self.place),
                     *self.others()]
        for path in files:
            shutil.rmtree(path, ignore_errors=True)
        return facts

    def files(self):
        """All that is his, and what is in his place."""
        found = [*self.place.iterdir()] if self.place.exists() else []
        return found + [path for path in pathlib.Path("/tmp").iterdir()
                        if is_of(path, self.uid)]

    def others(self):
        """What else is his."""
        found = []
        for kind in ("msg", "sem", "shm"):
            lines = pathlib.Path("/proc/sysvipc", kind).read_text()
            if re.search(rf"\b{self.uid}\b", lines):
                found.append(kind)
        if has_processes(self.uid):
            found.append("processes")
        return found

    def check_plain(self, facts):
        super().check_plain(facts)
        assert self.judge(facts, "", Call(0, 9, "", 1)) is None, facts

    def judge(self, facts, error, call):
        if self.left:
            return f"left {self.left}"
        if facts.out == "confined\n":
            return "less confinement: nothing is mounted"
        return judge_launch(facts, error, call)


class CgroupLaunch(Launch):
    """With groups, which are gone afterwards; those of a launcher that was
    killed before it had a keeper are so with the next launch."""

    def prepare(self, work):
        mounts = pathlib.Path("/proc/self/mountinfo").read_text()
        if " - cgroup" not in mounts:
            pytest.skip("no cgroup hierarchy is mounted")
        super().prepare(work)

    def check_plain(self, facts):
        super().check_plain(facts)
        assert any(call.name == "mkdirat" for call in facts.calls)

    def judge(self, facts, error, call):
        left = left_groups()
        if left and (error == KILL or call.name == "unlinkat"):
            super().run(("list",))
        if left:
            time.sleep(0.2)  # others may have been about to lock theirs
        left &= left_groups()
        if left:
            return f"left {left}"
        return judge_launch(facts, error, call)


class StoreLaunch(Launch):
    """With a store that has the image, or is not there yet."""

    def __init__(self, is_filled):
        self.is_filled = is_filled

    def prepare(self, work):
        self.work = work
        self.store = work / "store"
        self.command = launch_image("fault-zst", self.store)
        time.sleep(0.15)  # what is younger is not remembered

    def is_whole(self):
        """Lock, entry and link."""
        return self.store.exists() and len(os.listdir(self.store)) == 3

    def run(self, fault):
        if not self.is_filled or not self.is_whole():
            shutil.rmtree(self.store, ignore_errors=True)
        if self.is_filled and not self.is_whole():
            subprocess.run([str(word) for word in self.command], check=False,
                           capture_output=True)
            assert self.is_whole(), os.listdir(self.store)
        return run_with(fault, self.command, self.work)

    def check_plain(self, facts):
        super().check_plain(facts)
        assert self.strange_name(may_stay=False) is None
        assert self.is_whole(), os.listdir(self.store)

    def strange_name(self, may_stay):
        """What is there and not whole, or not what its name says."""
        if not self.store.exists():
            return None
        for path in self.store.iterdir():
            if path.name.startswith("from-"):
                is_right = path.exists()  # its entry
            elif path.suffix == ".tar":
                is_right = path.name == digest(path) + ".tar"
            else:
                is_right = path.name == "lock" or (
                    may_stay and path.name.startswith(".nowhere-"))
            if not is_right:
                return path.name
        return None

    def judge(self, facts, error, call):
        # the next launch that adds an entry removes it
        strange = self.strange_name(error == KILL or call.name == "unlinkat")
        if strange:
            return f"in the store: {strange}"
        return judge_launch(facts, error, call)


PINS = pathlib.Path("/run/jailwright/pins")


class MountedLaunch(Launch):
    """An image that is mounted.  is_fresh: there is no pin of it yet; keeps:
    it has one after a launch; options may name the directory of the run;
    lacking: calls that an older kernel has not got."""

    def __init__(self, suffix="tar", is_fresh=False, keeps=True,
                 options=lambda work: (), lacking=""):
        self.suffix, self.is_fresh, self.keeps = suffix, is_fresh, keeps
        self.options, self.lacking = options, lacking

    def prepare(self, work):
        self.work = work
        self.image = work / f"image.{self.suffix}"
        made = shared_once("fault-mountable", make_mountable)
        shutil.copy(made / self.image.name, self.image)
        options = self.options(work) or ("--store", "none")
        self.command = [BUILD / "jaillaunch", "-i", self.image, "-u", UID,
                        "-g", UID, *options, *probe_command("image")]
        time.sleep(0.15)  # the store does not remember what is younger

    def run(self, fault):
        if self.is_fresh:
            os.utime(self.image)  # another ctime, another pin
        elif self.keeps:  # the pin, and the entry of the store
            subprocess.run([str(word) for word in self.command], check=False,
                           capture_output=True)
        return run_with(fault, self.command, self.work, self.lacking)

    def check_plain(self, facts):
        super().check_plain(facts)
        assert facts.out == "confined, mounted\n", facts
        assert self.strange_thing() is None, self.strange_thing()

    def files(self):
        """The image, and what the store made of it."""
        return [self.image, *self.work.glob("store/*.tar")]

    def loops(self):
        """Loop devices of the image."""
        files = {str(path.stat().st_ino) for path in self.files()}
        done = subprocess.run(["losetup", "-l", "-n", "-O", "BACK-INO"],
                              capture_output=True, text=True, check=True)
        return [word for word in done.stdout.split() if word in files]

    def pins(self):
        """Mounts of the image that are kept."""
        inodes = [f"-{path.stat().st_ino}-" for path in self.files()]
        return [line.split()[4] for line in open("/proc/self/mountinfo")
                if str(PINS) in line and
                any(inode in line for inode in inodes)]

    def strange_thing(self):
        """A mount or loop device that nobody will ask for."""
        for _ in range(100):  # a loop device ends a moment after its mount
            pins, loops = self.pins(), self.loops()
            if len(set(pins)) == len(pins) <= self.keeps and \
                    len(loops) <= len(pins):
                return None
            time.sleep(0.02)
        return f"pins {pins}, loop devices {loops}"

    def judge(self, facts, error, call):
        # the next pin of any image removes what killed launches left
        # and the next launch a device that was bound by halves
        most = self.is_fresh + (self.lacking and error == KILL or
                                call.name == "ioctl")
        if self.strange_thing() and (len(self.pins()) > self.keeps +
                                     self.is_fresh or
                                     len(self.loops()) > self.keeps + most):
            return f"left {self.strange_thing()}"
        return judge_launch(facts, error, call)


class Build:
    """A scenario of the builder: an output's name, and what is there before
    the run."""

    def __init__(self, name, before=None, prefix="", suffix=""):
        self.name, self.before = name, before
        self.prefix, self.suffix = prefix, suffix

    def prepare(self, work):
        self.work = work
        self.directory = work / "out"
        self.output = self.directory / self.name
        self.partial = self.directory / f".{self.name}.partial"
        self.command = [BUILD / "jailbuild", manifest(), "-o",
                        f"{self.prefix}{self.output}{self.suffix}"]
        self.right = None

    def run(self, fault):
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        if self.before is not None:
            self.output.write_text(self.before)
        return run_with(fault, self.command, self.work)

    def check_plain(self, facts):
        assert facts.ended == ("exit", 0), facts
        assert facts.out == facts.err == "", facts
        self.right = digest(self.output)

    def is_as_before(self):
        if self.before is None:
            return not self.output.exists()
        return self.output.read_text(errors="replace") == self.before

    def is_right(self):
        return self.output.exists() and digest(self.output) == self.right

    def strangers(self, error):
        """What lies beside the output.  Where the output cannot be an unnamed
        file until it is whole, a killed builder leaves the partial one, which
        the next run removes."""
        names = set(self.directory.iterdir()) - {self.output}
        may_stay = error == KILL and (self.before is not None
                                      or self.suffix or self.prefix)
        return names - {self.partial} if may_stay else names

    def judge(self, facts, error, call):
        if self.strangers(error):
            return f"left {self.strangers(error)}"
        kind, status = facts.ended
        if error == KILL:
            if (kind, status) != ("signal", 9):
                return "no SIGKILL"
            is_so = self.is_as_before() or self.is_right()
            return None if is_so else "a damaged output"
        if (kind, status) == ("exit", 0):
            if not self.is_right():
                return "status 0 and a wrong output"
            return "noise" if facts.out or facts.err else None
        if not self.is_as_before():
            return "failed, and changed the output"
        if is_startup(call) or call.name == "rseq":  # glibc aborts, of threads
            return None
        if kind != "exit" or status not in (2, 3, 4, 5):
            return "status"
        if facts.out or not is_one_line_of("jailbuild", facts.err, call):
            return "not one line that says why"
        return None


# Of Linux 5.2 and later, with LOOP_CONFIGURE.
NEW_MOUNT_CALLS = ("open_tree,move_mount,fsopen,fsconfig,fsmount,"
                   "mount_setattr,ioctl:0x4c0a")

SCENARIOS = {
    "build-tar": lambda: Build("image.tar"),
    "build-zst": lambda: Build("image.tar.zst"),
    "build-again": lambda: Build("image.tar", before="old\n"),
    "build-dir": lambda: Build("dir", suffix="/"),
    "build-oci": lambda: Build("layout", prefix="oci:"),
    "build-cpio": lambda: Build("image.cpio"),
    "build-squashfs": lambda: Build("image.squashfs"),
    "launch-root": lambda: Launch(lambda: launch_root("--ns=none")),
    "launch-namespaces": lambda: Launch(launch_root),
    "launch-limits": lambda: Launch(lambda: launch_root(
        "--limit", "nofile=64", "--limit", "wall-time=50s", "--syscall-deny",
        "kcmp")),
    "launch-tty": lambda: TtyLaunch(lambda: launch_root(
        "--tty", "yes", probe=("terminal",))),
    "launch-pool": lambda: PoolLaunch(None),
    "launch-cgroups": lambda: CgroupLaunch(lambda: launch_root(
        "--limit", "memory=200M", "--limit", "pids=50", "--limit", "cpus=2",
        "--limit", "cpu-time=50s")),
    "launch-output": lambda: Launch(lambda: launch_root(
        "--limit", "output=64K")),
    "launch-in-place": lambda: Launch(lambda: launch_root(
        "--exec", probe=("in-place",))),
    "launch-tar": lambda: Launch(lambda: launch_image("fault-tar")),
    "launch-zst": lambda: Launch(lambda: launch_image("fault-zst")),
    "rootless-root": lambda: RootlessLaunch(lambda: launch_root(
        probe=("directory",))),
    "rootless-in-place": lambda: RootlessLaunch(lambda: launch_root(
        "--exec", probe=("in-place", "directory"))),
    "rootless-tar": lambda: RootlessLaunch(lambda: launch_image(
        "fault-tar", probe=("image",))),
    "launch-add": lambda: StoreLaunch(is_filled=False),
    "launch-stored": lambda: StoreLaunch(is_filled=True),
    "launch-pinned": MountedLaunch,
    "launch-pin": lambda: MountedLaunch(is_fresh=True),
    "launch-unpinned": lambda: MountedLaunch(
        keeps=False, options=lambda work: ("--no-pin",)),
    "launch-squashfs": lambda: MountedLaunch("squashfs", is_fresh=True),
    "launch-squashfs-unpinned": lambda: MountedLaunch(
        "squashfs", keeps=False, options=lambda work: ("--no-pin",)),
    "launch-old": lambda: MountedLaunch(
        "squashfs", is_fresh=True, lacking=NEW_MOUNT_CALLS),
    "launch-old-unpinned": lambda: MountedLaunch(
        "squashfs", keeps=False, options=lambda work: ("--no-pin",),
        lacking=NEW_MOUNT_CALLS + ",unshare"),
    "launch-stored-mounted": lambda: MountedLaunch(
        "tar.zst", options=lambda work: ("--store", work / "store")),
}


# --- sweeps -----------------------------------------------------------------

def can_be(error, call):
    if error == KILL:
        return True
    if call.name in NEVER_FAIL:
        return False
    if call.name == "brk":
        return error == "ENOMEM"
    return (OLD_KERNEL.get(error) is None or call.name in OLD_KERNEL[error])


def faults_of(calls, errors):
    """All that can be done to these calls."""
    return [(error, call) for call in calls for error in errors
            if can_be(error, call)]


def is_search(call):
    """descendants.c looks at every process of the machine, again and again."""
    return (call.process > 0 and call.name in ("waitid", "getdents64")
            and call.nth > 4)


def all_faults(calls):
    kept = [call for call in calls if not is_search(call)]
    return faults_of(kept, (*ERRORS, *OLD_KERNEL, KILL))


def few_faults(calls):
    """The first call of each name in each process, with one error and then
    another, and every third of them with SIGKILL."""
    first = [call for call in calls if call.nth == 1]
    for i, call in enumerate(first):
        yield from faults_of([call], [ERRORS[i % len(ERRORS)]])
        if i % 3 == 0:
            yield KILL, call


def try_fault(scenario, fault):
    """Why this run was wrong, or None."""
    facts = scenario.run(fault)
    if facts.hangs:
        return f"hangs: {facts}"
    if facts.left:
        return f"left processes: {facts}"
    if not facts.is_done:
        # other processes on the machine: another number of calls
        why = scenario.judge(facts, "", fault[1])
    else:
        why = scenario.judge(facts, *fault)
    return f"{why}: {facts}" if why else None


def sweep(name, work, choose, share=(0, 1), tell=lambda line: None):
    """The wrong runs of a scenario; share: which of how many parts; tell is
    called with each when it is found."""
    scenario = SCENARIOS[name]()
    scenario.prepare(work)
    plain = scenario.run(("list",))
    scenario.check_plain(plain)
    faults = list(choose(plain.calls))[share[0]::share[1]]
    assert faults
    wrong = []
    for error, call in faults:
        why = try_fault(scenario, (error, call))
        if why:
            wrong.append(f"{error} at {call.name} #{call.nth} of process "
                         f"{call.process}: {why}")
            tell(wrong[-1])
    return len(faults), wrong


def main():
    """faults.py NAME [PART PARTS [few]]: a sweep by itself."""
    name, part, parts, *rest = (*sys.argv[1:], *("0", "1")[len(sys.argv) - 2:])
    choose = few_faults if rest == ["few"] else all_faults
    with tempfile.TemporaryDirectory(prefix="jailtest.") as shared:
        os.environ["JAIL_TEST_SHARED"] = shared
        os.chmod(shared, 0o755)
        work = pathlib.Path(shared, "work")
        work.mkdir()
        n, wrong = sweep(name, work, choose, (int(part), int(parts)),
                         lambda line: print(line, flush=True))
    print(f"{name}: {n} faults, {len(wrong)} wrong")


if __name__ == "__main__":
    main()
