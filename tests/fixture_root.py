"""A small source root of which every byte is known: what golden tests build
images from.  Nothing of the machine's own files is in it."""

import os
import pathlib

from elfmake import AARCH64, elf

LIB = "usr/lib/x86_64-linux-gnu"
LOADER = "/lib64/ld-linux-x86-64.so.2"


def program(*needed, **more):
    return elf(needed=needed + ("libc.so.6",), interp=LOADER, **more)


FILES = {
    f"{LIB}/ld-linux-x86-64.so.2":
        (0o755, elf(soname="ld-linux-x86-64.so.2")),
    f"{LIB}/libc.so.6":
        (0o755, elf(needed=["ld-linux-x86-64.so.2"], soname="libc.so.6",
                    defines=["libc.so.6", "GLIBC_2.2.5", "GLIBC_2.34"])),
    f"{LIB}/libfoo.so.1.2":
        (0o644, elf(needed=["libc.so.6"], soname="libfoo.so.1")),
    f"{LIB}/libgcc_s.so.1":
        (0o644, elf(needed=["libc.so.6"], soname="libgcc_s.so.1")),
    f"{LIB}/libnote.so.1":
        (0o644, elf(needed=["libc.so.6"], soname="libnote.so.1")),
    f"{LIB}/plugins/plugin.so":
        (0o644, elf(needed=["libfoo.so.1", "libc.so.6"])),
    f"{LIB}/plugins/README": (0o644, b"not a plugin\n"),
    f"{LIB}/plugins/foreign.so":
        (0o644, elf(needed=["libnowhere.so"], machine=AARCH64)),
    "usr/bin/dash": (0o755, program()),
    "usr/bin/hello": (0o755, program("libfoo.so.1")),
    "usr/bin/env": (0o755, program()),
    "usr/bin/vi.tiny": (0o755, program()),
    "usr/bin/threads":
        (0o755, program(imports=["pthread_exit"])),
    "usr/bin/noted":
        (0o755, program(imports=["dlopen"], text=b"\0libfoo.so.1\0",
                        dlopen='[{"soname":["libnone.so","libnote.so.1"],'
                               '"priority":"recommended"},{"soname":'
                               '["libgone.so.3"],"priority":"suggested"}]')),
    "usr/bin/newer":
        (0o755, program(needs={"libc.so.6": ["GLIBC_2.34", "GLIBC_9.9"]})),
    "usr/bin/versioned":
        (0o755, program(needs={"libc.so.6": ["GLIBC_2.34"]})),
    "usr/bin/broken": (0o755, program("libmissing.so.7")),
    "usr/bin/mount": (0o4755, program()),
    "usr/bin/write": (0o2755, program()),
    "usr/bin/script": (0o755, b"#!/usr/bin/env -S tool -e\nexit 0\n"),
    "usr/bin/tool": (0o755, b"#!/bin/sh -e\nexit 0\n"),
    "usr/bin/orphan": (0o755, b"#!/usr/bin/absent\n"),
    "usr/bin/env-orphan": (0o755, b"#!/usr/bin/env absent\n"),
    "usr/bin/nothing": (0o755, b"neither\n"),
    "usr/bin/data": (0o644, b"no program\n"),
    "usr/bin/[": (0o755, program()),
    "usr/local/bin/local": (0o755, program()),
    "usr/games/cow": (0o755, program()),
    "opt/app/bin/app":
        (0o755, program("libapp.so.1", runpath="$ORIGIN/../lib")),
    "opt/app/lib/libapp.so.1":
        (0o644, elf(needed=["libc.so.6"], soname="libapp.so.1")),
    "opt/two/bin/two":
        (0o755, program("libapp.so.1", runpath="$ORIGIN/../lib")),
    "opt/two/lib/libapp.so.1":
        (0o644, elf(needed=["libc.so.6"], soname="libapp.so.1",
                    text=b"another")),
    "usr/share/data/one.txt": (0o644, b"one\n"),
    "usr/share/data/two.txt": (0o664, b"two\n"),
    "usr/share/data/deep/three.txt": (0o600, b"three\n"),
    "usr/share/data/deep/__cache__/four": (0o644, b"four\n"),
    "usr/share/elsewhere/five.txt": (0o644, b"five\n"),
    "usr/share/aside/six.txt": (0o644, b"six\n"),
    "etc/hosts": (0o644, b"127.0.0.1 localhost\n"),
    "etc/shadow": (0o640, b"root:!::::::\n"),
    "etc/nsswitch.conf": (0o644, b"passwd: compat systemd\n"),
    "var/lib/dpkg/info/foo.list":
        (0o644, b"/.\n/usr\n/usr/share\n/usr/share/data\n"
                b"/usr/share/data/one.txt\n/lib/x86_64-linux-gnu/"
                b"libfoo.so.1\n/usr/share/doc/foo/copyright\n"
                b"/usr/games/cow\n"),
    "var/lib/dpkg/info/libmulti:amd64.list":
        (0o644, b"/.\n/usr/share/data/two.txt\n"),
    "var/lib/dpkg/info/libmulti:arm64.list":
        (0o644, b"/.\n/usr/share/data/deep/three.txt\n"),
    "var/lib/dpkg/info/libmissing7.list":
        (0o644, b"/.\n/usr/lib/x86_64-linux-gnu/libmissing.so.7\n"),
}

LINKS = {
    "bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib",
    "lib64": "usr/lib64",
    "usr/lib64/ld-linux-x86-64.so.2": f"/lib/x86_64-linux-gnu/"
                                      f"ld-linux-x86-64.so.2",
    f"{LIB}/libfoo.so.1": "libfoo.so.1.2",
    "usr/bin/sh": "dash",
    "usr/bin/editor": "/etc/alternatives/editor",
    "etc/alternatives/editor": "/usr/bin/vi.tiny",
    "usr/share/data/link.txt": "one.txt",
    "usr/share/data/out": "../elsewhere/five.txt",
    "usr/share/data/outdir": "../aside",
    "usr/share/data/dangling": "/nonexistent/file",
    "usr/share/data/null": "/dev/null",
    "usr/share/climb": "../../../../etc/hosts",
    "usr/bin/loop": "loop",
    "outside": "../../../../etc/hosts",
    "var/run": "/run",
}

HARD_LINKS = {"usr/bin/hello2": "usr/bin/hello"}
DIRS = {"usr/sbin": 0o755, "run": 0o755, "usr/share/data/open": 0o2777,
        "proc": 0o555, "dev": 0o755}


def make(root, order=1):
    """order=-1 makes everything in another order."""
    root = pathlib.Path(root)
    root.mkdir(parents=True)
    for name, mode in sorted(DIRS.items())[::order]:
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name).chmod(mode)
    for name, (mode, data) in sorted(FILES.items())[::order]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode)
    for name, target in sorted(LINKS.items())[::order]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    for name, target in HARD_LINKS.items():
        os.link(root / target, root / name)
    for path in [root, *root.rglob("*")]:
        if path.is_dir() and not path.is_symlink() and \
                str(path.relative_to(root)) not in DIRS:
            path.chmod(0o755)
