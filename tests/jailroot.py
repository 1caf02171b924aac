"""Roots for the tests of the launcher: busybox with what it loads, users, and
small C programs that look at what they were given."""

import os
import pathlib
import shutil
import stat
import subprocess

from conftest import BUILD, owner_of, run, shared_once

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
jailuser:x:1000:1000::/home/jailuser:/bin/sh
rooted:x:0:1000::/:/bin/sh
admin:x:1001:1001::/home/admin:/bin/ash
"""
GROUP = """\
root:x:0:admin
jailuser:x:1000:
audio:x:29:jailuser,other
video:x:44:other
"""
APPLETS = """sh ash cat echo ls id env sleep true false kill sed grep head wc
stat test touch mkdir printf od nproc ps pwd chroot setsid yes seq""".split()


def libraries(program):
    out = subprocess.run(["ldd", program], capture_output=True, text=True,
                         check=False).stdout
    for word in out.split():
        if word.startswith("/"):
            yield word


def add_program(root, program, name=None):
    """Copies a program and all that its loader opens."""
    place = root / (name or "bin/" + os.path.basename(program))
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(program, place)
    for library in libraries(program):
        target = root / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)


def make_root(path):
    """A root with busybox, users, and a home."""
    path.mkdir(mode=0o755)
    for name in ("bin", "etc", "home", "tmp", "dev", "root"):
        (path / name).mkdir(mode=0o755)
    (path / "tmp").chmod(0o1777)
    (path / "home/jailuser").mkdir()
    os.chown(path / "home/jailuser", owner_of(1000), 1000)
    (path / "home/jailuser").chmod(0o700)
    (path / "root").chmod(0o700)
    for name, minor in (("null", 3), ("zero", 5)):
        if os.geteuid() == 0:
            os.mknod(path / "dev" / name, 0o666 | stat.S_IFCHR,
                     os.makedev(1, minor))
            (path / "dev" / name).chmod(0o666)
    (path / "etc/passwd").write_text(PASSWD)
    (path / "etc/group").write_text(GROUP)
    add_program(path, "/bin/busybox")
    for applet in APPLETS:
        (path / "bin" / applet).symlink_to("busybox")


def busybox_root():
    """A root that all tests share: not to be changed."""
    return shared_once("busybox-root", make_root)


def compile_c(source, output, *flags):
    """A static program from C text."""
    subprocess.run(["gcc", "-O1", "-static", "-pthread", "-x", "c",
                    "-D_GNU_SOURCE", "-o", str(output), "-", *flags],
                   input=source, text=True, check=True)
    return pathlib.Path(output)


def launch(*argv, root=None, **kwargs):
    """In the shared root, as jailuser unless the options say otherwise."""
    argv = [str(arg) for arg in argv]
    if "-u" not in argv[:argv.index("--")] and "--spec" not in argv:
        argv = ["-u", "jailuser"] + argv
    return run(BUILD / "jaillaunch", "-r", root or busybox_root(), *argv,
               **kwargs)


def sh(script, *options, **kwargs):
    return launch(*options, "--", "/bin/sh", "-c", script, **kwargs)


def refuses(words, *argv, status=125, **kwargs):
    """One line, ours, with these words; nothing on standard output."""
    done = run(BUILD / "jaillaunch", *argv, **kwargs)
    assert done.status == status, done
    assert done.out == "", done
    assert done.err.startswith("jaillaunch: "), done
    assert done.err.count("\n") == 1, done
    assert words in done.err, done
    return done
