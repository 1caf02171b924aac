"""many_launches PROGRAMS THINGS N UID: N launches, two at a time, in mount and
IPC namespaces of their own, so that all that is found there afterwards is
theirs.  The two uids after UID are a pool.  Prints what is left, one line each; nothing if nothing is."""

import ctypes
import os
import pathlib
import shutil
import subprocess
import sys
import threading

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWIPC = 0x20000, 0x08000000
MS_REC, MS_PRIVATE, PR_SET_CHILD_SUBREAPER = 0x4000, 1 << 18, 36
# One kind for each place where something could stay.
KINDS = (
    ("-i", "image.tar"),
    ("-i", "image.tar", "--no-pin"),
    ("-i", "image.tar", "--writable"),
    ("-i", "unpacked.tar"),
    ("-i", "image.tar", "--ns=none", "--uid-pool={first}-{last}"),
    ("-i", "image.tar", "--limit", "memory=64M", "--limit", "pids=8",
     "--limit", "cpu-time=20"),
    ("-r", "root", "--tmpfs", "/tmp"),
)


def call(name, *args):
    if getattr(libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def go_apart(programs, things):
    """Everything that is used lies in a /run of our own; /tmp is empty."""
    call("unshare", CLONE_NEWNS | CLONE_NEWIPC)
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", b"tmpfs", b"/run", b"tmpfs", 0, b"mode=755")
    shutil.copytree(things, "/run/things", symlinks=True)
    for name in ("jaillaunch", "jail-unpack", "jail-policy"):
        shutil.copy(programs / name, "/run/things")
    call("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, b"mode=1777")
    os.mkdir("/run/queues")
    call("mount", b"mqueue", b"/run/queues", b"mqueue", 0, None)
    os.chdir("/run/things")
    # Who is left without a parent becomes our child.
    call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def lines_of(path):
    return pathlib.Path(path).read_text().splitlines()


def groups_of(pids):
    """cgroups that launchers with these pids made."""
    for directory, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            words = name.split("-")
            if words[0] == "jailwright" and int(words[1]) in pids:
                yield os.path.join(directory, name)


def look():
    """All that a launch could leave, but for processes and cgroups."""
    found = {f"mount: {line}" for line in lines_of("/proc/self/mountinfo")}
    for kind in ("shm", "sem", "msg"):
        found |= {f"{kind}: {line}"
                  for line in lines_of(f"/proc/sysvipc/{kind}")[1:]}
    for place in ("/run", "/tmp"):
        found |= {f"file: {path}" for path in pathlib.Path(place).rglob("*")}
    return found


def launch(kind, uid):
    """Its pid."""
    words = [word.format(first=uid + 1, last=uid + 2) for word in kind]
    with subprocess.Popen(
            ["./jaillaunch", *words, "-u", str(uid), "--", "/litter"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        err = process.communicate()[1]
    if process.returncode != 0 or err:
        print(f"launch {words}: {process.returncode}, {err}")
    return process.pid


def launch_all(n, uid):
    """Two at a time; their pids."""
    pids = []
    kinds = iter([KINDS[i % len(KINDS)] for i in range(n)])
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                kind = next(kinds, None)
            if kind is None:
                return
            pids.append(launch(kind, uid))
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return pids


def main():
    programs, things = map(pathlib.Path, sys.argv[1:3])
    n, uid = map(int, sys.argv[3:])
    go_apart(programs, things)
    launch_all(2 * len(KINDS), uid)  # what images share is there from now on
    before = look()
    pids = launch_all(n, uid)
    assert len(pids) == n
    for line in sorted(look() - before):
        print(line)
    for path in groups_of(set(pids)):
        print(f"cgroup: {path}")
    for line in lines_of(f"/proc/self/task/{os.getpid()}/children"):
        print(f"processes: {line}")


main()
