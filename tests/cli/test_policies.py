"""Policies by name and of the caller's own: in force, in the kernel."""

import errno
import json
import os

import pytest

from conftest import BUILD, ROOT, landlock_abi, ordinary_user, run
# The same programs as under the default policy, with the fixture below.
from cli.test_programs import (  # noqa: F401  pylint: disable=unused-import
    test_bash, test_coreutils, test_gcc, test_git, test_make, test_node,
    test_perl, test_sqlite, test_tar)

SYSCALLS = BUILD / "tools" / "syscalls"
FILTERED = BUILD / "tools" / "filtered"


@pytest.fixture
def filtered(scratch):
    """As in test_programs.py, under the policy strict."""
    user = ordinary_user()
    os.chown(scratch, user["user"], user["group"])
    env = {"PATH": "/usr/bin:/bin", "HOME": str(scratch), "LANG": "C.UTF-8",
           "TMPDIR": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}

    def call(*argv, **kwargs):
        done = run(FILTERED, "--policy", "strict", *argv, cwd=scratch,
                   env=env, timeout=120, **user, **kwargs)
        assert done.status == 0, done
        return done.out
    return call


def test_strict_runs_python(filtered):
    assert filtered("python3", "-c", """if True:
        import asyncio, concurrent.futures, hashlib, multiprocessing, os
        import shutil, signal, socket, sqlite3, subprocess, tempfile, threading
        print(subprocess.check_output(["echo", "child"], text=True), end="")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            print(sum(pool.map(lambda n: n * n, range(10))))
        async def wait():
            process = await asyncio.create_subprocess_exec("true")
            return await process.wait()
        print(asyncio.run(wait()))
        with tempfile.TemporaryDirectory() as path:
            shutil.copy2("/etc/passwd", path)
        signal.signal(signal.SIGALRM, lambda *_: print("alarm"))
        signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()
        queue = multiprocessing.get_context("fork").SimpleQueue()
        if not os.fork(): queue.put("queue"); os._exit(0)
        os.wait(); print(queue.get())
        """) == "child\n285\n0\nalarm\nqueue\n"


def sane(done):
    assert done.status == 0, done
    assert done.out.splitlines()[-1].endswith(" 0 wrong"), done


@pytest.mark.parametrize("options", [
    ("strict",), ("cape",), ("cape-deny", "--features", "1"),
    ("strict", "--allow", "chroot,@socket", "--deny", "getppid"),
    ("cape", "--deny-action", "errno:ENOTTY"),
    ("default", "--deny-action", "kill")])
def test_a_named_policy_holds_in_the_kernel(options):
    sane(run(SYSCALLS, "--policy", *options, timeout=300, **ordinary_user()))


EVERY_OPERATOR = """\
default allow
errno:EXDEV lseek if arg1 == 0x100000002 and low2 != 7
errno:EDOM lseek if arg1 & 0xff00000000 == 0x500000000
errno:ERANGE fsync if arg0 < 0x200000000 and arg0 >= 0x100000000
errno:EXDEV fsync if arg0 > 0x300000000
errno:EDOM fsync if arg0 <= 5
errno:ENOTTY ftruncate if low0 & 0xf != 3 and arg1 & 0x8000000000
trap getppid
errno:0 syncfs
log getuid
kill getgid if low0 < 3
"""


def test_every_operator_holds_in_the_kernel(scratch):
    policy = scratch / "every.policy"
    policy.write_text(EVERY_OPERATOR)
    sane(run(SYSCALLS, "--policy", policy, **ordinary_user()))


def test_every_operator_is_interpreted(scratch):
    policy = scratch / "every.policy"
    policy.write_text(EVERY_OPERATOR)
    done = run(BUILD / "tools" / "interpret", "--policy", policy)
    assert done.status == 0 and done.out.endswith(" 0 wrong\n"), done


def oci(*rules, default="SCMP_ACT_ALLOW", **more):
    return json.dumps({"defaultAction": default, "syscalls": list(rules),
                       **more})


@pytest.mark.parametrize("op, extra", [
    ("NE", {}), ("LT", {}), ("LE", {}), ("EQ", {}), ("GE", {}), ("GT", {}),
    ("MASKED_EQ", {"valueTwo": 0x100000004}),
    # -1 of 64 bits
    ("EQ", {"value": 2**64 - 1}), ("NE", {"value": 2**64 - 1}),
    ("MASKED_EQ", {"value": 2**64 - 1, "valueTwo": 5})])
def test_every_operator_of_oci_holds_in_the_kernel(scratch, op, extra):
    profile = scratch / "profile.json"
    profile.write_text(oci({
        "names": ["lseek", "fsync", "mmap2"], "action": "SCMP_ACT_ERRNO",
        "errnoRet": 18, "args": [{"index": 0, "value": 0x10000000c,
                                  "op": f"SCMP_CMP_{op}", **extra}]}))
    sane(run(SYSCALLS, "--policy", profile, **ordinary_user()))


LISTED = ("execve,exit,read,open,close,mmap,mmap2,fstat,fstat64,access,"
          "mprotect,set_thread_area,brk,openat,exit_group,prctl,arch_prctl,"
          "write").replace(",", " ")


def test_an_old_allowlist_with_families_starts_a_program(jaillaunch, scratch):
    policy = scratch / "old.policy"
    policy.write_text(f"default errno:EPERM\nallow {LISTED}\n"
                      "allow @loader @io\n")
    launch = ("-r", "/", "-u", "54321", "--seccomp", policy, "--")
    done = jaillaunch(*launch, "/bin/echo", "just enough")
    assert (done.status, done.out, done.err) == (0, "just enough\n", ""), done
    done = jaillaunch(*launch, "/bin/mkdir", "/tmp/never")
    assert done.status == 1 and "Operation not permitted" in done.err, done


def test_what_a_policy_allows_the_floor_still_refuses(jaillaunch, scratch):
    policy = scratch / "open.policy"
    policy.write_text("default allow\n")
    launch = ("-r", "/", "-u", "54321", "--landlock", "none", "--ns=none", "--seccomp",
              policy)
    done = jaillaunch(*launch, "--", "unshare", "-U", "true")
    assert done.status == 1 and "not permitted" in done.err, done
    sane(jaillaunch(*launch, "--", SYSCALLS, "--inside", "--policy", policy))
    done = jaillaunch(*launch, "--syscall-allow=unshare", "--", "unshare",
                      "--help")
    assert done.status == 0, done


def test_an_image_cannot_choose_a_file_or_none(jaillaunch, jailbuild, scratch):
    for name, status, words in (
            ("strict", 0, ""), ("cape", 0, ""), ("cape-deny", 0, ""),
            ("my.policy", 125, "an image can choose default, strict, cape or "
                               "cape-deny"),
            ("none", 125, "which only you can allow")):
        manifest = scratch / "x.jail"
        # jailbuild would not make one that asks for a file
        known = "cape-deny" if "." in name else name
        manifest.write_text("/bin/true\nrun-as 5\nentry /bin/true\n"
                            f"seccomp {known}\n")
        built = jailbuild(manifest, "--no-index", "-o", scratch / "x.tar")
        assert built.status == 0, built
        made = (scratch / "x.tar").read_bytes()
        (scratch / "x.tar").write_bytes(made.replace(known.encode(),
                                                     name.encode()))
        done = jaillaunch("-i", scratch / "x.tar")
        assert done.status == status and words in done.err, (name, done)


def test_deny_action_log_is_said(jaillaunch):
    done = jaillaunch("-r", "/", "-u", "54321", "--deny-action", "log", "--",
                      "true")
    assert done.status == 0 and "warning: --deny-action log" in done.err, done


def test_the_families_in_the_docs_are_those_in_the_code():
    table = run(BUILD / "policy-gen", "--families").out
    text = (ROOT / "docs" / "SECCOMP.md").read_text()
    begin = "<!-- families: policy-gen --families -->\n"
    assert text.split(begin)[1].split("<!-- end -->\n")[0] == table


# --- jaillaunch policy

def verb(*args):
    return run(BUILD / "jaillaunch", "policy", *args)


def test_a_call_is_explained_in_order(scratch):
    policy = scratch / "p.policy"
    policy.write_text("default errno:EPERM\n\nallow clone if low1 == 0\n"
                      "log clone\n")
    done = verb("explain", policy, "clone")
    assert done.out == (
        "clone (56)\n"
        f"  allowed if low1 == 0: {policy}:3\n"
        f"  allowed, logged: {policy}:4\n"
        "  but what is allowed the floor refuses:\n"
        "  EPERM if flags & CLONE_NEW_ANY: a new user namespace gives every "
        "capability against the kernel (@namespace)\n"), done
    assert verb("explain", policy, "mount").out == \
        f"mount (165)\n  EPERM: {policy}:1\n"
    assert verb("explain", "default", "getpid").out == \
        "getpid (39)\n  allowed\n"
    assert "no effect" in verb("explain", "default", "mmap2").out


@pytest.mark.skipif(landlock_abi() < 6, reason="Landlock has no scopes")
@pytest.mark.needs("landlock")
def test_what_is_explained_is_what_a_launch_here_does():
    refused = "EAFNOSUPPORT if family == AF_UNIX"
    assert refused not in verb("explain", "default", "socket").out
    assert refused in verb("explain", "default", "socket", "--landlock",
                           "none").out
    done = run(BUILD / "tools/other-kernel", "landlock=5",
               BUILD / "jaillaunch", "policy", "explain", "default", "socket")
    assert refused in done.out, done


def test_the_namespaces_of_a_launch_count_in_what_is_explained():
    """It said that a jail cannot set the priority of others, which it can
    where there are none but its own."""
    refused = "EPERM if pid != 0, without a pid namespace"
    plan = run(BUILD / "jaillaunch", "--explain", "-r", "/", "-u", "54321",
               "true").out.split("\n")
    kinds = {line.split()[1]: line.split()[2] for line in plan
             if line.startswith("namespace ")}
    apart = kinds.get("pid") == "on" and kinds["user"] == "off"
    for verbs, words in ((("explain", "default", "prlimit64"), refused),
                         (("show", "default"), "prlimit64 if low0 != 0")):
        assert (words in verb(*verbs).out) == (not apart), plan
        assert words in verb(*verbs, "--ns", "none").out
    done = run(BUILD / "tools/without", "namespaces:0x20000000=EPERM",
               BUILD / "jaillaunch", "policy", "explain", "default",
               "prlimit64")
    assert refused in done.out, done


def test_a_network_of_its_own_counts_in_what_is_explained():
    for network, family, is_refused in (
            ("none", "AF_INET", True), ("private", "AF_INET", False),
            ("host", "AF_INET", False), ("none", "AF_UNIX", True),
            ("host", "AF_UNIX", True), ("private", "AF_UNIX", False)):
        done = verb("explain", "default", "socket", "--landlock", "none",
                    "--net", network)
        found = f"EAFNOSUPPORT if family == {family}," in done.out
        assert found == is_refused, (network, family, done)


def test_check_is_silent_or_says_what_is_in_vain(scratch):
    policy = scratch / "p.policy"
    policy.write_text("default errno:EPERM\nallow @io getpid\n")
    done = verb("check", policy)
    assert (done.status, done.out, done.err) == (0, "", ""), done
    policy.write_text("default errno:EPERM\nallow @io mount clone3\n")
    assert verb("check", policy).out == (
        f"{policy}: allowed, but refused by the floor (--syscall-allow opens "
        "it): clone3 mount\n")
    policy.write_text("default errno:EPERM\nallow @io muont\n")
    done = verb("check", policy)
    assert done.status == 125 and done.err == (
        f'jaillaunch: {policy}:2: no system call is named "muont"; the '
        'nearest is "mount"\n'), done
    policy.write_text(json.dumps({
        "defaultAction": "SCMP_ACT_ERRNO", "flags":
        ["SECCOMP_FILTER_FLAG_LOG"], "syscalls": [
            {"name": "getpid", "action": "SCMP_ACT_NOTIFY"}]}))
    assert verb("check", policy).out == (
        f"{policy}: SECCOMP_FILTER_FLAG_LOG has no effect\n"
        f"{policy}: SCMP_ACT_NOTIFY answers ENOSYS: there is no tracer and no "
        "listener\n")


@pytest.mark.parametrize("args, words", [
    ((), "it is show [NAME|FILE]"), (("shw",), "it is show [NAME|FILE]"),
    (("explain",), "explain NAME|FILE"), (("check",), "check FILE"),
    (("show", "stric"), 'the nearest is "strict"'),
    (("show", "./none"), "./none: No such file or directory"),
    (("show", "--machine", "vax"), "it is x86_64 or aarch64"),
    (("show", "--net", "x"), "it is none, host or private"),
    (("show", "--ns", "pid"), '--ns "pid": it is auto or none'),
    (("show", "none"), "none is no policy: every system call is allowed"),
    (("show", "--landlock", "x"), "it is auto or none"),
    (("explain", "strict", "raed"), 'the nearest is "read"')])
def test_mistakes_of_the_command_are_told(args, words):
    done = verb(*args)
    assert done.status == 125 and words in done.err, done
    assert done.err.startswith("jaillaunch: ") and done.err.count("\n") == 1


def test_the_command_has_a_help():
    done = verb("--help")
    assert done.status == 0 and "cape-deny" in done.out, done


# --- the cache

def entries():
    path = "/run/jailwright/policies"
    return {name: os.stat(f"{path}/{name}") for name in os.listdir(path)
            if not name.startswith("partial-")}


def test_a_policy_is_compiled_once(jaillaunch, scratch):
    policy = scratch / "once.policy"
    policy.write_text(f"# {scratch}\ndefault allow\nerrno:EXDEV getpid\n")
    launch = ("-r", "/", "-u", "54321", "--seccomp", policy, "--", "python3",
              "-c", "import os; print(os.getpid())")
    assert jaillaunch(*launch).out == "-18\n"
    mine = [name for name, st in entries().items()
            if st.st_mode == 0o100400][-1:]
    assert mine
    for number in (33, 34, 32):  # who finds it full empties it: once more
        before = set(entries())
        assert jaillaunch(*launch).out == "-18\n"
        policy.write_text(f"# {scratch}\ndefault allow\n"
                          f"errno:{errno.errorcode[number]} getpid\n")
        assert jaillaunch(*launch).out == f"-{number}\n"
        if set(entries()) >= before:
            return
        policy.write_text(f"# {scratch}\ndefault allow\nerrno:EXDEV getpid\n")
    raise AssertionError(before)


@pytest.mark.parametrize("harm", ["bytes", "mode", "link", "empty"])
def test_a_broken_entry_is_not_used(jaillaunch, scratch, harm):
    policy = scratch / "broken.policy"
    policy.write_text(f"# {scratch}\ndefault allow\nerrno:EXDEV getpid\n")
    launch = ("-r", "/", "-u", "54321", "--seccomp", policy, "--", "python3",
              "-c", "import os; print(os.getpid())")
    before = set(entries()) if os.path.isdir("/run/jailwright/policies") \
        else set()
    assert jaillaunch(*launch).out == "-18\n"
    # of those made meanwhile, one is ours
    for name in set(entries()) - before:
        path = f"/run/jailwright/policies/{name}"
        with open(path, "rb") as file:
            data = file.read()
        os.unlink(path)
        if harm == "link":
            os.symlink("/etc/passwd", path)
            continue
        if harm == "empty":
            data = b""
        elif harm == "bytes":
            data = data[:-1] + bytes([data[-1] ^ 1])
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o600 if harm == "mode" else 0o400)
    assert jaillaunch(*launch).out == "-18\n"
