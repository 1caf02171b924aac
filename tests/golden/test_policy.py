"""Golden policies: what `jaillaunch policy show` prints of those with a name.
JAIL_GOLDEN_UPDATE=1 writes what is expected anew."""

import os
import pathlib

import pytest

from conftest import BUILD, run

HERE = pathlib.Path(__file__).parent / "policy"
UPDATE = os.environ.get("JAIL_GOLDEN_UPDATE") == "1"


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("name", ["default", "strict", "cape", "cape-deny"])
def test_what_is_shown_is_as_expected(name, machine):
    done = run(BUILD / "jaillaunch", "policy", "show", name, "--landlock",
               "none", "--ns", "none", "--machine", machine)
    assert done.status == 0 and done.err == "", done
    path = HERE / f"{name}.{machine}"
    if UPDATE:
        path.write_text(done.out)
    assert done.out == path.read_text()
