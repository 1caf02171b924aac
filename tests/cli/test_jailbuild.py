"""jailbuild from outside: its options, every error in words, what it strips,
that the same manifest gives the same bytes, and that programs run."""

import hashlib
import os
import pathlib
import pty
import shutil
import subprocess
import tarfile

import pytest

from conftest import BUILD, ROOT, ordinary_user, run, shared_once
import fixture_root
from elfmake import elf

JAILBUILD = BUILD / "jailbuild"
LIB = "/usr/lib/x86_64-linux-gnu"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")


@pytest.fixture(scope="session")
def source_root():
    return shared_once("fixture-root", fixture_root.make)


@pytest.fixture
def own_root(scratch):
    """A source root that the test may change."""
    path = scratch / "root"
    fixture_root.make(path)
    return path


@pytest.fixture
def build(scratch, source_root):
    """build(text, *options) -> Result, with the text as m.txt and the current
    directory in scratch."""
    def build(manifest, *options, sysroot=source_root, **kwargs):
        (scratch / "m.txt").write_text(manifest)
        return run(JAILBUILD, "m.txt", "--sysroot", sysroot, *options,
                   cwd=scratch, **kwargs)
    return build


def paths(done):
    """{path: line} of --print=tree."""
    assert done.status == 0, done
    return {line.split(" ")[4]: line for line in done.out.splitlines()}


# Manifest, then all that is said after "jailbuild: m.txt:LINE: ".
ERRORS = [
    ("absent", "absent not found; searched: /usr/local/sbin /usr/local/bin "
     "/usr/sbin /usr/bin /sbin /bin; no package installed there has it"),
    ("cow", "cow not found; searched: /usr/local/sbin /usr/local/bin "
     "/usr/sbin /usr/bin /sbin /bin; package foo has /usr/games/cow"),
    ("broken", "libmissing.so.7, needed by /usr/bin/broken, not found; "
     "searched: /lib/x86_64-linux-gnu, /usr/lib/x86_64-linux-gnu, /lib64, "
     "/usr/lib64, /lib, /usr/lib; package libmissing7 would have it"),
    ("newer", "/usr/bin/newer needs GLIBC_9.9 of libc.so.6, and "
     "/lib/x86_64-linux-gnu/libc.so.6 does not define it; take both from one "
     "distribution"),
    ("orphan", "/usr/bin/absent, interpreter of /usr/bin/orphan, not found; no"
     " package installed there has it"),
    ("env-orphan", "absent, interpreter of /usr/bin/env-orphan, not found; "
     "searched: /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; "
     "no package installed there has it"),
    ("nothing", "/usr/bin/nothing: neither an ELF program nor a script with "
     "#!; `file` takes data"),
    ("/usr/bin/data", "/usr/bin/data: not executable; `file` takes data"),
    ("/usr/bin", "/usr/bin: no regular file; `tree` takes directories"),
    ("/usr/bin/loop", "/usr/bin/loop: Too many levels of symbolic links"),
    ("/absent", "ROOT/absent: not there"),
    ("bin /usr/bin/q*", "ROOT/usr/bin/q*: nothing matches"),
    ("lib libabsent.so.1", "libabsent.so.1 not found; searched: "
     "/lib/x86_64-linux-gnu, /usr/lib/x86_64-linux-gnu, /lib64, /usr/lib64, "
     "/lib, /usr/lib"),
    ("lib /etc/hosts", "/etc/hosts: no ELF file; `file` takes data"),
    ("file /usr/share/data", "/usr/share/data: a directory; `tree` takes it"),
    ("file /absent", "ROOT/absent: not there"),
    ("file /usr/share/absent/*", "ROOT/usr/share/absent/*: nothing matches"),
    ("tree /etc/hosts", "/etc/hosts: no directory; `file` takes files"),
    ("tree /absent", "ROOT/absent: not there"),
    ("pkg absent", "package absent is not installed in ROOT"),
    ("pkg foo *.absent", "no file of package foo matches"),
    ("dir /bin", "/bin: a link to /usr/bin in the source, which a dir would "
     "hide; use /usr/bin"),
    ("text /lib64 x", "/lib64: a link to /usr/lib64 in the source, which a "
     "text would hide; use /usr/lib64"),
    ("link /a -> /b", "/a -> /b leads nowhere in the image; add what it names,"
     " if only by `dir` or `text`"),
    ("copy ./absent /a", "./absent: No such file or directory"),
    ("user bob uid=65534", "bob: the uid that nobody always has"),
    ("group bob gid=65534", "bob: the gid that nogroup always has"),
    ("allow setuid /absent", "/absent is not in the image"),
    ("caps /absent cap_kill", "/absent is not in the image"),
    ("omit /absent", "/absent: nothing in the image matches"),
    ("/opt/app/bin/app\ncache no", "in the image /opt/app/bin/app would not "
     "find libapp.so.1 (/opt/app/lib/libapp.so.1); it is found by $ORIGIN, "
     "which needs /proc (`need proc`) or `cache auto`"),
    ("/opt/app/bin/app\n/opt/two/bin/two", "libapp.so.1: the image's "
     "ld.so.cache cannot name both /opt/app/lib/libapp.so.1 (for "
     "/opt/app/bin/app) and /opt/two/lib/libapp.so.1 (for /opt/two/bin/two); "
     "leave one out, or `need proc`"),
    ("bin hello\nomit libfoo.so.1", "in the image /usr/bin/hello would not "
     "find libfoo.so.1 (/usr/lib/x86_64-linux-gnu/libfoo.so.1.2); an `omit` "
     "leaves it out"),
    ("script\nomit dash", "/bin/sh, interpreter of /usr/bin/tool, is not in "
     "the image"),
]


@pytest.mark.parametrize("text, words", ERRORS, ids=[e[0] for e in ERRORS])
def test_an_error_names_line_thing_and_remedy(text, words, build, source_root,
                                              scratch):
    done = build(text + "\n", "-o", "image.tar")
    assert done.status == 3, done
    assert done.out == ""
    lines = done.err.replace(str(source_root), "ROOT").splitlines()
    assert len(lines) == 1
    assert lines[0].split(": ", 2)[2] == words
    assert lines[0].startswith("jailbuild: m.txt:")
    assert sorted(os.listdir(scratch)) == ["m.txt"]


def test_what_an_omit_leaves_out_is_not_laid_to_the_cache(scratch):
    """A library that only the source's ld.so.cache finds."""
    (scratch / "m.txt").write_text("bash\nomit libtinfo*\n")
    done = run(JAILBUILD, "m.txt", "-o", "i.tar", cwd=scratch)
    assert done.status == 3, done
    assert done.err.endswith("; an `omit` leaves it out\n"), done


# Both lines are named.
CONFLICTS = [
    ("text /a x\nfile /etc/hosts as=/a",
     "/a: two contents: /etc/hosts (m.txt:2) and text (m.txt:1)"),
    ("dir /a\ntext /a x", "/a: a file (m.txt:2) and a directory (m.txt:1)"),
    ("text /a x\ntext /a/b y",
     "/a/b (m.txt:2) would lie below the file /a (m.txt:1)"),
    ("file /etc/hosts mode=0600\nfile /etc/hosts mode=0644",
     "/etc/hosts: two modes: 0644 (m.txt:2) and 0600 (m.txt:1)"),
    ("text /etc/passwd x", "/etc/passwd: two contents: text (always made) and "
     "text (m.txt:1)"),
    ("tree /etc", "/etc/nsswitch.conf: two contents: text (always made) and "
     "/etc/nsswitch.conf (m.txt:1)"),
    ("user a uid=1 home=/h\nuser b uid=2 home=/h",
     "/h: the home of two users: 2 (m.txt:2) and 1 (m.txt:1)"),
    ("user a uid=5\nuser b uid=5", "m.txt:2: b: the uid that a (m.txt:1) has"),
    ("file /etc/hosts as=/proc/x",
     "/proc/x (m.txt:1): nothing may lie below /proc or /sys"),
    ("dir /sys/fs", "/sys/fs (m.txt:1): nothing may lie below /proc or /sys"),
]


@pytest.mark.parametrize("text, words", CONFLICTS)
def test_a_conflict_names_both_lines(text, words, build):
    done = build(text + "\n", "-o", "image.tar")
    assert (done.status, done.err) == (3, f"jailbuild: {words}\n"), done


USAGE = [
    ([], "no manifest (--help)"),
    (["m.txt"], "no output: -o FILE, or --print, --why, --tree, --size "
     "(--help)"),
    (["m.txt", "-o", "a.tar", "--tree"], "one of -o, --print, --why, --tree, "
     "--size at a time (--help)"),
    (["m.txt", "--print=x"], "--print=x: known are manifest, files, tree, "
     "lockdown"),
    (["m.txt", "--bad"], "--bad: unknown or ambiguous option (--help lists "
     "them)"),
    (["m.txt", "-o"], "-o needs an argument (--help)"),
    (["m.txt", "--verify", "x"], "--verify looks at an image, not at "
     "manifests"),
    *[([*argv, "--verify", "x"], f"{argv[0]}: --verify only looks at an image "
       "that is there; leave one of the two out")
      for argv in (["-o", "a.tar"], ["--format", "tar"], ["--no-index"],
                   ["--sysroot", "/"], ["--presets", "/"], ["--print", "tree"],
                   ["--why", "/x"], ["--tree"], ["--size"])],
    *[(["m.txt", *view, *argv], f"{argv[0]}: no image is written; leave it "
       "out, or say -o FILE")
      for view in (["--print=manifest"], ["--why", "/x"], ["--tree"],
                   ["--size"])
      for argv in (["--format", "tar"], ["--no-index"])],
]


@pytest.mark.parametrize("argv, words", USAGE)
def test_usage(argv, words, scratch):
    (scratch / "m.txt").write_text("dir /x\n")
    done = run(JAILBUILD, *argv, cwd=scratch)
    assert (done.status, done.out) == (2, "")
    assert done.err == f"jailbuild: {words}\n"
    assert os.listdir(scratch) == ["m.txt"]


def test_statuses_of_input_and_system(build, scratch):
    assert build("hello\n", "-o", "i.tar", sysroot="/absent").status == 4
    assert run(JAILBUILD, "absent.txt", "-o", "i.tar",
               cwd=scratch).status == 4
    assert run(JAILBUILD, "--verify", "m.txt", cwd=scratch).status == 4
    done = build("hello\n", "-o", "absent/i.tar")
    assert done.status == 5
    assert done.err == "jailbuild: absent/i.tar: No such file or directory\n"
    done = build("hello\n", "-o", "i.tar",
                 env={"SOURCE_DATE_EPOCH": "yesterday"})
    assert (done.status, done.err) == (
        2, "jailbuild: SOURCE_DATE_EPOCH=yesterday: not a number of seconds\n")


def test_help_and_version(scratch):
    done = run(JAILBUILD, "--help")
    assert (done.status, done.err) == (0, "")
    for option in ("output", "format", "sysroot", "presets", "print", "why",
                   "tree", "size", "verify", "verbose", "quiet", "version"):
        assert f"--{option}" in done.out
    done = run(JAILBUILD, "--version")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("jailbuild ")


def test_several_manifests_are_one(build, scratch):
    (scratch / "second.txt").write_text("dir /second\n")
    assert {"/second", "/usr/bin/hello"} <= \
        paths(build("hello\n", "second.txt", "--print=tree")).keys()


def test_standard_output(build, scratch):
    build("hello\n", "-o", "i.tar")
    done = build("hello\n", "-o", "-", text=False)
    assert done.status == 0 and done.err == b""
    assert done.out == (scratch / "i.tar").read_bytes()


def test_not_onto_a_terminal(scratch):
    (scratch / "m.txt").write_text("dir /x\n")
    master, slave = pty.openpty()
    done = subprocess.run([JAILBUILD, "m.txt", "-o", "-"], cwd=scratch,
                          stdout=slave, stderr=subprocess.PIPE, text=True)
    os.close(slave)
    os.close(master)
    assert (done.returncode, done.stderr) == (
        2, "jailbuild: -o -: standard output is a terminal\n")


def test_presets(build, scratch):
    (scratch / "mine").mkdir()
    (scratch / "mine" / "base.txt").write_text("dir /mine\n")
    assert "/mine" not in paths(build("use base\n", "--presets",
                                      ROOT / "manifests", "--print=tree"))
    assert "/mine" in paths(build("use base\n", "--presets", "mine",
                                  "--print=tree"))


@pytest.mark.parametrize("where, words", [
    ("nosuch", "No such file or directory"), ("m.txt", "Not a directory")])
def test_presets_that_are_not_there(build, where, words):
    """Also where nothing would have been looked for in them."""
    done = build("dir /d\n", "--presets", where, "--print=tree")
    assert (done.status, done.out, done.err) == (
        2, "", f"jailbuild: --presets {where}: {words}\n")


@pytest.mark.parametrize("option", ["x.tar", "x.tar.gz", "dir/", "oci:x"])
def test_the_working_directory_was_deleted(scratch, option):
    (scratch / "gone").mkdir()
    (scratch / "m.txt").write_text("dir /d\n")
    done = run("sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", JAILBUILD,
               scratch / "m.txt", "-o", option, cwd=scratch / "gone")
    assert done.status == 5, done
    name = option.removeprefix("oci:").removesuffix("/")
    assert done.err == (f"jailbuild: {name}: the directory that it would be "
                        "made in was deleted; change to one that is there\n")


def test_a_manifest_from_standard_input(scratch):
    (scratch / "local").write_text("x")
    (scratch / "used.txt").write_text("dir /used\n")
    text = "use ./used.txt\nuse used\ncopy ./local /copied\n"
    done = run(JAILBUILD, "-", "--print=tree", cwd=scratch, input=text)
    assert {"/used", "/copied"} <= set(paths(done))
    (scratch / "m.txt").write_text("dir /m\n")
    done = run(JAILBUILD, "m.txt", "-", "--print=tree", cwd=scratch, input=text)
    assert {"/m", "/used", "/copied"} <= set(paths(done))
    done = run(JAILBUILD, "-", "--print=tree", cwd=scratch, input="\nbni x\n")
    assert (done.status, done.out, done.err) == (
        3, "", 'jailbuild: standard input:2: unknown directive "bni"; did you '
        'mean "bin"?\n')
    done = run(JAILBUILD, "-", "-o", "x.tar", cwd=scratch, input="")
    assert (done.status, done.err) == (
        4, "jailbuild: standard input: nothing came; a manifest was "
        "expected\n")
    assert not (scratch / "x.tar").exists()
    done = run("sh", "-c", 'exec "$@" <&-', "sh", JAILBUILD, "-",
               "--print=tree")
    assert (done.status, done.err) == (
        4, "jailbuild: standard input: Bad file descriptor\n")


def test_no_image_comes_from_standard_input():
    done = run(JAILBUILD, "--verify", "-")
    assert (done.status, done.out, done.err) == (
        2, "", "jailbuild: --verify -: an image is read more than once, and "
        "so has to be a file\n")
    done = run(BUILD / "jaillaunch", "-i", "-", "-u", "1000")
    assert (done.status, done.out, done.err) == (
        125, "", "jaillaunch: -i -: an image has to be a file, not a pipe\n")


def test_print_manifest_is_canonical_and_embedded(build, scratch):
    text = "bin   hello\n# comment\nenv  A=b\ndev zero null\n"
    printed = build(text, "--print=manifest").out
    build(text, "-o", "i.tar")
    with tarfile.open(scratch / "i.tar") as image:
        assert image.extractfile("./.jail/manifest").read().decode() == printed
    assert build(printed, "--print=manifest").out == printed


def test_print_files_lists_what_comes_from_the_source(build, source_root):
    done = build("hello\ntext /made x\n", "--print=files")
    assert done.status == 0
    files = done.out.split()
    assert files == sorted(files) and "/made" not in files
    assert "/usr/bin/hello" in files and "/lib" in files
    for path in files:
        assert os.path.lexists(f"{source_root}{path}")


def test_stripped_things_are_told(build):
    done = build("bin mount write\ntree /usr/share/data\n", "--print=lockdown")
    assert done.status == 0
    assert "\n- /usr/bin/mount: setuid stripped (allow setuid " \
        "/usr/bin/mount)\n" in done.out
    assert "- /usr/bin/write: setgid stripped" in done.out
    assert "- /usr/share/data/open: write for group and others stripped" \
        in done.out
    done = build("mount\n", "-v", "-o", "i.tar")
    assert "jailbuild: lockdown: /usr/bin/mount: setuid stripped" in done.err
    assert build("mount\n", "-o", "i.tar").err == ""


def test_hints_only_when_asked(build, scratch):
    text = "noted\ntree /usr/share/data\ntree " + LIB + "/plugins\n"
    assert build(text, "-o", "i.tar").err == ""
    done = build("noted\ntree /usr/share/data\ndlopen all\n", "-v", "-o",
                 "i.tar")
    assert done.status == 0
    assert f"hint: /usr/bin/noted may open libfoo.so.1 ({LIB[4:]}/libfoo.so.1" \
        in done.err
    assert "hint: libgone.so.3, which /usr/bin/noted would use, not found" \
        in done.err
    assert "hint: /usr/share/data/dangling -> /nonexistent/file leads nowhere" \
        in done.err


def test_file_capabilities_of_the_source_are_stripped(build, own_root):
    path = own_root / "usr/bin/hello"
    if run("setcap", "cap_net_raw+ep", path).status != 0:
        pytest.skip("no file capabilities on this file system")
    done = build("hello\n", "--print=lockdown", sysroot=own_root)
    assert "- /usr/bin/hello: file capabilities stripped (caps " \
        "/usr/bin/hello ...)" in done.out
    assert "caps=" not in build("hello\n", "--print=tree",
                                sysroot=own_root).out


def test_two_names_of_one_file_are_hard_links(build, scratch):
    tree = paths(build("hello\nhello2\nbin hello as=/opt/third\n",
                       "--print=tree"))
    assert tree["/usr/bin/hello"].endswith(" = /opt/third")
    assert tree["/usr/bin/hello2"].endswith(" = /opt/third")
    assert tree["/opt/third"].startswith("file ")


def test_alternatives_are_followed(build):
    tree = paths(build("editor\n", "--print=tree"))
    assert tree["/usr/bin/editor"].endswith("-> /etc/alternatives/editor")
    assert tree["/etc/alternatives/editor"].endswith("-> /usr/bin/vi.tiny")
    assert tree["/usr/bin/vi.tiny"].startswith("file 0755")


def test_shebang_chain(build):
    tree = paths(build("script\n", "--print=tree"))
    for path in ("/usr/bin/env", "/usr/bin/tool", "/usr/bin/sh",
                 "/usr/bin/dash"):
        assert path in tree


def test_an_interpreter_that_ends_in_a_slash(build, own_root):
    script = own_root / "usr/bin/slash"
    script.write_text("#!/usr/absent/\n")
    script.chmod(0o755)
    done = build("slash\n", "--print=tree", sysroot=own_root)
    assert (done.status, done.err) == (
        3, "jailbuild: m.txt:1: /usr/absent/, interpreter of /usr/bin/slash, "
           "not found; no package installed there has it\n")


def test_links_of_a_tree_bring_what_they_name(build):
    tree = paths(build("tree /usr/share/data -deep\n", "--print=tree"))
    assert "/usr/share/elsewhere/five.txt" in tree
    assert "/usr/share/aside/six.txt" in tree
    assert "/usr/share/data/dangling" in tree
    assert "/usr/share/data/null" in tree and "/dev/null" not in tree
    assert not any(path.startswith("/usr/share/data/deep") for path in tree)


def test_globs_of_a_tree_where_its_links_lead(build, own_root):
    """Paths are counted from the directory that the link names."""
    for name in ("srv/tree", "away/there/sub", "away/there/test/deep"):
        (own_root / name).mkdir(parents=True)
    (own_root / "srv/tree/link").symlink_to("/away/there")
    (own_root / "away/there/test/deep/f").touch()
    tree = paths(build("tree /srv/tree -re/sub -test/deep\n", "--print=tree",
                       sysroot=own_root))
    assert "/away/there/sub" in tree and "/away/there/test" in tree
    assert "/away/there/test/deep" not in tree


def test_elf_files_of_a_tree_get_their_closure(build):
    tree = paths(build(f"tree {LIB}/plugins\n", "--print=tree"))
    assert f"{LIB}/libfoo.so.1.2" in tree  # of plugin.so
    assert f"{LIB}/plugins/foreign.so" in tree  # of another machine: data


def test_packages(build):
    tree = paths(build("pkg foo\n", "--print=tree"))
    assert "/usr/share/data/one.txt" in tree and "/usr/games/cow" in tree
    assert f"{LIB}/libfoo.so.1.2" in tree
    assert "/usr/share/data/two.txt" in paths(
        build("pkg libmulti\n", "--print=tree"))
    tree = paths(build("pkg libmulti:arm64\n", "--print=tree"))
    assert "/usr/share/data/deep/three.txt" in tree
    assert "/usr/share/data/two.txt" not in tree


def test_what_may_be_missing(build):
    done = build("?bin absent\n?lib libabsent.so\n?file /absent /absent/*\n"
                 "?tree /absent\n?pkg absent\n?copy ./absent /x\n?omit /y\n",
                 "--print=tree")
    assert done.status == 0, done
    assert not any("absent" in path for path in paths(done))


def test_order_of_lines_does_not_matter(build, scratch):
    lines = (ROOT / "tests/golden/build/every-verb.txt").read_text() \
        .replace("copy ./copied", "# copy").splitlines()
    build("\n".join(lines) + "\n", "-o", "a.tar")
    assert build("\n".join(lines[::-1]) + "\n", "-o", "b.tar").status == 0
    assert (scratch / "a.tar").read_bytes() == (scratch / "b.tar").read_bytes()


def test_accounts(build, scratch):
    build("user zoe uid=1000 gid=7\nuser amy uid=1001 home=/h shell=/bin/x\n"
          "group staff gid=7\n", "-o", "i.tar")
    with tarfile.open(scratch / "i.tar") as image:
        passwd = image.extractfile("./etc/passwd").read().decode()
        group = image.extractfile("./etc/group").read().decode()
        home = image.getmember("./h")
    assert passwd == ("root:x:0:0:root:/root:/bin/sh\n"
                      "zoe:x:1000:7:zoe:/home/zoe:/bin/sh\n"
                      "amy:x:1001:1001:amy:/h:/bin/x\n"
                      "nobody:x:65534:65534:nobody:/nonexistent:"
                      "/usr/sbin/nologin\n")
    assert group == ("root:x:0:\nstaff:x:7:\namy:x:1001:\n"
                     "nogroup:x:65534:\n")
    assert (home.uid, home.gid, home.mode & 0o7777) == (1001, 1001, 0o700)


# A hostile source cannot lead outside of itself.

def test_links_of_the_source_stay_in_it(build, own_root, scratch):
    (scratch / "secret").write_text("outside")
    (own_root / "up").symlink_to("../secret")
    (own_root / "abs").symlink_to(scratch / "secret")
    (own_root / "usr/lib/updir").symlink_to("../../../..")
    for line in ("file /up", "file /abs", "file /usr/lib/updir/secret",
                 f"file /usr/lib/updir{scratch}/secret"):
        done = build(line + "\n", "-o", "i.tar", sysroot=own_root)
        assert done.status == 3, (line, done)
        assert not (scratch / "i.tar").exists()


def test_a_library_cannot_be_another_file(build, own_root):
    (own_root / "usr/bin/thief").write_bytes(
        fixture_root.program("/etc/shadow"))
    (own_root / "usr/bin/thief").chmod(0o755)
    done = build("thief\n", "-o", "i.tar", sysroot=own_root)
    assert done.status in (3, 4), done
    assert "shadow" in done.err


def test_special_files_are_left_out_and_do_not_block(build, own_root):
    os.mkfifo(own_root / "usr/share/data/fifo")
    os.mkfifo(own_root / "usr/bin/pipe", 0o755)
    tree = paths(build("tree /usr/share/data\n", "--print=tree",
                       sysroot=own_root))
    assert tree["/usr/share/data/fifo"].startswith("fifo ")
    assert build("pipe\n", "--print=tree", sysroot=own_root).status == 3
    assert build("file /usr/bin/pipe\n", "--print=tree",
                 sysroot=own_root).status == 3


def test_control_characters_are_refused(build, own_root):
    (own_root / "usr/share/data/a\x1b[2J").write_text("x")
    done = build("tree /usr/share/data\n", "-o", "i.tar", sysroot=own_root)
    assert done.status == 3
    assert "a\\x1b[2J (m.txt:1): a control character in the name" in done.err


def test_a_link_loop_in_a_tree_ends(build, own_root):
    data = own_root / "usr/share/data"
    (data / "self").symlink_to(".")
    (data / "parent").symlink_to("..")
    (data / "cross").symlink_to("/opt/cross")
    (own_root / "opt/cross").mkdir()
    (own_root / "opt/cross/back").symlink_to("/usr/share/data")
    done = build("tree /usr/share/data\n", "--print=tree", sysroot=own_root)
    assert done.status == 0, done


def test_broken_elf_files_are_errors_not_crashes(build, own_root):
    whole = fixture_root.program("libfoo.so.1")
    path = own_root / "usr/bin/cut"
    for size in range(4, len(whole), 7):
        path.write_bytes(whole[:size])
        path.chmod(0o755)
        done = build("cut\n", "-o", "i.tar", sysroot=own_root)
        assert done.status in (0, 3, 4), (size, done)


# The same bytes, whoever builds, where and when.

def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@root_only
def test_reproducible(scratch, build, source_root):
    text = ("hello\nhello2\nscript\ntree /usr/share/data\npkg foo\n"
            "/opt/app/bin/app\nuser u uid=1000\ndev null\ndir /d mode=0750\n")
    (scratch / "other").mkdir()
    assert build(text, "-o", "a.tar").status == 0
    other = pathlib.Path("/dev/shm") / scratch.name
    try:
        fixture_root.make(other, order=-1)
        os.utime(other / "usr/bin/hello", (1e9, 1e9))
        run("chown", "-R", "nobody", other)
        (scratch / "other").chmod(0o777)
        env = {"TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.UTF-8", "HOME": "/",
               "PATH": "/bin", "USER": "x"}
        done = run("setpriv", "--reuid=65534", "--regid=65534",
                   "--clear-groups", "sh", "-c",
                   'umask 077; exec "$@"', "sh", JAILBUILD, "../m.txt",
                   "--sysroot", other, "-o", "b.tar",
                   cwd=scratch / "other", env=env)
        assert done.status == 0, done
    finally:
        shutil.rmtree(other, ignore_errors=True)
    assert digest(scratch / "a.tar") == digest(scratch / "other/b.tar")


def test_epoch_is_the_only_time(build, scratch):
    env = dict(os.environ, SOURCE_DATE_EPOCH="86400")
    assert build("hello\n", "-o", "a.tar", env=env).status == 0
    with tarfile.open(scratch / "a.tar") as image:
        assert {member.mtime for member in image} == {86400}


@root_only
def test_what_cannot_be_copied_has_its_whole_name(scratch, source_root):
    (scratch / "m.txt").write_text("copy ./data /data\n")
    (scratch / "data/shut").mkdir(mode=0o700, parents=True)
    scratch.chmod(0o777)
    done = run(JAILBUILD, scratch / "m.txt", "--sysroot", source_root,
               "--print=tree", **ordinary_user())
    assert (done.status, done.err) == (
        4, f"jailbuild: {scratch}/m.txt:1: {scratch}/data/shut: Permission "
           "denied\n")


def test_an_ordinary_user_can_build(scratch, source_root):
    work = scratch / "work"
    work.mkdir()
    work.chmod(0o777)
    (work / "m.txt").write_text("hello\n")
    done = run(JAILBUILD, "m.txt", "--sysroot", source_root, "-o", "i.tar",
               cwd=work, **ordinary_user())
    assert (done.status, done.err) == (0, ""), done


@root_only
def test_an_unreadable_file_is_named(scratch, own_root):
    (own_root / "usr/bin/hello").chmod(0o711)
    scratch.chmod(0o777)
    (scratch / "m.txt").write_text("hello\n")
    done = run(JAILBUILD, "m.txt", "--sysroot", own_root, "-o", "i.tar",
               cwd=scratch, **ordinary_user())
    assert done.status == 4
    assert "hello: Permission denied" in done.err
    assert not (scratch / "i.tar").exists()


def test_an_output_that_was_there_stays_on_failure(build, scratch):
    (scratch / "i.tar").write_text("old")
    assert build("absent\n", "-o", "i.tar").status == 3
    assert (scratch / "i.tar").read_text() == "old"
    assert sorted(os.listdir(scratch)) == ["i.tar", "m.txt"]


# Real programs of this machine, in a plain chroot without /proc.

def enter(image, scratch, *argv):
    root = scratch / "in"
    root.mkdir()
    assert run("tar", "-xpf", image, "-C", root).status == 0
    return run("/usr/sbin/chroot", root, *argv, env={"PATH": "/usr/bin:/bin"})


@root_only
@pytest.mark.parametrize("text, argv, out", [
    ("bash\nbin ls sort\n", ["/bin/bash", "-c", "cd /tmp && ls -a | sort"],
     ".\n..\n"),
    ("use python3\n", ["python3", "-c", "import ssl, sqlite3, threading, json;"
                       "t = threading.Thread(target=print, args=('hi',));"
                       "t.start(); t.join()"], "hi\n"),
    ("perl\ndev null\n", ["perl", "-e", "print 6 * 7"], "42"),
    ("bin awk\n", ["awk", "BEGIN { print 6 * 7 }"], "42\n"),
    ("bash as=/bin/mysh\n", ["/bin/mysh", "-c", "echo $0"], "/bin/mysh\n"),
], ids=["bash", "python3", "perl", "awk", "as"])
def test_programs_run(text, argv, out, scratch):
    (scratch / "m.txt").write_text(text)
    done = run(JAILBUILD, "m.txt", "--presets", ROOT / "manifests", "-o",
               "i.tar", cwd=scratch)
    assert (done.status, done.err) == (0, ""), done
    done = enter(scratch / "i.tar", scratch, *argv)
    assert (done.status, done.out, done.err) == (0, out, ""), done


@root_only
def test_origin_without_proc_is_cured_by_the_cache(scratch):
    """A real program that finds its library by $ORIGIN, and runs without
    /proc."""
    app = scratch / "app"
    (app / "bin").mkdir(parents=True)
    (app / "lib").mkdir()
    (scratch / "f.c").write_text("int f(void) { return 42; }\n")
    (scratch / "m.c").write_text("int f(void); int main(void) "
                                 "{ return f(); }\n")
    run("gcc", "-shared", "-fPIC", "-o", app / "lib/libf.so", "f.c",
        cwd=scratch)
    done = run("gcc", "-o", app / "bin/prog", "m.c", f"-L{app}/lib", "-lf",
               "-Wl,-rpath,$ORIGIN/../lib", cwd=scratch)
    assert done.status == 0, done
    (scratch / "m.txt").write_text(f"{app}/bin/prog\n")
    done = run(JAILBUILD, "m.txt", "-o", "i.tar", cwd=scratch)
    assert done.status == 0, done
    assert enter(scratch / "i.tar", scratch, f"{app}/bin/prog").status == 42


# A failing system call: one line, and nothing left.

@pytest.mark.parametrize("call, error, status", [
    ("openat2", "ENOMEM", {5}), ("openat2", "EMFILE", {5}),
    ("openat2", "EIO", {5}), ("pread64", "EIO", {5}),
    ("write", "ENOSPC", {5}), ("fsync", "EIO", {5}), ("getdents64", "EIO", {5}),
    ("mmap", "ENOMEM", {5}), ("linkat", "EACCES", {5}),
])
def test_a_fault_is_told_in_a_line(call, error, status, scratch, source_root):
    (scratch / "m.txt").write_text("hello\nscript\ntree /usr/share/data\n")
    seen = set()
    for when in range(1, 200):
        done = run("strace", "-f", "-o", "/dev/null", "-e",
                   f"inject={call}:error={error}:when={when}", JAILBUILD,
                   "m.txt", "--sysroot", source_root, "-o", "i.tar",
                   cwd=scratch)
        if done.status == 0:
            assert (scratch / "i.tar").exists()
            (scratch / "i.tar").unlink()
            if done.err == "" and seen and when > 20:
                break
            continue
        seen.add(done.status)
        # the C library itself, before main(), may have words of its own
        if done.status not in (127, -11, -6):
            assert done.status in status, (when, done)
            assert done.err.count("\n") == 1, (when, done)
            assert done.err.startswith("jailbuild: "), (when, done)
        assert os.listdir(scratch) == ["m.txt"], (when, done)


@pytest.mark.parametrize("target", ["m.txt", "used.txt"])
def test_no_manifest_is_replaced(build, scratch, target):
    (scratch / "used.txt").write_text("dir /used\n")
    done = build("use used\n", "-o", target)
    assert (done.status, done.err) == (
        2, f"jailbuild: {target}: is read here, and would be replaced; choose "
        "another name for the output\n")
    assert (scratch / "used.txt").read_text() == "dir /used\n"
    assert (scratch / "m.txt").read_text() == "use used\n"
