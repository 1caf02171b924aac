"""Baking an enclave image, against hashing its inputs: PCR0, 1 and 2 each cover
most of them once."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from bench import (BUILD, Amounts, Comparison, Row, Target, program,
                   stopwatch)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import eif  # noqa: E402
import tars  # noqa: E402

SIZE = int(os.environ.get("JAIL_BENCH_BAKE", 256 << 20))


def make_inputs(place, size):
    """A kernel, the two static programs, and an image of that size."""
    inputs = {"kernel": eif.bzimage(size=12 << 20), "init": eif.static_elf(),
              "launcher": eif.static_elf()}
    for name, data in inputs.items():
        (place / name).write_bytes(data)
    piece = os.urandom(1 << 20)
    with open(place / "root.tar", "wb") as tar:
        tar.write(tars.file("./prog", eif.static_elf(), mode=0o755))
        for i in range(size >> 20):
            tar.write(tars.file(f"./data{i}", piece))
        tar.write(tars.END)
    return [place / name for name in (*inputs, "root.tar")]


def bake(place):
    return [BUILD / "jailbake", "-q", "-i", place / "root.tar", "--kernel",
            place / "kernel", "--init", place / "init", "--launcher",
            place / "launcher", "-u", "1000", "-o", place / "x.eif", "--",
            "/prog"]


def bench_baking():
    # in memory: what is compared is work, not the disk
    place = pathlib.Path(tempfile.mkdtemp(prefix="jailbench.",
                                          dir="/dev/shm"))
    inputs = make_inputs(place, SIZE)
    rows = [Row("sha384sum of the inputs, 3 times",
                [program("sha384sum"), *inputs * 3]),
            Row("jailbake", bake(place),
                after=lambda: (place / "x.eif").unlink())]
    return Comparison("Baking an enclave image", rows, rows[0].name, 10,
                      [Target("jailbake", rows[0].name, 1.5)],
                      clean=lambda: shutil.rmtree(place))


def peak(place):
    ran, = stopwatch([Row("jailbake", bake(place))], 1)
    return ran.memory


def bench_memory_of_baking():
    rows = {}
    for size in (16, 256):
        place = pathlib.Path(tempfile.mkdtemp(prefix="jailbench."))
        try:
            make_inputs(place, size << 20)
            rows[f"an image of {size} MiB"] = (peak(place),)
        finally:
            shutil.rmtree(place)
    return Amounts("Memory of baking", ["most in use"], rows,
                   [Target("an image of 256 MiB", "an image of 16 MiB", 1.2)])
