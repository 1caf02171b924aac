"""The aarch64 build: every program links, and the unit tests that need no
kernel of their own run under qemu-user."""

import subprocess

import pytest

from conftest import BUILD, ROOT, run, shared_once

# This takes programs of the machine, which stand elsewhere under qemu's -L.
NEEDS_THE_MACHINE = {"test_plan_memory"}


def cross_build(target):
    done = subprocess.run(
        ["make", "-s", "-C", str(ROOT), f"B={target}/build", "cross",
         f"ARM64_SYSROOT={BUILD}/arm64-sysroot"],
        capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def arm64(build):
    path = shared_once("arm64", lambda partial: (partial.mkdir(),
                                                 cross_build(partial)))
    return path / "build"


PROGRAMS = sorted({path.stem for path in
                   (ROOT / "tests" / "unit").glob("test_*.c")}
                  - NEEDS_THE_MACHINE)


@pytest.mark.parametrize("name", PROGRAMS)
def test_unit_under_qemu(name, arm64, scratch):
    done = run("qemu-aarch64-static", "-L", BUILD / "arm64-sysroot",
               arm64 / "unit" / name, cwd=scratch, timeout=300)
    assert done.status == 0, done
