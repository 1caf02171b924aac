"""Launching from an image that is mounted, against the same tree as a
directory, against bubblewrap, and against an image many times as large."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from bench import BUILD, Comparison, Missing, Row, Target, program

LARGE = int(os.environ.get("JAIL_BENCH_LARGE", 1 << 30))


def make_image(place, name, size):
    """A shell, and a file of that many bytes."""
    (place / f"{name}.bin").touch()
    os.truncate(place / f"{name}.bin", size)
    (place / f"{name}.txt").write_text(
        f"use bash\nfile {place}/{name}.bin as=/data.bin\n")
    subprocess.run([BUILD / "jailbuild", place / f"{name}.txt", "-o",
                    place / f"{name}.tar"], check=True)
    (place / f"{name}.bin").unlink()
    return place / f"{name}.tar"


def launch(*argv):
    return [BUILD / "jaillaunch", *argv, "-u", "1000", "--", "/usr/bin/true"]


def bench_launch_of_a_mounted_image():
    place = pathlib.Path(tempfile.mkdtemp(prefix="jailbench."))
    place.chmod(0o755)
    small = make_image(place, "small", 8 << 20)
    large = make_image(place, "large", LARGE)
    root = place / "root"
    root.mkdir()
    subprocess.run(["tar", "-xpf", small, "-C", root], check=True)
    rows = [
        Row("-r, extracted", launch("-r", root)),
        Row("-i, pinned", launch("-i", small)),
        Row("-i, pinned, 1 GB", launch("-i", large)),
        Row("-i --no-pin", launch("-i", small, "--no-pin")),
    ]
    targets = [
        Target("-i, pinned", "-r, extracted", 1.15),
        Target("-i, pinned, 1 GB", "-i, pinned", 1.05),
    ]
    try:
        rows.append(Row("bwrap --ro-bind", [
            program("bwrap"), "--ro-bind", root, "/", "/usr/bin/true"]))
        targets += [Target("-i, pinned", "bwrap --ro-bind", 0.5),
                    Target("-i --no-pin", "bwrap --ro-bind", 1.0)]
    except Missing:
        print("not compared with bwrap: not installed")
    return Comparison("Launch of a mounted image", rows, "-r, extracted", 200,
                      targets, clean=lambda: shutil.rmtree(place))
