"""Launching from an image that is mounted, against the same tree as a
directory, against bubblewrap, and against an image many times as large."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from bench import BUILD, Amounts, Comparison, Missing, Row, Target, program
from bench_launch import ENDS_AT_ONCE, compile_program

# Bubblewrap's --ro-bind makes a mount namespace alone; see bench_launch.py.
FLOOR = ("--ns", "none", "--landlock", "none")
AT_ONCE = "/usr/bin/at-once"
LARGE = int(os.environ.get("JAIL_BENCH_LARGE", 1 << 30))


def make_image(place, name, size):
    """A shell, a program that ends at once, and a file of that many bytes."""
    (place / f"{name}.bin").touch()
    os.truncate(place / f"{name}.bin", size)
    (place / f"{name}.txt").write_text(
        f"use bash\nfile {place}/{name}.bin as=/data.bin\n"
        f"copy {place}/at-once {AT_ONCE}\n")
    subprocess.run([BUILD / "jailbuild", place / f"{name}.txt", "-o",
                    place / f"{name}.tar"], check=True)
    (place / f"{name}.bin").unlink()
    return place / f"{name}.tar"


class Launches:
    """Of one program, from images and from the same tree as a directory."""

    def __init__(self, launched):
        self.launched = launched
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="jailbench."))
        self.place.chmod(0o755)
        compile_program(self.place / "at-once", *ENDS_AT_ONCE)
        self.small = make_image(self.place, "small", 8 << 20)
        self.root = self.place / "root"
        self.root.mkdir()
        subprocess.run(["tar", "-xpf", self.small, "-C", self.root],
                       check=True)

    def launch(self, *argv):
        return [BUILD / "jaillaunch", *argv, "-u", "1000", "--",
                self.launched]

    def bwrap(self, *argv):
        return [program("bwrap"), *argv, "--ro-bind", self.root, "/",
                self.launched]

    def remove(self):
        shutil.rmtree(self.place)


def bench_launch_of_a_mounted_image():
    """What is timed is the launch, and nothing of the program."""
    launches = Launches(AT_ONCE)
    launch, bwrap = launches.launch, launches.bwrap
    small, root = launches.small, launches.root
    large = make_image(launches.place, "large", LARGE)
    rows = [
        Row("-r, extracted", launch("-r", root)),
        Row("-i, pinned", launch("-i", small)),
        Row("-i, pinned, 1 GB", launch("-i", large)),
        Row("-i --no-pin", launch("-i", small, "--no-pin")),
        Row("-r, the floor", launch("-r", root, *FLOOR)),
        Row("-i, pinned, the floor", launch("-i", small, *FLOOR)),
        Row("-i --no-pin, the floor", launch("-i", small, "--no-pin",
                                             *FLOOR)),
    ]
    targets = [Target("-i, pinned, 1 GB", "-i, pinned", 1.05)]
    try:
        rows += [Row("bwrap --ro-bind", bwrap()),
                 Row("bwrap --unshare-all", bwrap("--unshare-all"))]
        targets += [
            Target("-i, pinned, the floor", "bwrap --ro-bind", 0.5),
            Target("-i, pinned", "bwrap --unshare-all", 0.5),
            Target("-i --no-pin, the floor", "bwrap --ro-bind", 1.0),
            Target("-i --no-pin", "bwrap --unshare-all", 1.0)]
    except Missing:
        print("not compared with bwrap: not installed")
    return Comparison("Launch of a mounted image", rows, "-r, extracted", 40,
                      targets, clean=launches.remove, turns=10)


def bench_launch_of_a_program_of_a_mounted_image():
    """A program that uses a shared library, as most do; these two alone, since
    the kernel goes on to take mounts apart when others have ended, and holds
    locks that only who mounts has to wait for."""
    launches = Launches("/usr/bin/true")
    rows = [Row("-r, extracted", launches.launch("-r", launches.root)),
            Row("-i, pinned", launches.launch("-i", launches.small))]
    return Comparison("Launch of /usr/bin/true of a mounted image", rows,
                      "-r, extracted", 40,
                      [Target("-i, pinned", "-r, extracted", 1.15)],
                      clean=launches.remove, turns=10)


def bench_first_launch_of_an_image():
    """It makes the pin that others find."""
    launches = Launches(AT_ONCE)
    launch, bwrap = launches.launch, launches.bwrap

    def forget():
        """To the launcher, a file whose ctime changed is another."""
        launches.small.touch()
        subprocess.run([BUILD / "jaillaunch", "store", "prune"], check=True)

    rows = [Row("-i, the first", launch("-i", launches.small), forget),
            Row("-i, the first, the floor",
                launch("-i", launches.small, *FLOOR), forget)]
    targets = []
    try:
        rows += [Row("bwrap --ro-bind", bwrap()),
                 Row("bwrap --unshare-all", bwrap("--unshare-all"))]
        targets = [
            Target("-i, the first, the floor", "bwrap --ro-bind", 1.0),
            Target("-i, the first", "bwrap --unshare-all", 1.0)]
    except Missing:
        print("not compared with bwrap: not installed")
    return Comparison("First launch of an image", rows,
                      rows[0].name, 100, targets, clean=launches.remove)


# --- memory

PYTHON = "import json, ssl, sqlite3, email, asyncio; print(flush=True); input()"


def processes_below(pid):
    """Those that a process has started, and theirs."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    for child in map(int, children.split()):
        yield child
        yield from processes_below(child)


def kilobytes(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"{path}: no {name}")


def mapped_below(pid):
    """Pages of files that the jail maps; those that n processes share count
    1/n for each."""
    return sum(kilobytes(f"/proc/{child}/smaps_rollup", "Pss_File")
               for child in processes_below(pid)
               if pathlib.Path(f"/proc/{child}/comm").read_text() ==
               "python3\n")


def memory_of_jails(image, n, *options):
    """(pages of files in all jails, growth of the page cache).  The image is
    a new file that is not in the page cache."""
    own = image.with_name(f"jails{n}{''.join(options)}.tar")
    shutil.copy(image, own)
    with open(own, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    before = kilobytes("/proc/meminfo", "Cached")
    jails = [subprocess.Popen([BUILD / "jaillaunch", "-i", own, *options, "-u",
                               "1000", "--", "/usr/bin/python3", "-c", PYTHON],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
             for _ in range(n)]
    for jail in jails:
        if jail.stdout.readline() != b"\n":
            raise RuntimeError("a jail of python3 did not start")
    cached = kilobytes("/proc/meminfo", "Cached") - before
    mapped = sum(mapped_below(jail.pid) for jail in jails)
    for jail in jails:
        jail.communicate(b"\n")
    own.unlink()
    # else the end of this pin would count against the next
    subprocess.run([BUILD / "jaillaunch", "store", "prune"], check=True)
    return mapped, cached


def bench_memory_of_jails_of_one_image():
    place = pathlib.Path(tempfile.mkdtemp(prefix="jailbench."))
    place.chmod(0o755)
    try:
        image = place / "python3.tar"
        (place / "m.txt").write_text("use python3\n")
        subprocess.run([BUILD / "jailbuild", place / "m.txt", "-o", image],
                       check=True)
        rows = {"1 jail": memory_of_jails(image, 1),
                "20 jails, pinned": memory_of_jails(image, 20),
                "20 jails, --no-pin": memory_of_jails(image, 20, "--no-pin")}
    finally:
        shutil.rmtree(place)
    return Amounts("Memory of jails of python3", ["mapped files",
                                                  "growth of cache"], rows,
                   [Target("20 jails, pinned", "1 jail", 1.3)])
