"""Asks a real dynamic loader what it would load, and our resolver the same.

An answer is a list of (name, path or None) in the loader's own order, without
the loader itself and the kernel's vdso; or a string that begins with "error:"
when the program would not start."""

import os
import pathlib
import re
import shutil
import stat
import subprocess

from conftest import BUILD

VDSO = ("linux-vdso.so.1", "linux-gate.so.1")
LINE = re.compile(r"^\t(.+?)(?: => (.+?))?(?: \(0x[0-9a-f]+\))?$")

# Only what every CPU of the architecture has.
BASELINE = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,"
                              "-AVX512CD,-AVX512ER,-AVX512PF"}


def absolute(path):
    """Loaders print what they opened; ours run in "/"."""
    return path if path.startswith("/") else "/" + path


def parse_loader(out):
    """The output of LD_TRACE_LOADED_OBJECTS."""
    answer = []
    for line in out.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        name, path = match.groups()
        if name in VDSO or line == "\tstatically linked":
            continue
        if path == "not found":
            answer.append((name, None))
            continue
        path = absolute(path or name)
        if not is_loader(path):
            answer.append((name, path))
    return answer


def is_loader(path):
    return os.path.basename(path).startswith(("ld-linux", "ld-musl"))


def ask_glibc(loader, path, root=None, **popen):
    """What ld.so says of the program at a path, maybe of another root."""
    done = subprocess.run(
        [loader, "--glibc-hwcaps-mask", "none", path],
        preexec_fn=(lambda: enter(root)) if root else None,
        capture_output=True, text=True, errors="surrogateescape",
        env={"LD_TRACE_LOADED_OBJECTS": "1", **BASELINE}, cwd="/",
        timeout=60, stdin=subprocess.DEVNULL, **popen)
    if done.returncode:
        return "error: " + (done.stderr.strip() or str(done.returncode))
    return parse_loader(done.stdout)


def ask_emulated(emulator, loader, path, root):
    """As ask_glibc(), for another machine's loader in a root of its own, into
    which the emulator (static) is copied."""
    copy = pathlib.Path(root) / "emulator"
    shutil.copy(shutil.which(emulator), copy)
    done = subprocess.run(
        ["/emulator", "-E", "LD_TRACE_LOADED_OBJECTS=1", loader, path],
        preexec_fn=lambda: enter(root), capture_output=True, text=True,
        errors="surrogateescape", env={}, cwd="/", timeout=60,
        stdin=subprocess.DEVNULL)
    if done.returncode:
        return "error: " + (done.stderr.strip() or str(done.returncode))
    return parse_loader(done.stdout)


MISSING = re.compile(r"Error loading shared library (.+?): No "
                     "(?:such file|error)")


def ask_musl(loader, path, root=None, **popen):
    """What musl's loader says: (list of what it loads, set of missing)."""
    done = subprocess.run(
        [loader, "--list", path],
        preexec_fn=(lambda: enter(root)) if root else None,
        capture_output=True, text=True, env={}, cwd="/", timeout=60,
        stdin=subprocess.DEVNULL, **popen)
    missing = set(MISSING.findall(done.stderr))
    if done.returncode and not missing:
        return "error: " + done.stderr.strip()
    return parse_loader(done.stdout), missing


def enter(root):
    os.chroot(root)
    os.chdir("/")


def resolve(paths, *options, **popen):
    """{path: answer} of our resolver, from one process."""
    done = subprocess.run(
        [BUILD / "tools" / "resolve", *options], capture_output=True,
        input="".join(f"{path}\n" for path in paths), text=True,
        errors="surrogateescape", timeout=120, **popen)
    assert done.returncode in (0, 1), done.stderr
    return parse_resolved(done.stdout, paths)


def parse_resolved(out, paths):
    answers, answer = {}, None
    wanted = {f"{path}:" for path in paths}
    for line in out.splitlines():
        if line in wanted:
            answer = answers[line[:-1]] = []
        elif line.startswith("error: "):
            answers[list(answers)[-1]] = line
        else:
            name, path = line.split(" => ", 1)
            path = None if path.startswith("not found") else path
            if path is None or not is_loader(path):
                answer.append((name, path))
    return answers


def elf_header(path):
    """(class, machine, type) of an ELF file, or None."""
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError:
        return None
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return None
    order = "big" if head[5] == 2 else "little"
    return (head[4], int.from_bytes(head[18:20], order),
            int.from_bytes(head[16:18], order))


def has_dynamic(path):
    """PT_DYNAMIC with contents, by the program headers."""
    with open(path, "rb") as file:
        head = file.read(64)
        is_64, order = head[4] == 2, "big" if head[5] == 2 else "little"

        def number(at, size, data=head):
            return int.from_bytes(data[at:at + size], order)
        at = number(32, 8) if is_64 else number(28, 4)
        size, count = ((number(54, 2), number(56, 2)) if is_64
                       else (number(42, 2), number(44, 2)))
        file.seek(at)
        table = file.read(size * count)
    for i in range(count):
        entry = table[i * size:(i + 1) * size]
        if len(entry) == size and number(0, 4, entry) == 2:
            return number(32, 8, entry) > 0 if is_64 else \
                number(16, 4, entry) > 0
    return False


def elf_files(tops):
    """Every ELF file below some directories once: {path: header}."""
    seen, found = set(), {}
    for top in tops:
        for directory, names, files in os.walk(top):
            names.sort()
            for name in sorted(files):
                path = os.path.join(directory, name)
                try:
                    st = os.lstat(path)
                except OSError:
                    continue
                key = (st.st_dev, st.st_ino)
                if not stat.S_ISREG(st.st_mode) or key in seen:
                    continue
                header = elf_header(path)
                if header:
                    seen.add(key)
                    found[path] = header
    return found


def interpreter(path):
    """PT_INTERP of a file, or None."""
    out = subprocess.run(["readelf", "-lW", path], capture_output=True,
                         text=True, errors="replace").stdout
    match = re.search(r"interpreter: (.+)\]", out)
    return match.group(1) if match else None


def exists(path):
    return pathlib.Path(path).exists()
