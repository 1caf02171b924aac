"""jaillaunch from outside: limits, the diagnosis of exec failures, images,
specs, reports, and what is refused."""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

from conftest import BUILD, ROOT, ordinary_user, owner_of, run
from jailroot import (busybox_root, compile_c, launch, make_root, refuses,
                      sh)

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="chroot needs root")


# --- limits

@pytest.mark.parametrize("limit,flag,value", [
    ("nofile=50", "-n", "50"), ("fsize=4K", "-f", "8"),
    ("stack=1M", "-s", "1024"), ("as=100M", "-v", "102400"),
    ("cpu-time=1500ms", "-t", "2")])
def test_limits_hold(limit, flag, value):
    done = sh(f"ulimit {flag}", "--limit", limit)
    assert done.out == value + "\n", done


@pytest.mark.needs("ids")
def test_limit_pids():
    flags = ["-u", "76543210", "--limit", "pids=2"]
    assert launch(*flags, "--", "sh", "-c", "sleep 0.1; true").status == 0
    done = launch(*flags, "--", "sh", "-c", "sleep 0.1 | sleep 0.1")
    assert done.status != 0 and "fork" in done.err, done


def test_the_lower_of_memory_and_as_counts():
    """Where no cgroup holds the memory of all."""
    for pair in (("as=50M", "memory=100M"), ("memory=50M", "as=100M")):
        done = sh("ulimit -v", "--exec", "--limit", pair[0], "--limit",
                  pair[1])
        assert done.out == "51200\n", done


def test_core_is_one_byte_even_when_none_was_asked_for():
    program = 'ulimit -c; ulimit -H -c'
    assert sh(program).out == sh(program, "--limit", "core=0").out


def test_unlimited_is_a_value_of_all():
    refusal = launch("--limit", "?=1", "--", "true").err
    for name in refusal.split("known: ")[1].split():
        done = sh("true", "--limit", f"{name}=unlimited")
        assert done.status == 0 or "CAP_SYS_RESOURCE" in done.err, done
    # No kernel takes it for that one: it is what there can be at most.
    most = pathlib.Path("/proc/sys/fs/nr_open").read_text()
    done = sh("ulimit -n", "--limit", "nofile=unlimited")
    assert done.out == most or "CAP_SYS_RESOURCE" in done.err, done


@pytest.mark.parametrize("limit,words", [
    ("nofile=1073741824", "at most (fs.nr_open)"),
    ("cpus=0.001", "out of range"),
    ("output=1.5", "not a size"),
    ("memroy=1M", 'did you mean "memory"'),
    ("nofile", "has no value"), ("pids=many", "not a whole number")])
def test_limits_that_are_refused(limit, words):
    refuses(words, "-r", busybox_root(), "-u", "1000", "--limit", limit, "id")


# --- why a program cannot be executed

@pytest.fixture
def root(scratch):
    """A root of the test's own."""
    path = scratch / "root"
    make_root(path)
    return path


def diagnosis(root, words, program="/prog", status=126, user="jailuser"):
    refuses(words, "-r", root, "-u", user, program, status=status)


def write(path, data, mode=0o755):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(mode)


def test_script_whose_interpreter_is_missing(root):
    write(root / "prog", "#!/usr/bin/python9 -x\n")
    diagnosis(root, "/prog: its interpreter (#!): /usr/bin/python9: no such "
              "file in the jail: it has no /usr\n")


def test_elf_whose_interpreter_is_missing(root):
    shutil.copy("/bin/true", root / "prog")
    shutil.rmtree(root / "lib64")
    diagnosis(root, "/prog: its interpreter (PT_INTERP): /lib64/ld-linux-"
              "x86-64.so.2: no such file in the jail")


def test_interpreter_that_is_not_executable(root):
    write(root / "interp", "#!/bin/sh\n", 0o644)
    write(root / "prog", "#!/interp\n")
    diagnosis(root, "its interpreter (#!): /interp: not executable for uid "
              "1000 (mode 644, owner 0)")


def test_program_of_another_machine(root):
    head = bytearray(open("/bin/true", "rb").read())
    head[18:20] = (183 if os.uname().machine == "x86_64" else 62).to_bytes(
        2, "little")
    write(root / "prog", bytes(head))
    diagnosis(root, "a program for aarch64; this machine is x86-64"
              if os.uname().machine == "x86_64" else "a program for x86-64")


def test_program_not_executable_for_the_user(root):
    write(root / "prog", "#!/bin/sh\n", 0o744)
    diagnosis(root, "/prog: not executable for uid 1000 (mode 744, owner 0)")


def test_program_with_file_capabilities_that_the_jail_has_not(root):
    if run("setcap", "cap_net_raw+ep", root / "bin/busybox").status != 0:
        pytest.skip("no file capabilities can be set here")
    if owner_of(0):
        pytest.skip("who is not root has a root that is mounted, and nosuid")
    diagnosis(root, "/bin/busybox: it has file capabilities, and the jail has "
              "not: remove them (setcap -r), or name them in --caps\n",
              program="/bin/busybox")
    options = "-r", root, "-u", "jailuser"
    for more in (("--caps", "net_raw"), ("--limit", "tmp=1M")):
        done = run(BUILD / "jaillaunch", *options, *more, "--",
                   "/bin/busybox", "true")
        assert done.status == 0, done


def test_directory_that_the_user_may_not_enter(root):
    write(root / "root/prog", "#!/bin/sh\n")
    diagnosis(root, "uid 1000 may not enter the directory /root (mode 700",
              program="/root/prog")


def test_program_on_a_noexec_mount(root):
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("no mount namespace")
    (root / "opt").mkdir()
    script = (f"mount -t tmpfs -o noexec none {root}/opt && "
              f"cp /bin/busybox {root}/opt/prog && chmod 755 {root}/opt && "
              'exec "$@"')
    done = run("unshare", "-m", "sh", "-c", script, "sh", BUILD / "jaillaunch",
               "-r", root, "-u", "1000", "/opt/prog")
    assert done.status == 126, done
    assert "/opt/prog: its file system is mounted noexec" in done.err, done


@pytest.mark.parametrize("target", ["/opt/outside/prog", "../../outside"])
def test_link_that_leads_outside(root, target):
    (root / "prog").symlink_to(target)
    diagnosis(root, f"the symbolic link /prog -> {target} leads to nothing in "
              "the jail (links cannot lead outside its root)")


def test_link_in_the_middle_that_leads_outside(root):
    (root / "opt").symlink_to("/srv/elsewhere")
    diagnosis(root, "/opt/prog: the symbolic link /opt -> /srv/elsewhere "
              "leads to nothing", program="/opt/prog")


def test_link_in_a_circle(root):
    (root / "prog").symlink_to("prog")
    diagnosis(root, "leads in a circle")


@pytest.mark.parametrize("data,words", [
    ("echo hello\n", "neither an ELF program nor a script"),
    ("", "it is empty"),
    ("#!\n", 'its "#!" line names nothing'),
    ("#!/bin/sh\r\n", "carriage return"),
    ("#!bin/nothing\n", "is not an absolute path"),
    (b"\x7fELF", "truncated"),
])
def test_broken_program(root, data, words):
    write(root / "prog", data)
    diagnosis(root, words)


def test_directory_and_fifo_as_program(root):
    (root / "prog").mkdir()
    diagnosis(root, "it is a directory")
    (root / "prog").rmdir()
    os.mkfifo(root / "prog", 0o755)
    diagnosis(root, "it is not a regular file")


def test_found_along_path_but_not_executable(root):
    write(root / "bin/tool", "#!/nothing\n")
    diagnosis(root, "/bin/tool: its interpreter (#!): /nothing: no such file",
              program="tool")


def test_names_in_messages_are_escaped(root):
    diagnosis(root, "/pr\\x1bog: no such file", program="/pr\033og",
              status=127)


# --- images and specs

def make_manifest_image(path, manifest):
    tree = path.parent / (path.name + ".tree")
    make_root(tree)
    shutil.rmtree(tree / "dev")
    if manifest is not None:
        (tree / ".jail").mkdir()
        (tree / ".jail/manifest").write_text(manifest)
    subprocess.run(["tar", "-C", tree, "--owner=0", "--group=0", "-cf", path,
                    "."], check=True)
    shutil.rmtree(tree)


def image(scratch, manifest=None):
    path = scratch / "image.tar"
    make_manifest_image(path, manifest)
    return path


def test_an_image_says_how_it_is_launched(scratch):
    path = image(scratch, """\
entry /bin/sh -c "id -u; pwd; echo $COLOR; ulimit -n"
env COLOR=green
limit nofile=77
run-as jailuser
workdir /tmp
""")
    done = run(BUILD / "jaillaunch", "-i", path)
    assert (done.status, done.out, done.err) == (
        0, "1000\n/tmp\ngreen\n77\n", ""), done
    done = run(BUILD / "jaillaunch", "-i", path, "-u", "1234", "-d", "/bin",
               "-e", "COLOR=red", "--limit", "nofile=88")
    assert done.out == "1234\n/bin\nred\n88\n", done


@pytest.mark.parametrize("line,words", [
    ("run-as root", "--allow-root"),
    ("run-as 0", "--allow-root"),
    ("net host", 'the image asks for "net host", which only you can allow'),
    ("seccomp none", "the image asks to run without seccomp"),
])
def test_an_image_cannot_lower_the_floor(scratch, line, words):
    lines = ["entry /bin/true", line]
    if not line.startswith("run-as"):
        lines.append("run-as jailuser")
    path = image(scratch, "\n".join(lines) + "\n")
    refuses(words, "-i", path)


def test_an_image_cannot_raise_a_limit(scratch):
    path = image(scratch, """\
entry /bin/sh -c "ulimit -c; ulimit -n"
limit core=1G
limit nofile=100000000
run-as jailuser
""")
    done = run("sh", "-c", "ulimit -n 300; exec \"$0\" -i \"$1\"",
               BUILD / "jaillaunch", path)
    assert done.out == sh("ulimit -c").out + "300\n", done


def test_a_caller_may_allow_what_an_image_asks_for(scratch):
    path = image(scratch, "entry /bin/true\nnet host\nrun-as jailuser\n")
    for flags in (["--net", "host"], ["--net", "none"], ["-n"]):
        assert run(BUILD / "jaillaunch", "-i", path, *flags).status == 0


def test_devices_of_an_image(scratch):
    path = image(scratch)
    ls = ["-i", path, "-u", "1000", "--", "ls", "/dev"]
    assert run(BUILD / "jaillaunch", *ls).out.split() == [
        "full", "null", "random", "urandom", "zero"]
    assert run(BUILD / "jaillaunch", "--dev", "null,tty", *ls).out.split() \
        == ["null", "tty"]
    assert run(BUILD / "jaillaunch", "--dev", "none", *ls).out == ""
    refuses('no device "sda"', "--dev", "null,sda", *ls)
    done = run(BUILD / "jaillaunch", "-i", path, "-u", "1000", "--", "sh",
               "-c", "echo x >/dev/null && head -c 3 /dev/zero | wc -c")
    assert done.out == "3\n", done


def test_devices_of_a_directory_are_only_looked_for(root):
    assert run(BUILD / "jaillaunch", "-r", root, "-u", 1000, "--dev",
               "null,zero", "true").status == 0
    refuses(f"has no /dev/full, and -r changes nothing there: mknod -m 666 "
            f"{root}/dev/full c 1 7", "-r", root, "-u", 1000, "--dev",
            "null,zero,full", "true")
    for fewer in ("none", "zero"):
        refuses(f"--dev: {root} has /dev/null, and -r changes nothing there: "
                "name it, too, or leave --dev out", "-r", root, "-u", 1000,
                "--dev", fewer, "true")


@pytest.mark.parametrize("option", [("--no-pin",), ("--store", "none"),
                                    ("--store", "/x"), ("--copy", "/x:/x")])
def test_a_directory_has_not_what_only_images_have(option, root):
    refuses(f"{option[0]} needs -i: ", "-r", root, "-u", 1000, *option, "true")


def test_a_link_named_dev_does_not_steer_us(scratch):
    tree = scratch / "tree"
    make_root(tree)
    shutil.rmtree(tree / "dev")
    (scratch / "victim").mkdir()
    (tree / "dev").symlink_to(scratch / "victim")
    subprocess.run(["tar", "-C", tree, "-cf", scratch / "image.tar", "."],
                   check=True)
    done = run(BUILD / "jaillaunch", "-i", scratch / "image.tar", "-u", 1000,
               "true")
    assert done.status == 125, done
    assert os.listdir(scratch / "victim") == []


@pytest.mark.needs("the caller's files")
def test_copies_into_an_image(scratch):
    path = image(scratch)
    tree = scratch / "data"
    (tree / "sub").mkdir(parents=True)
    write(tree / "tool", "#!/bin/sh\necho tool\n", 0o4700)
    write(tree / "sub/note", "note\n", 0o600)
    (tree / "link").symlink_to("sub/note")
    done = run(BUILD / "jaillaunch", "-i", path, "-u", 1000, "--copy",
               f"{tree}:/opt/app", "--copy", f"{tree}/sub/note:/etc/group",
               "--", "sh", "-c", "/opt/app/tool; cat /opt/app/link /etc/group;"
               " stat -c '%a %u' /opt/app/tool /opt/app/sub/note")
    assert done.out == "tool\nnote\nnote\n755 0\n644 0\n", done


@pytest.mark.parametrize("copy,words", [
    ("/nothing:/x", "No such file"), ("nocolon", "is not SRC:DST"),
    ("/etc/passwd:relative", "is not SRC:DST"),
    ("/etc/passwd:/a/../../x", "is not SRC:DST"),
    ("/etc/passwd:/", "names no file"),
    ("/dev/null:/x", "neither a file"),
    ("/etc/passwd:/bin/busybox/x", "Not a directory"),
])
def test_copies_that_are_refused(scratch, copy, words):
    refuses(words, "-i", image(scratch), "-u", 1000, "--copy", copy, "true")


@pytest.mark.parametrize("copy,options,words", [
    ("/tmp/x", ["--limit", "tmp=1M"], "/tmp is no file system of its own"),
    ("//home/jailuser//x", ["--limit", "tmp=1M"], "/home/jailuser is no file"),
    ("/tmp/a/b", ["--tmpfs", "/tmp"], "what the jail has on /tmp would cover"),
    ("/dev/x", [], "what the jail has on /dev would cover it"),
])
def test_copies_that_would_not_be_there(scratch, copy, options, words):
    """Or would take a limit away."""
    refuses(words, "-i", image(scratch), "-u", "jailuser", "--copy",
            f"/etc/passwd:{copy}", *options, "true")
    done = run(BUILD / "jaillaunch", "-i", scratch / "image.tar", "-u",
               "jailuser", "--copy", "/etc/passwd:/tmpx", *options, "true")
    assert done.status == 0, done


def test_copy_stays_in_the_root(scratch):
    tree = scratch / "tree"
    make_root(tree)
    (scratch / "victim").mkdir()
    (tree / "out").symlink_to(scratch / "victim")
    (tree / "up").symlink_to("../../../../../../tmp")
    subprocess.run(["tar", "-C", tree, "-cf", scratch / "image.tar", "."],
                   check=True)
    before = set(os.listdir("/tmp"))
    for way in ("out", "up"):
        run(BUILD / "jaillaunch", "-i", scratch / "image.tar", "-u", 1000,
            "--copy", f"/etc/passwd:/{way}/jailcopy", "true")
    assert os.listdir(scratch / "victim") == []
    assert "jailcopy" not in set(os.listdir("/tmp")) - before


def test_copy_needs_an_image():
    refuses("--copy needs -i", "-r", busybox_root(), "-u", 1000, "--copy",
            "/etc/passwd:/x", "true")


def test_spec_file(scratch):
    spec = scratch / "spec.txt"
    spec.write_text('run-as jailuser\nentry /bin/sh -c "echo $A; pwd"\n'
                    "env A=spec\nworkdir /bin\nnet host\nseccomp default\n"
                    "bash\n")
    done = run(BUILD / "jaillaunch", "-r", busybox_root(), "--spec", spec)
    assert (done.out, done.err) == ("spec\n/bin\n", ""), done
    done = run(BUILD / "jaillaunch", "-r", busybox_root(), "--spec", spec,
               "-e", "A=flag", "--", "sh", "-c", "echo $A")
    assert done.out == "flag\n", done


def test_several_spec_files_are_one(scratch):
    limits, entry = scratch / "limits.txt", scratch / "entry.txt"
    limits.write_text("limit nofile=50\n")
    entry.write_text('run-as jailuser\nentry /bin/sh -c "ulimit -n"\n')
    files = ["--spec", limits, "--spec", entry]
    done = run(BUILD / "jaillaunch", "-r", busybox_root(), *files)
    assert done.out == "50\n", done
    entry.write_text("limit nofile=60\n")
    refuses("limit nofile is something else in", "-r", busybox_root(), *files,
            "true")


def test_broken_spec_file(scratch):
    spec = scratch / "spec.txt"
    spec.write_text("run-as jailuser\nlimit cpus=many\n")
    refuses(f"{spec}:2: limit cpus: \"many\" is not a number", "-r", busybox_root(),
            "--spec", spec, "true")
    refuses("nowhere", "-r", busybox_root(), "--spec", "/nowhere", "true")


def test_broken_images(scratch):
    refuses("No such file", "-i", scratch / "none", "-u", 1000, "true")
    refuses("a directory (give it by -r)", "-i", scratch, "-u", 1000, "true")
    write(scratch / "junk", "junk")
    refuses("junk", "-i", scratch / "junk", "-u", 1000, "true")
    (scratch / ".jail").mkdir()
    os.mkfifo(scratch / ".jail/manifest")
    refuses("/.jail/manifest: not a regular file", "-r", scratch, "-u", 1000,
            "true")
    for base in ("/run/jailwright", "/var/lib/jailwright"):
        if os.path.isdir(base):
            assert stat.S_IMODE(os.stat(base).st_mode) == 0o700


# --- seccomp, net, caps

def test_insecure_says_so():
    done = launch("-I", "--", "true")
    assert done.status == 0 and "warning: no seccomp" in done.err, done
    assert launch("-I", "-q", "--", "true").err == ""


def test_chroot_is_a_bad_system_call():
    done = sh("chroot /tmp; echo $?")
    assert done.out == "159\n" and "Bad system call" in done.err, done


def test_syscalls_can_be_denied_and_allowed():
    assert launch("--syscall-deny", "getcwd", "--", "pwd").status != 0
    assert launch("--syscall-block", "getcwd", "--", "pwd").status != 0
    refuses('"getcwdd"', "-r", busybox_root(), "-u", 1000, "--syscall-deny",
            "getcwdd", "true")


@pytest.mark.parametrize("flags,words", [
    (["--net", "bridge"], 'it is none, host or private'),
    (["--net", "lan0"], "networks of jails are not built yet"),
    (["-n", "--net", "host"], "contradict"),
    (["--seccomp", "./none.json"],
     "seccomp policy ./none.json: No such file or directory"),
    (["--seccomp", "defualt"], 'the nearest is "default"'),
    (["--seccomp", "secret"], "it is default, strict, cape, cape-deny, none, "
     "or a file as ./my.policy"),
    (["--deny-action", "kil"], '--deny-action "kil": it is kill, errno, '
     "errno:NAME or log"),
    (["-I", "--deny-action", "kill"], "change a policy, and there is none"),
    (["-I", "--seccomp", "default"], "contradict"),
    (["-I", "--net", "none"], "--net none is enforced by seccomp"),
    (["-I", "--syscall-deny", "pause"], "there is none"),
    (["--caps", "net_rwa"], 'did you mean "net_raw"'),
    (["--ambient-caps", "net_rwa"],
     '--ambient-caps: no capability "net_rwa"; did you mean "net_raw"'),
    (["--caps", "chown", "--ambient-caps", "chown,kill"],
     "--ambient-caps chown,kill: --caps has to name them too"),
    (["--caps", "setuid", "--ambient-caps", "setuid"],
     "the program can become root; say --allow-root"),
    (["--keep-fd", "77"], "the descriptor is not open"),
    (["--keep-fd", "x"], "is not a descriptor's number"),
    (["--keep-fd", "-1"], "is not a descriptor's number"),
    (["--report", "fd:x"], "--report fd:x: not a descriptor's number"),
    (["--exec", "--report", "/tmp/x"], "--report needs the supervisor"),
    (["--exec", "--limit", "wall-time=1"], "wall-time needs the supervisor"),
    (["--exec", "--limit", "output=1"], "output needs the supervisor"),
    (["--report", "fd:99"], "--report fd:99"),
    (["--report", "fd:0"], "--report fd:0: the descriptor cannot be written"),
    (["--events", "fd:0"], "--events fd:0: the descriptor cannot be written"),
    (["--report", "/nowhere/x"], "/nowhere/x"),
    (["--report", "-"], "standard output is fd:1, and a file of that name ./-"),
    (["--report", ""], "--report is empty: it needs the name of a file"),
    (["--persist", ""], "--persist is empty: it needs the name of a direct"),
    (["--spec", ""], "--spec is empty"),
    (["--ns", "net", "--net", "host"], "contradict"),
    (["-u", "4294967295"], "no number is larger than 4294967294"),
    (["-g", "#99999999999"], "no number is larger than 4294967294"),
    (["--nothing"], "unknown or ambiguous option"),
])
def test_flags_that_are_refused(flags, words):
    with open("/dev/null", encoding="ascii") as empty:
        refuses(words, "-r", busybox_root(), "-u", "1000", *flags, "true",
                input=None, stdin=empty)


def test_image_and_root_and_neither():
    refuses("one, not both", "-r", "/", "-i", "x", "-u", 1, "true")
    refuses("no root: say -i IMAGE or -r DIR, before the program", "true",
            "-r", "/", "-u", 1)
    refuses("-r /etc/passwd: not a directory", "-r", "/etc/passwd", "-u", 1,
            "true")


def test_directories_are_no_descriptors_to_keep():
    fd = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    refuses(f"--keep-fd {fd} is a directory", "-r", busybox_root(), "-u", 1,
            "--keep-fd", fd, "true", pass_fds=[fd])
    os.close(fd)


@pytest.mark.needs("ids")
def test_caps_of_root(root):
    program = compile_c(r"""
        #include <stdio.h>
        #include <sys/prctl.h>
        #include <unistd.h>
        int main(void)
        {
            int n = 0, i;
            for (i = 0; i < 64; i++)
                n += prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1;
            printf("%d %d\n", n, chown("/own", 5, 5));
        }""", root / "capped")
    assert program.exists()
    write(root / "own", "")
    for flags, expected in (([], "0 -1\n"), (["--caps", "CAP_CHOWN"], "1 0\n")):
        done = run(BUILD / "jaillaunch", "-r", root, "-u", "root",
                   "--allow-root", *flags, "/capped")
        assert done.out == expected, done
    done = run(BUILD / "jaillaunch", "-r", root, "-u", "1000", "--caps",
               "chown", "/capped")
    assert done.out == "1 -1\n", done


AMBIENT = r"""
    #include <linux/capability.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <sys/prctl.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    static unsigned bits(int option, int sub)
    {
        unsigned set = 0;
        for (int i = 0; i < 32; i++)
            set |= (unsigned)(prctl(option, sub ? sub : i, sub ? i : 0, 0, 0)
                              == 1) << i;
        return set;
    }
    int main(int argc, char **argv)
    {
        struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2];
        if (argc > 1 && setresuid(0, 0, 0) == 0) {
            execv(argv[0], (char *[]){argv[0], NULL});
            return 9;
        }
        syscall(SYS_capget, &head, data);
        printf("%d p=%x e=%x i=%x b=%x a=%x raise=%d chown=%d\n", geteuid(),
               data[0].permitted, data[0].effective, data[0].inheritable,
               bits(PR_CAPBSET_READ, 0),
               bits(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET),
               prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0),
               chown("/own", 5, 5));
        return 0;
    }
"""


@pytest.mark.parametrize("place", [[], ["--exec"]])
def test_ambient_capabilities_of_a_user(root, scratch, place):
    """The program has those, across exec, and never more."""
    compile_c(AMBIENT, root / "show")
    write(root / "own", "")
    flags = ["-r", root, "-u", "1000", *place, "--caps", "chown,kill"]
    done = run(BUILD / "jaillaunch", *flags, "/show")
    assert done.out == "1000 p=0 e=0 i=0 b=21 a=0 raise=-1 chown=-1\n", done
    done = run(BUILD / "jaillaunch", *flags, "--ambient-caps", "CAP_CHOWN",
               "/bin/sh", "-c", "/show; exec /show")
    assert done.out == (
        "1000 p=1 e=1 i=1 b=21 a=1 raise=-1 chown=0\n") * 2, done


def test_ambient_capabilities_in_the_report(root, scratch):
    done = run(BUILD / "jaillaunch", "-r", root, "-u", "1000", "--caps",
               "chown,net_raw", "--ambient-caps", "chown", "--report",
               scratch / "r", "true")
    assert done.status == 0, done
    report = json.loads((scratch / "r").read_text())
    assert report["user"]["caps"] == ["chown", "net_raw"]
    assert report["user"]["ambient_caps"] == ["chown"]
    assert [layer["denies"] for layer in report["layers"]
            if layer["name"] == "caps"] == [
        "every privilege of root but --ambient-caps"]


def test_ambient_setuid_makes_uid_0_a_number(root):
    """With --allow-root: uid 0 can be had, and exec gives it nothing."""
    compile_c(AMBIENT, root / "show")
    done = run(BUILD / "jaillaunch", "-r", root, "-u", "1000", "--allow-root",
               "--caps", "setuid,chown", "--ambient-caps", "setuid", "/show",
               "root")
    assert done.out.startswith("0 p=80 e=80 i=80 b=81 a=80 raise=-1 "
                               "chown=-1"), done


def test_ambient_capabilities_that_we_lack(root):
    done = run("capsh", "--inh=", "--drop=cap_sys_time", "--", "-c",
               f"{BUILD}/jaillaunch -r {root} -u 1000 --caps chown,sys_time "
               "--ambient-caps sys_time true")
    assert done.status == 125 and "sys_time" in done.err, done


# --- reports and explanations

def test_a_report_replaces_no_device_and_no_link(scratch):
    """A name that leads to no file is written to; it once was replaced, and
    --report /dev/stdout left a file there."""
    pipe, device = scratch / "pipe", scratch / "device"
    os.mkfifo(pipe)
    os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (scratch / "file").write_text("old")
    for path in pipe, device, scratch / "file":
        path.chmod(0o666)
    (scratch / "link").symlink_to("file")
    (scratch / "pipe-link").symlink_to("pipe")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for name in ("pipe-link", "device", "link"):
        done = launch("--report", scratch / name, "--", "true")
        assert done.status == 0, done
    assert b'"exited"' in os.read(reader, 65536)
    os.close(reader)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert stat.S_ISCHR(device.lstat().st_mode)
    assert (scratch / "link").is_symlink()
    assert (scratch / "pipe-link").is_symlink()
    assert json.loads((scratch / "file").read_text())["exit_status"] == 0


def test_a_report_in_place_of_a_directory_is_refused_before_the_program(scratch):
    """It was refused when all was done, as "replace DIR"."""
    refuses(f"--report: {scratch} is a directory; name a file", "-r",
            busybox_root(), "-u", 1000, "--report", scratch, "echo", "ran")


def test_a_report_says_that_nothing_was_run(scratch):
    """With --explain it said that a program had ended well."""
    done = launch("--report", scratch / "r", "--events", scratch / "e",
                  "--explain", "--", "sh", "-c", "exit 3")
    assert (done.status, done.err) == (0, ""), done
    report = json.loads((scratch / "r").read_text())
    assert (report["outcome"], report["exit_status"]) == ("explained", 0)
    assert "use" not in report, report
    events = [json.loads(line) for line in (scratch / "e").open()]
    assert [(row["event"], row["outcome"]) for row in events] == \
        [("ended", "explained")], events
    done = launch("--report", scratch / "r", "--explain", "--require", "mnt",
                  "--", "true")
    assert done.status == 125, done
    assert json.loads((scratch / "r").read_text())["outcome"] == "failed"


def test_reports_have_the_mode_of_the_callers_umask(scratch):
    for option in ("--report", "--events"):
        path = scratch / option
        done = run(BUILD / "jaillaunch", "-r", busybox_root(), "-u", 1000,
                   option, path, "true", preexec_fn=lambda: os.umask(0o077))
        assert done.status == 0, done
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, option


@pytest.mark.needs("ns-pid")
def test_report_of_a_good_run(scratch):
    done = launch("--report", scratch / "r", "--limit", "nofile=50",
                  "--landlock", "none", "--", "sh", "-c", "exit 3")
    assert (done.status, done.out, done.err) == (3, "", "")
    report = json.loads((scratch / "r").read_text())
    assert report["outcome"] == "exited" and report["exit_status"] == 3
    assert report["user"] == {"uid": 1000, "gid": 1000, "groups": [29],
                              "name": "jailuser", "caps": [],
                              "ambient_caps": [], "shares_uid": True,
                              "separated_by": ["pid namespace"]}
    assert [layer["name"] for layer in report["layers"]] == [
        "cgroup", "output", "namespaces", "session", "fds", "root", "rlimits",
        "bounding", "ids", "caps", "no-new-privs", "landlock", "seccomp"]
    assert [layer["name"] for layer in report["layers"]
            if not layer["applied"]] == ["cgroup", "output", "landlock"]
    assert report["limits"] == [{"name": "nofile", "value": 50,
                                 "enforced_by": "rlimit: each process"}]
    for key in ("wall_seconds", "user_seconds", "system_seconds",
                "max_rss_bytes", "voluntary_switches", "blocks_in"):
        assert report["use"][key] >= 0
    assert report["use"]["max_rss_bytes"] > 100000
    assert any("may have its uid" in note for note in report["notes"])


@pytest.mark.parametrize("callers,limit", [("5000", "4096"),
                                           ("200", "200")])
def test_processes_are_limited_when_nothing_is_said(callers, limit):
    done = run("prlimit", f"--nproc={callers}:{callers}", BUILD / "jaillaunch",
               "-r", busybox_root(), "-u", 1000, "--", "sh", "-c",
               "ulimit -Hu; ulimit -Su")
    assert (done.status, done.out) == (0, f"{limit}\n{limit}\n"), done


@pytest.mark.parametrize("argv,outcome,status", [
    (["kill -9 $$"], "signaled", 137), (None, "not-found", 127)])
def test_report_of_other_ends(argv, outcome, status):
    program = ["sh", "-c", *argv] if argv else ["nothing"]
    done = launch("--report", "fd:1", "--", *program)
    report = json.loads(done.out)
    assert (report["outcome"], report["exit_status"]) == (outcome, status)
    if argv:
        assert report["signal"] == 9 and "use" in report
    else:
        assert report["error"]["message"] in done.err


def test_a_helper_does_not_get_where_the_report_goes(scratch):
    """But for the descriptor that the caller himself left open."""
    for name in ("jaillaunch", "jail-policy"):
        shutil.copy(BUILD / name, scratch / name)
    (scratch / "jail-policy").write_text(
        f"#!/bin/sh\nls -l /proc/self/fd >{scratch}/open\n")
    with open(scratch / "report", "wb") as report:
        fd = report.fileno()
        done = run(scratch / "jaillaunch", "-r", busybox_root(), "-u", 1000,
                   "--report", f"fd:{fd}", "--syscall-deny", "pause", "--",
                   "true", pass_fds=(fd,))
    assert "jail-policy died" in done.err, done
    found = (scratch / "open").read_text()
    assert found.count(f"{scratch}/report") == 1, found


def test_report_of_a_launch_that_failed(scratch):
    done = launch("--report", scratch / "r", "-u", "bob", "--", "true")
    assert done.status == 125
    report = json.loads((scratch / "r").read_text())
    assert report["outcome"] == "failed"
    assert report["error"]["kind"] == "usage"
    assert 'user "bob"' in report["error"]["message"]


def test_report_has_the_digest_of_the_image(scratch):
    import hashlib
    path = image(scratch)
    done = run(BUILD / "jaillaunch", "-i", path, "-u", 1000, "--report",
               "fd:1", "true")
    assert json.loads(done.out)["root"]["sha256"] == \
        hashlib.sha256(path.read_bytes()).hexdigest()


def test_explain_runs_nothing(scratch):
    done = launch("--explain", "-I", "--", "touch", "/tmp/x")
    assert done.status == 0 and done.err == "", done
    lines = done.out.splitlines()
    assert re.match(r"cgroup +off +no limit asks for one", lines[0])
    for pattern in (r"root +on +denies files", r"seccomp +off +-I",
                    r"terminal +none +standard input is not"):
        assert len([line for line in lines if re.match(pattern, line)]) == 1
    assert not (busybox_root() / "tmp/x").exists()


def test_verbose_tells_on_standard_error():
    done = launch("-v", "--", "true")
    assert done.out == "" and "no-new-privs" in done.err


# --- the ordinary user, help

def test_an_ordinary_user_is_told():
    done = run(BUILD / "jaillaunch", "-r", busybox_root(), "-u", "1000",
               "--ns=none", "true", **ordinary_user())
    assert done.status == 125 and done.err.count("\n") == 1, done
    assert "Operation not permitted: only root" in done.err, done


def test_an_ordinary_user_and_an_image(scratch):
    path = image(scratch)
    done = run(BUILD / "jaillaunch", "-i", path, "-u", "1000", "--ns=none",
               "true", **ordinary_user())
    assert done.status == 125 and done.err.count("\n") == 1, done


def help_text():
    return run(BUILD / "jaillaunch", "--help").out


@pytest.mark.parametrize("name", ["read", "write", "on-violation", "learn"])
@pytest.mark.parametrize("form", ["--{} x", "--{}=x"])
def test_an_option_of_a_later_version_is_refused_by_name(name, form):
    refuses(f"--{name} is not built yet", "-r", busybox_root(), "-u", "1000",
            *form.format(name).split(), "true")
    for text in (help_text(), run(BUILD / "jaillaunch", "--completion",
                                  "bash").out):
        assert not re.search(f"--{name}\\b(?!-)", text)


def test_help_and_version():
    done = run(BUILD / "jaillaunch", "--help")
    assert done.status == 0 and done.err == ""
    assert all(len(line) <= 80 for line in done.out.splitlines()), done.out
    assert run(BUILD / "jaillaunch", "--version").out.startswith("jaillaunch ")


def test_the_manual_has_the_options_of_the_help():
    text = (ROOT / "docs/man/jaillaunch.1").read_text()
    names = re.findall(r"--([a-z-]+)", help_text().split("\n\n", 2)[2])
    assert len(names) > 20
    for name in set(names):
        assert f"Fl -{name}" in text, name
    helps = help_text() + run(BUILD / "jaillaunch", "policy", "--help").out
    for name in re.findall(r"Fl -([a-z-]+)", text):
        assert f"--{name}" in helps, name


def test_the_manual_is_well_formed():
    done = run("mandoc", "-T", "lint", "-W", "warning",
               ROOT / "docs/man/jaillaunch.1")
    assert done.status == 0, done


def test_a_directory_of_jailbuilds_says_its_own_settings(scratch):
    """As its image would: an enclave's jail is launched from a directory."""
    (scratch / "manifest").write_text(
        "bash\nbin id\nuser me uid=1000\nrun-as me\nenv A=b\n"
        'entry bash -c "id -un; echo $A"\n')
    done = run(BUILD / "jailbuild", scratch / "manifest", "-o",
               f"{scratch}/root/")
    assert done.status == 0, done
    done = run(BUILD / "jaillaunch", "-r", scratch / "root")
    assert (done.status, done.out, done.err) == (0, "me\nb\n", "")
    done = run(BUILD / "jaillaunch", "-r", scratch / "root", "-u", "nobody",
               "--", "id", "-un")
    assert done.out == "nobody\n", done
    (scratch / "root/.jail/manifest").write_text("no such thing = 5\n")
    done = run(BUILD / "jaillaunch", "-r", scratch / "root", "-u", "me")
    assert done.status == 125 and "/.jail/manifest" in done.err, done


@pytest.mark.parametrize("name", [
    "-", pytest.param("/dev/stdin",  # which leads there
                      marks=pytest.mark.needs("the program's /proc"))])
@pytest.mark.needs("the caller's files")
def test_a_spec_from_a_pipe_holds_for_every_attempt(name):
    """It can be read only once, and a launch that lacks something is tried
    again."""
    for before in [], [BUILD / "tools/without", "namespaces:0x20000000=EPERM"]:
        done = run(*before, BUILD / "jaillaunch", "-r", busybox_root(),
                   "--spec", name, "--", "/bin/sh", "-c",
                   "ulimit -n; echo $A; cat",
                   input="run-as 1000\nlimit nofile=77\nenv A=b\n")
        assert (done.status, done.out, done.err) == (0, "77\nb\n", ""), done


def test_a_spec_that_did_not_come_is_an_error():
    """Else the limits that it was to say would be missing."""
    done = run(BUILD / "jaillaunch", "-r", busybox_root(), "-u", "1000",
               "--spec", "-", "--", "true")
    assert (done.status, done.err) == (
        125, "jaillaunch: standard input: nothing came; a manifest was "
        "expected\n")
    done = run(BUILD / "jaillaunch", "-r", busybox_root(), "-u", "1000",
               "--spec", "-", "--", "true", input="\nlimit nofile=x\n")
    assert done.status == 125, done
    assert done.err.startswith("jaillaunch: standard input:2: limit "), done
