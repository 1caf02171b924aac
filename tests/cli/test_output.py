"""What a program prints arrives, or it says that it did not: by its status and
in one line.  A C library may forget, after a write that failed, that there was
anything to write."""

import subprocess

import pytest

from conftest import BUILD

PRINTED = [
    ("jaillaunch", "--version"), ("jaillaunch", "--help"),
    ("jaillaunch", "--completion", "zsh"), ("jaillaunch", "doctor", "--json"),
    ("jaillaunch", "doctor", "--help"),
    ("jaillaunch", "store", "list", "--json", "--store", "/nowhere"),
    ("jaillaunch", "store", "--help"),
    ("jaillaunch", "policy", "show"), ("jaillaunch", "policy", "--help"),
    ("jailbuild", "--version"), ("jailbuild", "--help"),
    ("jailbuild", "--completion", "bash"),
    ("jailbake", "--version"), ("jailbake", "--help"),
    ("jailbake", "--completion", "bash"), ("jailbake", "sign", "--help"),
]


@pytest.mark.parametrize("words", PRINTED, ids=" ".join)
def test_what_cannot_be_printed_is_told(words):
    program, *rest = words
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / program, *rest], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60,
                              check=False)
    assert done.returncode != 0, done
    assert done.stderr.startswith(f"{program}: standard output: "), done
    assert done.stderr.count("\n") == 1, done
