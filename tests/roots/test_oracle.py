"""For every dynamic ELF file of this machine: the resolver's answer is that of
the machine's own loader: names, paths, order and what is not found."""

import concurrent.futures
import os
import shutil
import subprocess
import time

import pytest

from conftest import BUILD, run
from loader_oracle import (ask_glibc, elf_files, exists, has_dynamic,
                           parse_loader, resolve)

PATH = os.environ["PATH"]
TOPS = ["/usr", "/opt", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/root",
        "/home", "/srv"]

# (class, machine): the loader that this machine can run.
LOADERS = {
    (2, 62): "/lib64/ld-linux-x86-64.so.2",
    (1, 3): "/lib/ld-linux.so.2",
    (2, 183): "/lib/ld-linux-aarch64.so.1",
}
ET_EXEC, ET_DYN = 2, 3


def runs(loader):
    return exists(loader) and subprocess.run(
        [loader, "--version"], capture_output=True).returncode == 0


def programs():
    """{path: loader} of all that a loader here can load."""
    mine = {abi: loader for abi, loader in LOADERS.items() if runs(loader)}
    assert mine, "no loader of this machine is known"
    return {path: mine[header[:2]]
            for path, header in elf_files(TOPS).items()
            if header[:2] in mine and header[2] in (ET_EXEC, ET_DYN)
            and has_dynamic(path)}


def differ(mine, theirs):
    if isinstance(mine, str) and isinstance(theirs, str):
        return False
    return mine != theirs


def test_every_program_of_the_machine():
    files = programs()
    assert len(files) > 300
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        theirs = dict(zip(files, pool.map(
            lambda path: ask_glibc(files[path], path), files)))
    mine = resolve(files)
    assert mine.keys() == theirs.keys()
    found = sum(isinstance(answer, list) and len(answer) > 0
                for answer in theirs.values())
    assert found > len(files) / 2
    wrong = [f"{path}\n  loader:   {theirs[path]}\n  resolver: {mine[path]}"
             for path in files if differ(mine[path], theirs[path])]
    assert not wrong, f"{len(wrong)} of {len(files)}:\n" + "\n".join(wrong[:9])


def test_as_an_ordinary_user():
    from conftest import ordinary_user
    files = dict(list(programs().items())[::40])
    theirs = {path: ask_glibc(loader, path, **ordinary_user())
              for path, loader in files.items()}
    mine = resolve(files, **ordinary_user())
    wrong = [path for path in files if differ(mine[path], theirs[path])]
    assert not wrong


SYSROOT = "/usr/aarch64-linux-gnu"
EMULATOR = "qemu-aarch64-static"


def ask_in_sysroot(path):
    """The loader of SYSROOT, emulated: -L makes / mean SYSROOT."""
    done = run(EMULATOR, "-L", SYSROOT, "-E", "LD_TRACE_LOADED_OBJECTS=1",
               SYSROOT + LOADERS[2, 183], path, env={"PATH": PATH}, cwd="/")
    return parse_loader(done.out) if done.status == 0 else "error:"


@pytest.mark.skipif(not exists(SYSROOT + LOADERS[2, 183]) or
                    not shutil.which(EMULATOR),
                    reason=f"no {SYSROOT} or no {EMULATOR}")
def test_every_file_of_a_sysroot():
    files = [path.removeprefix(SYSROOT)
             for path, header in elf_files([SYSROOT]).items()
             if header[1:] == (183, ET_DYN) and has_dynamic(path)]
    assert len(files) > 5
    mine = resolve(files, "--sysroot", SYSROOT)
    for path in files:
        theirs = ask_in_sysroot(path)
        assert not differ(mine[path], theirs), (path, mine[path], theirs)


def test_one_program_takes_little_time():
    best = 1.0
    for _ in range(20):
        begin = time.monotonic()
        done = run(BUILD / "tools" / "resolve", "/bin/sh")
        best = min(best, time.monotonic() - begin)
        assert done.status == 0 and "libc.so.6 => /" in done.out
    # the sanitizers slow the start of a process down
    limit = 0.2 if "asan" in str(BUILD) else 0.02
    assert best < limit


@pytest.mark.parametrize("path", ["/bin/bash", "/usr/bin/perl"])
def test_versions_of_the_machine_agree(path):
    done = run(BUILD / "tools" / "resolve", "--versions", path)
    assert done.status == 0, done
