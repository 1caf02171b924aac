"""Small programs and libraries that are hard to resolve, each compared with
what the machine's own loader says in the same root, and, without another root,
for an ordinary user."""

import os
import shutil

import pytest

from elfbox import (DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRTAB,
                    Box)

CASES = {}

ABI_TAG = """
	.section .note.ABI-tag, "a"
	.long 4, 16, 1
	.asciz "GNU"
	.long {system}, {version}
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0,
                                reason="chroot needs root")


def case(function):
    """A case builds its files and returns what is to be found, as {name: path}
    or "error"; names that it does not say are not checked, besides that the
    loader says the same."""
    CASES[function.__name__] = function
    return function


@pytest.fixture
def box(scratch):
    return Box(scratch)


def same(mine, theirs):
    if isinstance(theirs, str):
        return isinstance(mine, str)
    return mine == theirs


def check(expected, mine):
    if expected == "error":
        assert isinstance(mine, str), mine
        return
    assert isinstance(mine, list), mine
    found = dict(mine)
    for name, path in expected.items():
        assert found.get(name, "nothing") == path, mine


# Where DT_RPATH and DT_RUNPATH reach

@case
def rpath_is_inherited(box):
    box.prog(rpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", needed=["libb.so"])
    box.lib("/a/libb.so")
    return {"liba.so": "/a/liba.so", "libb.so": "/a/libb.so"}


@case
def runpath_is_not_inherited(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", needed=["libb.so"])
    box.lib("/a/libb.so")
    return {"liba.so": "/a/liba.so", "libb.so": None}


@case
def rpath_of_a_library_between_is_inherited(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", rpath="/b", needed=["libb.so"])
    box.lib("/b/libb.so", needed=["libc.so"])
    box.lib("/b/libc.so")
    return {"libb.so": "/b/libb.so", "libc.so": "/b/libc.so"}


@case
def runpath_of_the_asker_turns_rpaths_off(box):
    box.prog(rpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", runpath="/none", needed=["libb.so"])
    box.lib("/a/libb.so")
    return {"libb.so": None}


@case
def runpath_between_does_not_stop_older_rpaths(box):
    box.prog(rpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", runpath="/b", needed=["libb.so"])
    box.lib("/b/libb.so", needed=["libc.so"])
    box.lib("/a/libc.so")
    box.lib("/b/libc.so")
    return {"libb.so": "/b/libb.so", "libc.so": "/a/libc.so"}


@case
def rpath_of_the_library_comes_before_the_programs(box):
    box.prog(rpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", rpath="/b", needed=["libb.so", "libc.so"])
    box.lib("/a/libb.so")
    box.lib("/b/libb.so")
    box.lib("/a/libc.so")
    return {"libb.so": "/b/libb.so", "libc.so": "/a/libc.so"}


@case
def runpath_voids_the_rpath_of_the_same_file(box):
    box.prog(runpath="/b", needed=["/a", "liba.so", "libb.so"])
    box.retag("/prog", DT_NEEDED, DT_RPATH)
    box.lib("/a/liba.so")
    box.lib("/b/libb.so")
    return {"liba.so": None, "libb.so": "/b/libb.so"}


@case
def rpath_comes_before_default_directories(box):
    box.prog(rpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so")
    box.lib(f"/{box.lib_dir}/liba.so")
    return {"liba.so": "/a/liba.so"}


# What stands in a list

@case
def origin_in_both_forms(box):
    box.prog("/x/prog", runpath="$ORIGIN/../a:${ORIGIN}/b",
             needed=["liba.so", "libb.so"])
    box.symlink("/prog", "x/prog")
    box.lib("/a/liba.so")
    box.lib("/x/b/libb.so")
    return {"liba.so": "/x/../a/liba.so", "libb.so": "/x/b/libb.so"}


@case
def lib_in_both_forms(box):
    box.prog(runpath="/a/$LIB:/b/${LIB}", needed=["liba.so", "libb.so"])
    box.lib(f"/a/{box.lib_dir}/liba.so")
    box.lib(f"/b/{box.lib_dir}/libb.so")
    return {"liba.so": f"/a/{box.lib_dir}/liba.so", "libb.so": f"/b/{box.lib_dir}/libb.so"}


@case
def platform_is_that_of_every_cpu(box):
    box.prog(runpath="/a/$PLATFORM:/b/${PLATFORM}x",
             needed=["liba.so", "libb.so"])
    box.lib(f"/a/{box.platform}/liba.so")
    box.lib("/a/haswell/liba.so")
    box.lib(f"/b/{box.platform}x/libb.so")
    return {"liba.so": f"/a/{box.platform}/liba.so",
            "libb.so": f"/b/{box.platform}x/libb.so"}


@case
def names_that_are_no_tokens_stay(box):
    box.prog(runpath="/$FOO:/a/$ORIGINAL:/b/${ORIGIN:/$:/c/$LIBx",
             needed=["liba.so", "libb.so", "libc.so", "libd.so", "libe.so"])
    box.lib("/$FOO/liba.so")
    box.lib("/a/$ORIGINAL/libb.so")
    box.lib("/b/${ORIGIN/libc.so")
    box.lib("/$/libd.so")
    box.lib("/c/$LIBx/libe.so")
    return {"liba.so": "/$FOO/liba.so", "libe.so": "/c/$LIBx/libe.so"}


@case
def empty_element_is_the_working_directory(box):
    box.prog(rpath="/a::/b", needed=["liba.so", "libb.so"])
    box.lib("/liba.so")
    box.lib("/b/liba.so")
    box.lib("/b/libb.so")
    return {"liba.so": "/liba.so", "libb.so": "/b/libb.so"}


@case
def empty_element_at_the_end(box):
    box.prog(runpath="/a:", needed=["libmissing.so", "liba.so"])
    box.lib("/liba.so")
    return {"libmissing.so": None, "liba.so": "/liba.so"}


@case
def relative_element(box):
    box.prog(runpath="a/b", needed=["liba.so"])
    box.lib("/a/b/liba.so")
    return {"liba.so": "/a/b/liba.so"}


@case
def slashes_at_the_end_count_once(box):
    box.prog(runpath="/a///:/a/:/b//c/:/", needed=["liba.so", "libb.so",
                                                  "libc.so"])
    box.lib("/a/liba.so")
    box.lib("/b/c/libb.so")
    box.lib("/libc.so")
    return {"liba.so": "/a/liba.so", "libb.so": "/b//c/libb.so",
            "libc.so": "/libc.so"}


@case
def empty_runpath_is_none(box):
    box.prog(needed=["", "liba.so"])
    box.retag("/prog", DT_NEEDED, DT_RUNPATH)
    box.lib("/liba.so")
    return {"liba.so": None}


@case
def origin_of_a_library_is_the_directory_it_was_opened_in(box):
    box.prog(runpath="/link", needed=["liba.so"])
    box.symlink("/link", "store/deep/lib")
    box.lib("/store/deep/lib/liba.so", runpath="$ORIGIN/../b",
            needed=["libb.so"])
    box.lib("/b/libb.so")
    box.lib("/store/deep/b/libb.so")
    return {"libb.so": "/link/../b/libb.so"}


@case
def origin_of_a_linked_library_is_where_the_link_is(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.symlink("/a/liba.so", "../store/liba.so.1")
    box.lib("/store/liba.so.1", runpath="$ORIGIN", needed=["libb.so"])
    box.lib("/a/libb.so")
    box.lib("/store/libb.so")
    return {"libb.so": "/a/libb.so"}


@case
def origin_of_the_program_is_its_real_directory(box):
    box.prog("/store/bin/prog", runpath="$ORIGIN/../lib", needed=["liba.so"])
    box.symlink("/bin2/prog", "../store/bin/prog")
    box.symlink("/prog", "bin2/prog")
    box.lib("/store/lib/liba.so")
    box.lib("/lib/liba.so")
    return {"liba.so": "/store/bin/../lib/liba.so"}


@case
def origin_of_a_file_in_the_root(box):
    box.prog(runpath="$ORIGIN/a:$ORIGIN", needed=["liba.so", "libb.so"])
    box.lib("/a/liba.so")
    box.lib("/libb.so")
    return {}


# What counts as loaded

@case
def soname_of_a_loaded_file_answers(box):
    box.prog(runpath="/a", needed=["libfile.so", "libb.so"])
    box.lib("/a/libfile.so", soname="liba.so.1")
    box.lib("/a/libb.so", needed=["liba.so.1"])
    return {"libfile.so": "/a/libfile.so", "libb.so": "/a/libb.so"}


@case
def breadth_first_rescues_a_library(box):
    box.prog(runpath="/a", needed=["liba.so", "libc.so"])
    box.lib("/a/liba.so", needed=["libb.so"])
    box.lib("/a/libc.so", runpath="/b", needed=["libb.so"])
    box.lib("/b/libb.so", soname="libb.so")
    return {"liba.so": "/a/liba.so", "libc.so": "/a/libc.so"}


@case
def missing_library_is_asked_for_again(box):
    box.prog(runpath="/a", needed=["liba.so", "libnone.so", "libb.so"])
    box.lib("/a/liba.so", needed=["libnone.so"])
    box.lib("/a/libb.so", runpath="/b", needed=["libnone.so"])
    box.lib("/b/libnone.so")
    return {"liba.so": "/a/liba.so"}


@case
def two_names_of_one_inode(box):
    box.prog(runpath="/a", needed=["libone.so", "libtwo.so", "libthree.so"])
    box.lib("/a/libone.so")
    os.link(box.path("/a/libone.so"), box.path("/a/libtwo.so"))
    box.symlink("/a/libthree.so", "libone.so")
    return {"libone.so": "/a/libone.so"}


@case
def two_files_of_one_soname(box):
    box.prog(runpath="/a", needed=["libone.so", "libtwo.so", "libc.so"])
    box.lib("/a/libone.so", soname="libsame.so")
    box.lib("/a/libtwo.so", soname="libsame.so")
    box.lib("/a/libc.so", needed=["libsame.so"])
    return {"libone.so": "/a/libone.so", "libtwo.so": "/a/libtwo.so"}


@case
def cycle(box):
    box.prog(rpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", needed=["libb.so"], soname="liba.so")
    box.lib("/a/libb.so", needed=["liba.so", "libb.so"])
    return {"liba.so": "/a/liba.so", "libb.so": "/a/libb.so"}


@case
def library_asks_for_the_program(box):
    box.prog(rpath="/a", needed=["prog.so", "liba.so"])
    box.retag("/prog", DT_NEEDED, DT_SONAME)
    box.lib("/a/liba.so", needed=["prog.so"])
    return {"liba.so": "/a/liba.so"}


@case
def loader_and_vdso_by_name(box):
    box.prog(rpath="/a", needed=["linux-vdso.so.1", "liba.so",
                                 os.path.basename(box.loader)])
    box.lib("/a/liba.so", needed=[box.loader])
    box.lib("/a/" + os.path.basename(box.loader))
    return {"liba.so": "/a/liba.so"}


@case
def loader_under_another_name(box):
    box.prog(runpath="/a", needed=["libld.so", "liba.so"])
    box.add_loader()
    box.symlink("/a/libld.so", ".." + box.loader)
    box.lib("/a/liba.so", needed=["../" + box.loader])
    return {"liba.so": "/a/liba.so"}


@case
def program_under_its_own_path(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", needed=["/prog", "libprog.so"])
    box.symlink("/a/libprog.so", "../prog")
    return "error"


# Names with a slash

@case
def needed_with_a_slash_is_not_searched(box):
    box.prog(rpath="/a", needed=["/b/liba.so", "/b/libnone.so"])
    box.lib("/b/liba.so", soname="liba.so", needed=["liba.so"])
    box.lib("/a/liba.so")
    box.lib("/a/libnone.so")
    return {"/b/liba.so": "/b/liba.so", "/b/libnone.so": None}


@case
def needed_with_origin(box):
    box.prog("/x/prog", needed=["$ORIGIN/../a/liba.so", "${ORIGIN}/libb.so"])
    box.symlink("/prog", "x/prog")
    box.lib("/a/liba.so", needed=["$ORIGIN/libc.so"])
    box.lib("/x/libb.so")
    box.lib("/a/libc.so")
    return {"/x/../a/liba.so": "/x/../a/liba.so"}


@case
def needed_relative_to_the_working_directory(box):
    box.prog(needed=["a/liba.so"])
    box.lib("/a/liba.so")
    return {"a/liba.so": "/a/liba.so"}


# Filters

@case
def auxiliary_comes_before_its_asker(box):
    box.prog(rpath="/a", needed=["liba.so", "libb.so"])
    box.lib("/a/liba.so", auxiliary=["libx.so", "liby.so"],
            needed=["libz.so"])
    box.lib("/a/libx.so", needed=["libw.so"])
    for name in "bwyz":
        box.lib(f"/a/lib{name}.so")
    return {"libx.so": "/a/libx.so", "liby.so": "/a/liby.so"}


@case
def auxiliary_moves_forward(box):
    box.prog(rpath="/a", needed=["libc.so", "liba.so", "libb.so"])
    box.lib("/a/libc.so")
    box.lib("/a/liba.so", auxiliary=["libb.so", "libc.so"])
    box.lib("/a/libb.so", needed=["libd.so"])
    box.lib("/a/libd.so")
    return {"libb.so": "/a/libb.so"}


@case
def filter_comes_before_its_asker(box):
    box.prog(rpath="/a", needed=["liba.so", "libb.so"])
    box.lib("/a/liba.so", filters=["libx.so"], needed=["libb.so"])
    box.lib("/a/libx.so", auxiliary=["liby.so"])
    box.lib("/a/liby.so")
    box.lib("/a/libb.so")
    return {"libx.so": "/a/libx.so", "liby.so": "/a/liby.so"}


@case
def filter_that_is_missing(box):
    box.prog(rpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", filters=["libx.so"])
    return {"libx.so": None}


# Candidates that are passed over, and those that end the program

@case
def other_class_is_passed_over(box):
    box.prog(runpath="/a:/b", needed=["liba.so"])
    box.lib("/b/liba.so")
    box.lib("/a/liba.so")
    box.patch("/a/liba.so", 4, b"\x01")
    return {"liba.so": "/b/liba.so"}


@case
def other_machine_is_passed_over(box):
    box.prog(runpath="/a:/b", needed=["liba.so"])
    box.lib("/b/liba.so")
    box.lib("/a/liba.so")
    box.patch("/a/liba.so", 18, b"\x15\x00")
    return {"liba.so": "/b/liba.so"}


@case
def other_machine_and_nothing_else(box):
    box.prog(runpath="/a", needed=["liba.so", "/a/liba.so"])
    box.lib("/a/liba.so")
    box.patch("/a/liba.so", 18, b"\x15\x00")
    return {"liba.so": None, "/a/liba.so": None}


@case
def text_file_ends_the_program(box):
    box.prog(runpath="/a:/b", needed=["liba.so"])
    box.text("/a/liba.so", "INPUT(liba.so.1)" * 20)
    box.lib("/b/liba.so")
    return "error"


@case
def empty_file_ends_the_program(box):
    box.prog(runpath="/a:/b", needed=["liba.so"])
    box.text("/a/liba.so", "")
    box.lib("/b/liba.so")
    return "error"


@case
def truncated_header_ends_the_program(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so")
    os.truncate(box.path("/a/liba.so"), 50)
    return "error"


@case
def program_headers_outside_end_the_program(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so")
    box.patch("/a/liba.so", 56, b"\xff\xff")
    return "error"


@case
def program_headers_of_odd_size_end_the_program(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so")
    box.patch("/a/liba.so", 54, b"\x20\x00")
    return "error"


@case
def other_operating_system_ends_the_program(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so")
    box.patch("/a/liba.so", 7, b"\x09")
    return "error"


@case
def object_file_ends_the_program(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.place("/a/liba.so").write_bytes(box.object.read_bytes())
    return "error"


@case
def string_table_outside_ends_the_program(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", needed=["libb.so"])
    box.retag("/a/liba.so", DT_STRTAB, DT_STRTAB, 1 << 40)
    return "error"


@case
def program_as_a_library_ends_the_program(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.prog("/a/liba.so")
    return "error"


@case
def program_at_a_fixed_address_as_a_library_ends_the_program(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.link("/a/liba.so", "-no-pie", "-e", "0", needed=["libb.so"])
    return "error"


@case
def library_without_dynamic_section_ends_the_program(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so")
    data = box.path("/a/liba.so").read_bytes()
    for i in range(8):
        at = 64 + 56 * i
        if data[at:at + 4] == b"\x02\0\0\0":
            box.patch("/a/liba.so", at, b"\0\0\0\x65")
            return "error"
    raise AssertionError


@case
def directory_ends_the_program(box):
    box.prog(runpath="/a:/b", needed=["liba.so"])
    box.path("/a/liba.so").mkdir(parents=True)
    box.lib("/b/liba.so")
    return "error"


@case
def text_file_named_by_path_ends_the_program(box):
    box.prog(needed=["/etc/shadow"])
    box.text("/etc/shadow", "root:*:19000:0:99999:7:::\n" * 9)
    return "error"


@case
def link_loop_ends_its_list_only(box):
    box.prog(runpath="/a:/b", needed=["liba.so", "libb.so"])
    box.symlink("/a/liba.so", "liba.so")
    box.lib("/b/liba.so")
    box.lib(f"/{box.lib_dir}/liba.so")
    box.symlink("/a/libb.so", "libb.so")
    box.lib("/b/libb.so")
    return {"liba.so": f"/{box.lib_dir}/liba.so", "libb.so": None}


@case
def link_loop_of_a_directory_is_no_directory(box):
    box.prog(runpath="/loop/a:/b", needed=["liba.so"])
    box.symlink("/loop", "loop")
    box.lib("/b/liba.so")
    return {"liba.so": "/b/liba.so"}


@case
def file_as_a_directory_is_passed_over(box):
    box.prog(runpath="/file:/file/x:/b", needed=["liba.so"])
    box.text("/file", "")
    box.lib("/b/liba.so")
    return {"liba.so": "/b/liba.so"}


@case
def link_to_nothing_is_passed_over(box):
    box.prog(runpath="/a:/b", needed=["liba.so"])
    box.symlink("/a/liba.so", "/none")
    box.lib("/b/liba.so")
    return {"liba.so": "/b/liba.so"}


@case
def absolute_links_stay_in_the_root(box):
    box.prog(runpath="/a", needed=["liba.so", "libb.so"])
    box.symlink("/a", "/store/../../../store/lib")
    box.lib("/store/lib/liba.so")
    box.symlink("/store/lib/libb.so", "/../store/other/libb.so.1")
    box.lib("/store/other/libb.so.1")
    return {"liba.so": "/a/liba.so", "libb.so": "/a/libb.so"}


@case
def library_for_another_kernel(box):
    box.prog(runpath="/a:/b", needed=["liba.so"])
    box.lib("/a/liba.so", code=ABI_TAG.format(system=1, version="0, 0, 0"))
    box.lib("/b/liba.so", code=ABI_TAG.format(system=0, version="3, 2, 0"))
    return {}


@case
def library_for_a_newer_kernel(box):
    box.prog(runpath="/a:/b", needed=["liba.so"])
    box.lib("/a/liba.so", code=ABI_TAG.format(system=0, version="99, 0, 0"))
    box.lib("/b/liba.so")
    return {}


@case
def no_section_headers(box):
    box.prog(rpath="/a", needed=["liba.so"])
    box.lib("/a/liba.so", needed=["libb.so"])
    box.lib("/a/libb.so")
    for name in "/prog", "/a/liba.so":
        box.patch(name, 40, bytes(8))
        box.patch(name, 58, bytes(6))
    return {"libb.so": "/a/libb.so"}


@case
def static_pie(box):
    box.link("/prog", "-static", "-pie", "--no-dynamic-linker", "-e", "0")
    return {}


# The system's own lists

@case
def default_directories_in_order(box):
    box.prog(needed=["liba.so", "libb.so", "libc.so"])
    for name in "liba.so", "libb.so", "libc.so":
        box.lib(f"/usr/lib/{name}")
    for name in "liba.so", "libb.so":
        box.lib(f"/lib/{name}")
    box.lib(f"/{box.lib_dir}/liba.so")
    return {"liba.so": f"/{box.lib_dir}/liba.so", "libb.so": "/lib/libb.so",
            "libc.so": "/usr/lib/libc.so"}


@case
def legacy_directories(box):
    box.prog(runpath="/a", needed=["liba.so", "libb.so"])
    box.lib(f"/a/{box.platform}/liba.so")
    box.lib("/a/tls/liba.so")
    box.lib(f"/a/tls/{box.platform}/liba.so")
    box.lib("/a/liba.so")
    box.lib(f"/{box.lib_dir}/{box.platform}/libb.so")
    box.lib(f"/{box.lib_dir}/libb.so")
    return {"liba.so": f"/a/tls/{box.platform}/liba.so",
            "libb.so": f"/{box.lib_dir}/{box.platform}/libb.so"}


@case
def hwcaps_are_not_for_every_cpu(box):
    box.prog(runpath="/a", needed=["liba.so"])
    box.lib("/a/glibc-hwcaps/x86-64-v2/liba.so")
    box.lib("/a/glibc-hwcaps/x86-64-v3/liba.so")
    box.lib("/a/liba.so")
    return {"liba.so": "/a/liba.so"}


@case
def cache_comes_before_default_directories(box):
    box.prog(needed=["liba.so", "libb.so"])
    box.text("/etc/ld.so.conf", "/opt/lib\n")
    box.lib("/opt/lib/liba.so", soname="liba.so")
    box.lib(f"/{box.lib_dir}/libb.so", soname="libb.so")
    box.ldconfig()
    box.lib(f"/{box.lib_dir}/liba.so", soname="liba.so")
    return {"liba.so": "/opt/lib/liba.so", "libb.so": f"/{box.lib_dir}/libb.so"}


@case
def cache_in_the_old_format_too(box):
    box.prog(needed=["liba.so"])
    box.text("/etc/ld.so.conf", "/opt/lib\n")
    box.lib("/opt/lib/liba.so", soname="liba.so")
    box.ldconfig("-c", "compat")
    assert box.path("/etc/ld.so.cache").read_bytes()[:11] == b"ld.so-1.7.0"
    return {"liba.so": "/opt/lib/liba.so"}


@case
def cache_names_what_is_gone(box):
    box.prog(needed=["liba.so", "libb.so"])
    box.text("/etc/ld.so.conf", "/opt/lib\n")
    box.lib("/opt/lib/liba.so", soname="liba.so")
    box.lib("/opt/lib/libb.so", soname="libb.so")
    box.ldconfig()
    box.path("/opt/lib/liba.so").unlink()
    box.path("/opt/lib/libb.so").unlink()
    box.lib("/usr/lib/liba.so")
    return {"liba.so": "/usr/lib/liba.so", "libb.so": None}


@case
def cache_with_many_similar_names(box):
    names = [f"lib{stem}.so.{n}" for stem in ("a", "a1", "a10", "a2", "b")
             for n in (1, 2, 9, 10, 11, 100)]
    box.prog(needed=names)
    box.text("/etc/ld.so.conf", "/opt/lib\n")
    for name in names:
        box.lib(f"/opt/lib/{name}", soname=name)
    box.ldconfig()
    return {name: f"/opt/lib/{name}" for name in names}


@case
def cache_knows_hwcaps(box):
    box.prog(needed=["liba.so"])
    box.text("/etc/ld.so.conf", "/opt/lib\n")
    box.lib("/opt/lib/liba.so", soname="liba.so")
    box.lib("/opt/lib/glibc-hwcaps/x86-64-v2/liba.so", soname="liba.so")
    box.ldconfig()
    return {"liba.so": "/opt/lib/liba.so"}


@case
def broken_cache_is_none(box):
    box.prog(needed=["liba.so"])
    box.text("/etc/ld.so.conf", "/opt/lib\n")
    box.lib("/opt/lib/liba.so", soname="liba.so")
    box.ldconfig()
    box.patch("/etc/ld.so.cache", 20, b"\xff\xff\xff\x7f")
    return {"liba.so": None}


@case
def cache_of_the_other_byte_order_is_none(box):
    box.prog(needed=["liba.so"])
    box.text("/etc/ld.so.conf", "/opt/lib\n")
    box.lib("/opt/lib/liba.so", soname="liba.so")
    box.ldconfig()
    box.patch("/etc/ld.so.cache", 28, b"\x03")
    return {"liba.so": None}


@case
def file_name_is_not_soname_in_a_default_directory(box):
    box.prog(needed=["libfile.so"])
    box.lib(f"/{box.lib_dir}/libfile.so", soname="libother.so.1")
    box.ldconfig()
    return {"libfile.so": f"/{box.lib_dir}/libfile.so"}


@case
def nodefaultlib(box):
    box.prog(flags=["-z", "nodefaultlib"],
             needed=["liba.so", "libb.so", "libc.so"])
    box.text("/etc/ld.so.conf", "/opt/lib\n")
    box.lib(f"/{box.lib_dir}/liba.so", soname="liba.so")
    box.lib("/opt/lib/libb.so", soname="libb.so", needed=["libd.so"])
    box.ldconfig()
    box.lib("/lib/libc.so")
    box.lib("/lib/libd.so")
    return {"liba.so": None, "libb.so": "/opt/lib/libb.so", "libc.so": None,
            "libd.so": "/lib/libd.so"}


@case
def preload(box):
    box.prog(rpath="/a", needed=["liba.so", "libp.so"])
    box.text("/etc/ld.so.preload", "libp.so # libcomment.so\n"
             "libnone.so:/a/libq.so\tlibtext.so\n#libcomment.so")
    for name in "libp.so", "libq.so", "libcomment.so":
        box.lib(f"/a/{name}")
    box.lib("/a/liba.so", needed=["libq.so"])
    box.text("/a/libtext.so", "no library" * 99)
    return {"libp.so": "/a/libp.so", "/a/libq.so": "/a/libq.so"}


@needs_root
@pytest.mark.parametrize("name", CASES)
def test_in_a_root_of_its_own(name, box):
    expected = CASES[name](box)
    box.add_loader()
    mine, theirs = box.mine(), box.loaders()
    assert same(mine, theirs), f"loader: {theirs}\nresolver: {mine}"
    check(expected, mine)


@pytest.mark.parametrize("name", CASES)
def test_as_an_ordinary_user(name, box):
    CASES[name](box)
    mine, theirs = box.outside()
    assert same(mine, theirs), f"loader: {theirs}\nresolver: {mine}"


FOREIGN = "aarch64"


@needs_root
@pytest.mark.skipif(not os.path.exists(f"/usr/{FOREIGN}-linux-gnu/lib") or
                    not shutil.which(f"qemu-{FOREIGN}-static"),
                    reason=f"no libraries or emulator of {FOREIGN}")
@pytest.mark.parametrize("name", CASES)
def test_of_another_machine(name, scratch):
    box = Box(scratch, FOREIGN)
    CASES[name](box)
    box.add_loader()
    mine, theirs = box.mine(), box.loaders()
    assert same(mine, theirs), f"loader: {theirs}\nresolver: {mine}"


def test_there_are_many():
    assert len(CASES) >= 60
