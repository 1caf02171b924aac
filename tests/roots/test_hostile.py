"""What the machine's loader cannot show: files that would hang it, sysroots
and ELF files that want to lead elsewhere, loaders of other kinds, and the words
of the resolver."""

import os
import stat

import pytest

from conftest import BUILD, run
from elfbox import Box
from loader_oracle import resolve

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def box(scratch):
    box = Box(scratch)
    box.add_loader()
    return box


def tool(box, *argv):
    return run(BUILD / "tools" / "resolve", "--sysroot", box.root, *argv)


def test_fifo_neither_blocks_nor_loads(box):
    box.prog("/opt/prog", runpath="/opt/a", needed=["liba.so"])
    os.mkfifo(box.place("/opt/a/liba.so"))
    assert "liba.so, needed by /opt/prog, cannot be loaded: it is no regular" \
        in box.mine("/opt/prog")


@needs_root
def test_device_is_not_opened(box):
    box.prog("/opt/prog", runpath="/opt/a", needed=["liba.so"])
    os.mknod(box.place("/opt/a/liba.so"), stat.S_IFCHR | 0o666,
             os.makedev(1, 3))
    assert "no regular file" in box.mine("/opt/prog")


@pytest.mark.parametrize("name", ["/etc/secret.so", "/home/joe/secret.so",
                                  "/root/secret.so", "/secret.so",
                                  "/opt/../etc/secret.so", "/opt/link.so"])
def test_libraries_come_from_where_libraries_are(box, name):
    box.prog("/opt/prog", needed=[name])
    for path in ("/etc/secret.so", "/home/joe/secret.so", "/root/secret.so",
                 "/secret.so"):
        box.lib(path)
    box.symlink("/opt/link.so", "/etc/secret.so")
    out = tool(box, "/opt/prog").out
    assert f"{name}, needed by /opt/prog, cannot be loaded: it lies outside " \
        "of the directories of libraries and of the program" in out


@pytest.mark.parametrize("name", ["/usr/x/liba.so", "/opt/b/liba.so",
                                  "/lib64/liba.so", "/home/joe/lib/liba.so"])
def test_and_from_where_the_program_is(box, name):
    box.prog("/home/joe/prog", needed=[name])
    box.lib(name)
    assert f"{name} => {name}" in tool(box, "/home/joe/prog").out


def test_neighbour_of_the_program_is_another(box):
    box.prog("/home/joe/prog", needed=["/home/joey/liba.so"])
    box.lib("/home/joey/liba.so")
    assert "lies outside" in tool(box, "/home/joe/prog").out
    assert "liba.so => " in tool(box, "--roots", "/home/joey",
                                 "/home/joe/prog").out


def test_interpreter_comes_from_there_too(box):
    box.prog("/opt/prog", interpreter="/etc/ld-linux-x.so")
    box.lib("/etc/ld-linux-x.so")
    assert "the interpreter of /opt/prog, cannot be loaded: it lies outside" \
        in tool(box, "/opt/prog").out


def test_interpreter_that_is_no_loader(box):
    box.prog("/opt/prog", interpreter="/usr/ld-linux-x.so")
    box.text("/usr/ld-linux-x.so", "root:x:0:0::/root:/bin/sh\n" * 9)
    assert "cannot be loaded: it is no ELF file" in tool(box, "/opt/prog").out


def test_interpreter_for_another_machine(box):
    box.prog("/opt/prog", interpreter="/usr/ld-linux-x.so")
    box.lib("/usr/ld-linux-x.so")
    box.patch("/usr/ld-linux-x.so", 18, b"\x15\x00")
    assert "it is for another machine" in tool(box, "/opt/prog").out


def test_interpreter_that_is_missing(box):
    box.prog("/opt/prog", interpreter="/usr/ld-linux-x.so")
    assert tool(box, "/opt/prog").out.splitlines()[1] == \
        "/usr/ld-linux-x.so => not found"


def test_interpreter_of_another_kind(box):
    box.prog("/opt/prog", interpreter="/lib/klibc-abc.so")
    box.link("/lib/klibc-abc.so", "-no-pie", "-e", "0")
    assert tool(box, "/opt/prog").out.splitlines()[1:] == [
        "/lib/klibc-abc.so => /lib/klibc-abc.so"]
    box.prog("/opt/other", interpreter="/lib/klibc-abc.so",
             needed=["liba.so"])
    assert "is neither glibc's nor musl's" in tool(box, "/opt/other").out


def test_interpreter_without_dynamic_section(box):
    """As programs of klibc are."""
    box.prog("/opt/prog", interpreter="/lib/klibc-abc.so")
    box.link("/lib/klibc-abc.so", "-no-pie", "-e", "0")
    data = bytearray(box.path("/opt/prog").read_bytes())
    at = next(at for at in range(64, 64 + 56 * 10, 56)
              if data[at:at + 4] == b"\2\0\0\0")
    box.patch("/opt/prog", at, b"\0\0\0\0")
    assert tool(box, "/opt/prog").out.splitlines()[1:] == [
        "/lib/klibc-abc.so => /lib/klibc-abc.so"]


def test_missing_auxiliary_is_no_object(box):
    box.prog("/opt/prog", runpath="/opt", needed=["liba.so"])
    box.lib("/opt/liba.so", auxiliary=["libnone.so", "libb.so"])
    box.text("/opt/libb.so", "broken" * 99)
    assert box.mine("/opt/prog") == [("liba.so", "/opt/liba.so")]


def test_static_programs_and_object_files_are_alone(box):
    box.link("/opt/static", "-no-pie", "-e", "0")
    box.place("/opt/x.o").write_bytes(box.object.read_bytes())
    assert tool(box, "/opt/static", "/opt/x.o").out == "/opt/static:\n/opt/x.o:\n"


@pytest.mark.parametrize("content, words", [
    (b"#!/bin/sh\n", "is no ELF file"), (b"", "is no ELF file"),
    (b"\x7fELF\2\1\1" + bytes(9) + b"\3\0\x3e\0", "it is too short"),
])
def test_what_is_no_program(box, content, words):
    box.place("/opt/x").write_bytes(content)
    assert words in tool(box, "/opt/x").out


def test_variants_for_other_cpus(box):
    if box.platform != "x86_64":
        pytest.skip("only x86_64 has variants here")
    box.prog("/opt/prog", runpath="/opt/a:/opt/b",
             needed=["liba.so", "libz.so"])
    for directory in "/opt/b", "/opt/b/glibc-hwcaps/x86-64-v3":
        box.lib(f"{directory}/liba.so", runpath="/opt/a", needed=["libc.so"])
    box.lib("/opt/a/glibc-hwcaps/x86-64-v2/liba.so", needed=["libv.so"],
            runpath="/opt/a")
    for name in "libc.so", "libv.so", "libz.so":
        box.lib(f"/opt/a/{name}")
    plain = box.mine("/opt/prog")
    assert ("liba.so", "/opt/b/liba.so") in plain and len(plain) == 3
    assert box.mine("/opt/prog", "--hwcaps") == [
        ("liba.so", "/opt/b/liba.so"),
        ("liba.so", "/opt/b/glibc-hwcaps/x86-64-v3/liba.so"),
        ("liba.so", "/opt/a/glibc-hwcaps/x86-64-v2/liba.so"),
        ("libz.so", "/opt/a/libz.so"), ("libc.so", "/opt/a/libc.so"),
        ("libv.so", "/opt/a/libv.so")]


@needs_root
def test_variants_in_the_cache(box):
    if box.platform != "x86_64":
        pytest.skip("only x86_64 has variants here")
    box.prog("/opt/prog", needed=["liba.so"])
    box.text("/etc/ld.so.conf", "/opt/lib\n")
    for directory in "", "/glibc-hwcaps/x86-64-v2", "/glibc-hwcaps/x86-64-v4":
        box.lib(f"/opt/lib{directory}/liba.so", soname="liba.so")
    box.ldconfig()
    assert [path for _, path in box.mine("/opt/prog", "--hwcaps")] == [
        "/opt/lib/liba.so", "/opt/lib/glibc-hwcaps/x86-64-v4/liba.so",
        "/opt/lib/glibc-hwcaps/x86-64-v2/liba.so"]


def test_says_where_it_searched(box):
    box.prog("/opt/prog", rpath="$ORIGIN/r", needed=["liba.so"])
    box.lib("/opt/r/liba.so", needed=["libnone.so", "/opt/libnone.so"])
    box.lib("/opt/r/libnone.so")
    box.patch("/opt/r/libnone.so", 18, b"\x15\x00")
    box.text("/etc/ld.so.conf", "")
    box.ldconfig()
    lines = tool(box, "--why", "/opt/prog").out.splitlines()
    assert lines[-2] == (
        "libnone.so => not found (searched: RPATH of /opt/prog /opt/r (there "
        f"for another machine), ld.so.cache, /{box.lib_dir}, "
        f"/usr/{box.lib_dir}, /lib, /usr/lib)")
    assert lines[-1] == \
        "/opt/libnone.so => not found (searched: that path only)"
    assert "liba.so => /opt/r/liba.so (origin)" in lines


def test_finds_a_library_by_name(box):
    box.prog("/opt/prog", runpath="/opt/a", needed=["liba.so"])
    box.prog("/bin/sh")
    box.lib("/opt/a/liba.so", soname="libsame.so")
    box.lib("/lib/libb.so")

    def find(name, *like):
        return tool(box, "--library", name, *like).out.strip()
    assert find("libsame.so", "/opt/prog") == "/opt/a/liba.so"
    assert find("libb.so", "/opt/prog") == "/lib/libb.so"
    assert find("libb.so") == "/lib/libb.so"
    assert find("libnone.so").startswith(
        "error: libnone.so not found; searched: ")
    box.path("/bin/sh").unlink()
    assert find("libb.so") == "/lib/libb.so"
    box.path(box.loader).unlink()
    assert "no loader at a usual path" in find("libb.so")


def test_versions_must_be_there(box):
    box.text("/v1", "V1 { global: a; };")
    box.text("/v2", "V1 { global: a; }; V2 { global: b; };")
    code = ".globl a\na: nop\n.globl b\nb: nop\n"
    box.lib("/opt/liba.so", soname="liba.so", code=code,
            flags=["--version-script", box.path("/v2")])
    box.link("/opt/prog", "-pie", "-dynamic-linker", box.loader, "-e", "0",
             code="call b\n", runpath="/opt", flags=[
                 "--no-as-needed", box.path("/opt/liba.so")])
    assert tool(box, "--versions", "/opt/prog").status == 0
    box.lib("/opt/liba.so", soname="liba.so", code=code,
            flags=["--version-script", box.path("/v1")])
    done = tool(box, "--versions", "/opt/prog")
    assert "error: /opt/prog needs V2 of liba.so, and /opt/liba.so does not " \
        "define it" in done.out


def test_an_unreadable_library_is_passed_over(box):
    from conftest import ordinary_user
    if os.geteuid() != 0:
        pytest.skip("needs root to become an ordinary user")
    box.prog("/opt/prog", runpath="$ORIGIN/a:$ORIGIN/b", needed=["liba.so"])
    box.lib("/opt/a/liba.so").chmod(0)
    box.lib("/opt/b/liba.so")
    path = str(box.path("/opt/prog"))
    mine, theirs = box.outside("/opt/prog")
    assert mine == theirs
    assert dict(mine)["liba.so"].endswith("/b/liba.so")
    assert resolve([path], **ordinary_user())[path] == mine
