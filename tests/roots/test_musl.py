"""Programs of musl, compared with musl's own loader."""

import os
import pathlib
import platform

import pytest

from conftest import run
from elfbox import Box, tool
from loader_oracle import ask_musl, exists, resolve

ARCH = platform.machine()
LOADER = f"/lib/ld-musl-{ARCH}.so.1"

pytestmark = [
    pytest.mark.skipif(not exists(LOADER), reason="musl is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root"),
]
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


@pytest.fixture
def box(scratch):
    box = Box(scratch)
    path = box.place(LOADER)
    path.write_bytes(pathlib.Path(LOADER).read_bytes())
    path.chmod(0o755)
    return box


def prog(box, name="/prog", **kwargs):
    return box.prog(name, interpreter=LOADER, **kwargs)


@case
def runpath_is_inherited(box):
    prog(box, runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", needed=["libb.so"])
    box.lib("/a/libb.so")
    return {"libb.so": "/a/libb.so"}


@case
def own_list_comes_first(box):
    prog(box, rpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", runpath="/b", needed=["libb.so", "libc2.so"])
    box.lib("/a/libb.so")
    box.lib("/b/libb.so")
    box.lib("/a/libc2.so")
    return {"libb.so": "/b/libb.so", "libc2.so": "/a/libc2.so"}


@case
def default_path(box):
    prog(box, needed=["liba.so", "libb.so", "libd.so", "libe.so"])
    for name in "liba.so", "libb.so", "libd.so":
        box.lib(f"/usr/lib/{name}")
    for name in "liba.so", "libb.so":
        box.lib(f"/usr/local/lib/{name}")
    box.lib("/lib/liba.so")
    return {"liba.so": "/lib/liba.so", "libb.so": "/usr/local/lib/libb.so",
            "libd.so": "/usr/lib/libd.so", "libe.so": None}


@case
def path_file(box):
    prog(box, needed=["liba.so", "libb.so", "libd.so"])
    box.text(f"/etc/ld-musl-{ARCH}.path", "/x:/y\n/z\n")
    box.lib("/lib/liba.so")
    box.lib("/y/liba.so")
    box.lib("/z/libb.so")
    box.lib("/usr/lib/libd.so")
    return {"liba.so": "/y/liba.so", "libb.so": "/z/libb.so", "libd.so": None}


@case
def empty_path_file(box):
    prog(box, needed=["liba.so"])
    box.text(f"/etc/ld-musl-{ARCH}.path", "")
    box.lib("/lib/liba.so")
    return {"liba.so": None}


@case
def origin(box):
    prog(box, "/x/prog", runpath="$ORIGIN/../a:${ORIGIN}/b",
         needed=["liba.so", "libb.so"])
    box.symlink("/prog", "x/prog")
    box.lib("/a/liba.so", runpath="$ORIGIN", needed=["libd.so"])
    box.lib("/a/libd.so")
    box.lib("/x/b/libb.so")
    return {"liba.so": "/x/../a/liba.so", "libb.so": "/x/b/libb.so"}


@case
def other_token_voids_the_list(box):
    prog(box, runpath="/a:$LIB", needed=["liba.so"])
    box.lib("/a/liba.so")
    return {"liba.so": None}


@case
def empty_elements_are_nothing(box):
    prog(box, runpath="::/a:", needed=["liba.so", "libb.so"])
    box.lib("/liba.so")
    box.lib("/a/libb.so")
    return {"liba.so": None, "libb.so": "/a/libb.so"}


@case
def own_names_are_the_loader(box):
    prog(box, runpath="/a", needed=["libc.so", "libpthread.so.0", "libm.so.6",
                                    LOADER, "liba.so"])
    box.lib("/a/libc.so")
    box.lib("/a/libm.so.6")
    box.lib("/a/liba.so", needed=["libc.so.6"])
    return {"liba.so": "/a/liba.so"}


@case
def soname_does_not_answer(box):
    prog(box, runpath="/a", needed=["libfile.so", "libb.so"])
    box.lib("/a/libfile.so", soname="liba.so.1")
    box.lib("/a/libb.so", needed=["liba.so.1"])
    return {"liba.so.1": None}


@case
def two_names_of_one_inode(box):
    prog(box, runpath="/a", needed=["libone.so", "libtwo.so", "libthree.so"])
    box.lib("/a/libone.so", needed=["libtwo.so"])
    os.link(box.path("/a/libone.so"), box.path("/a/libtwo.so"))
    box.symlink("/a/libthree.so", "libone.so")
    return {"libone.so": "/a/libone.so"}


@case
def opened_by_path_then_by_name(box):
    prog(box, runpath="/a", needed=["/a/liba.so", "libb.so", "liba.so"])
    box.lib("/a/liba.so")
    box.lib("/a/libb.so", runpath="/b", needed=["liba.so"])
    box.lib("/b/liba.so")
    return {"/a/liba.so": "/a/liba.so"}


@case
def filters_are_unknown(box):
    prog(box, runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", filters=["libx.so"])
    box.lib("/a/libx.so")
    return {"liba.so": "/a/liba.so"}


@case
def breadth_first(box):
    prog(box, runpath="/a", needed=["liba.so", "libb.so"])
    box.lib("/a/liba.so", needed=["libd.so", "libb.so"])
    box.lib("/a/libb.so", needed=["libe.so"])
    box.lib("/a/libd.so", needed=["libe.so"])
    box.lib("/a/libe.so", needed=["liba.so"])
    return {"libe.so": "/a/libe.so"}


@case
def text_file_first(box):
    prog(box, runpath="/a:/b", needed=["liba.so"])
    box.text("/a/liba.so", "no library" * 99)
    box.lib("/b/liba.so")
    return "error"


def check(expected, mine, theirs):
    if expected == "error":
        assert isinstance(mine, str) and isinstance(theirs, str)
        return
    found, missing = theirs
    assert [pair for pair in mine if pair[1]] == found
    assert {name for name, path in mine if not path} == missing
    for name, path in expected.items():
        assert dict(mine).get(name, "nothing") == path, mine


@pytest.mark.parametrize("name", CASES)
def test_in_a_root_of_its_own(name, box):
    expected = CASES[name](box)
    check(expected, box.mine(),
          ask_musl(LOADER, box.real("/prog"), root=box.root))


def test_a_real_program(scratch):
    source = scratch / "hello.c"
    source.write_text("#include <stdio.h>\nint main(void)"
                      "{ return puts(\"hello\") < 0; }\n")
    tool("musl-gcc", "-o", scratch / "hello", source)
    assert run(scratch / "hello").out == "hello\n"
    path = str(scratch / "hello")
    check({}, resolve([path])[path], ask_musl(LOADER, path))
