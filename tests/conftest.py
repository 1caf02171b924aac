"""What every test from outside shares: the programs under test, a scratch
directory, running as an ordinary user, and the closing line.

JAIL_BUILD names the build directory (default: build/ of this tree); JAIL_COLUMN
a column of the matrix (tests/tools/column.c), in which jaillaunch then runs."""

import ctypes
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

import matrix
import schemas

schemas.install()
ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("JAIL_BUILD", ROOT / "build")).resolve()
COLUMN = os.environ.get("JAIL_COLUMN", "")
if COLUMN:
    BUILD = BUILD / "columns" / COLUMN
    matrix.install(BUILD / "jaillaunch")
# Then programs are not static, and the sanitizers make calls of their own.
IS_SANITIZED = (BUILD / "jaillaunch").exists() and \
    b"__asan_init" in (BUILD / "jaillaunch").read_bytes()


class Result:
    """Exit status and output of a program that ended."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def __repr__(self):
        return f"status {self.status}\nout: {self.out!r}\nerr: {self.err!r}"


def run(*argv, text=True, timeout=60, input="", **kwargs):
    """Runs a program to its end; never through a shell; with no terminal."""
    argv = [str(arg) for arg in argv]
    if "strace" in argv:  # under which no leak can be looked for
        env = kwargs.get("env") or os.environ
        kwargs["env"] = {**env, "ASAN_OPTIONS": "detect_leaks=0"}
    result = Result(subprocess.run(argv, capture_output=True, text=text,
                                   timeout=timeout,
                                   input=input if text else (input or b""),
                                   **kwargs))
    schemas.check_report_of(argv)
    return result


def landlock_abi():
    """Of the running kernel; -1: none."""
    return ctypes.CDLL(None).syscall(444, None, 0, 1)


def ordinary_user():
    """Keyword arguments that make subprocess run as `nobody`."""
    entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def owner_of(uid):
    """Whom the files of the jail's user belong to, for the launcher: in a column
    where that is not root all users of a jail are the launcher's own."""
    if COLUMN and os.geteuid() == 0 and matrix.is_user():
        return ordinary_user()["user"]
    return uid


@pytest.fixture(scope="session")
def build():
    """The build directory."""
    return BUILD


@pytest.fixture(scope="session")
def jailbuild():
    """jailbuild(args..., **kwargs) -> Result"""
    return lambda *argv, **kw: run(BUILD / "jailbuild", *argv, **kw)


@pytest.fixture(scope="session")
def jaillaunch():
    """jaillaunch(args..., **kwargs) -> Result"""
    return lambda *argv, **kw: run(BUILD / "jaillaunch", *argv, **kw)


@pytest.fixture
def scratch():
    """A directory of the test's own (of the launcher's user, in a column where
    that is not root), that others may enter; removed after, whatever modes a
    test left in it."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="jailtest."))
    path.chmod(0o755)
    if owner_of(os.geteuid()) != os.geteuid():
        os.chown(path, owner_of(0), ordinary_user()["group"])
    yield path
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        subprocess.run(["chmod", "-R", "u+rwx", str(path)], check=False)
        shutil.rmtree(path)


def shared_once(name, make):
    """make(path) is called by the first process of this test run that asks
    for name; all get the same path.  For what is slow to make, such as
    images, under pytest-xdist."""
    base = pathlib.Path(os.environ["JAIL_TEST_SHARED"])
    path = base / name
    if path.exists():
        return path
    lock = base / (name.replace("/", "_") + ".lock")
    import fcntl
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not path.exists():
            partial = base / (name + ".making")
            if partial.is_dir():
                shutil.rmtree(partial)
            make(partial)
            partial.rename(path)
    return path


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(NAME...): what a host must not "
                            "lack for this test to pass, see matrix.py")
    # The controlling process of a run owns the shared directory.
    if not hasattr(config, "workerinput"):
        base = tempfile.mkdtemp(prefix="jailtest-shared.")
        os.chmod(base, 0o755)
        os.environ["JAIL_TEST_SHARED"] = base
        config.jail_shared = base


def pytest_unconfigure(config):
    base = getattr(config, "jail_shared", None)
    if base:
        shutil.rmtree(base, ignore_errors=True)
        # the mounts of images that are gone now
        if os.geteuid() == 0 and (BUILD / "jaillaunch").exists():
            subprocess.run([BUILD / "jaillaunch", "store", "prune"],
                           check=False)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    """The closing line and the names of what failed, read by tests/run."""
    path = os.environ.get("JAIL_TEST_SUMMARY")
    if not path:
        return
    stats = terminalreporter.stats
    passed, skipped = (len(stats.get(key, [])) for key in
                       ("passed", "skipped"))
    failed = [report.nodeid for key in ("failed", "error")
              for report in stats.get(key, [])]
    pathlib.Path(path).write_text(f"{passed} passed, {len(failed)} failed, "
                                  f"{skipped} skipped\n")
    pathlib.Path(path + ".failed").write_text(
        "".join(name + "\n" for name in failed))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call():
    """Hangs must fail, not hold up the run; a soak may take its time."""
    if "JAIL_SOAK" not in os.environ:
        matrix.bounded(matrix.BOUND if COLUMN else matrix.LONGEST)
    yield
    signal.alarm(0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    done = yield
    report = done.get_result()
    if COLUMN and (report.when == "call" or report.failed or report.skipped):
        matrix.judge(item, report, call.excinfo is not None and
                     call.excinfo.errisinstance(matrix.Hang),
                     os.environ.get("JAIL_MATRIX_LOG"))
