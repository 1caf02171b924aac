"""A root directory with small ELF files in it, made by the linker from an
empty object, and the answers of the real loader and of ours for them."""

import os
import pathlib
import platform
import struct
import subprocess

from conftest import ordinary_user
from loader_oracle import ask_emulated, ask_glibc, resolve

# Of Debian: the loader's path and what $LIB stands for.
MACHINES = {
    "x86_64": ("/lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu"),
    "aarch64": ("/lib/ld-linux-aarch64.so.1", "lib/aarch64-linux-gnu"),
}

DT_NEEDED, DT_STRTAB, DT_SONAME, DT_RPATH, DT_RUNPATH = 1, 5, 14, 15, 29


def tool(*argv, **kwargs):
    done = subprocess.run([str(arg) for arg in argv], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, **kwargs)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return done.stdout


class Box:
    """machine: None for this one; then files come from /."""

    def __init__(self, base, machine=None):
        self.platform = machine or platform.machine()
        self.sysroot = f"/usr/{machine}-linux-gnu" if machine else ""
        self.loader, self.lib_dir = MACHINES[self.platform]
        cross = f"{machine}-linux-gnu-" if machine else ""
        self.root = base / "root"
        self.stubs = base / "stubs"
        self.root.mkdir()
        self.stubs.mkdir()
        self.ld = [cross + "ld"]
        self.object = self.stubs / "empty.o"
        self.assembler = [cross + "as"]
        tool(*self.assembler, "-o", self.object, "/dev/null")
        self.n_stubs = 0

    def path(self, name):
        return self.root / name.lstrip("/")

    def assembled(self, code):
        self.n_stubs += 1
        source = self.stubs / f"{self.n_stubs}.s"
        source.write_text(code)
        tool(*self.assembler, "-o", source.with_suffix(".o"), source)
        return source.with_suffix(".o")

    def place(self, name):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def stub(self, soname):
        """Something to link against that bears a name."""
        self.n_stubs += 1
        path = self.stubs / f"{self.n_stubs}.so"
        tool(*self.ld, "-shared", "-soname", soname, "-o", path, self.object)
        return path

    def link(self, name, *kind, needed=(), soname=None, rpath=None,
             runpath=None, auxiliary=(), filters=(), flags=(), code=None):
        argv = [*self.ld, *kind, "-z", "noseparate-code", *flags]
        if soname:
            argv += ["-soname", soname]
        if rpath is not None:
            argv += ["--disable-new-dtags", "-rpath", rpath]
        if runpath is not None:
            argv += ["--enable-new-dtags", "-rpath", runpath]
        for library in auxiliary:
            argv += ["-f", library]
        for library in filters:
            argv += ["-F", library]
        path = self.place(name)
        thing = self.assembled(code) if code else self.object
        tool(*argv, "-o", path, thing, "--no-as-needed",
             *[self.stub(library) for library in needed])
        return path

    def lib(self, name, **kwargs):
        return self.link(name, "-shared", **kwargs)

    def prog(self, name="/prog", interpreter=None, **kwargs):
        return self.link(name, "-pie", "-dynamic-linker",
                         interpreter or self.loader, "-e", "0", **kwargs)

    def text(self, name, text):
        self.place(name).write_text(text)

    def symlink(self, name, target):
        self.place(name).symlink_to(target)

    def add_loader(self):
        """The machine's own loader, at its own place."""
        path = self.place(self.loader)
        if not path.exists():
            real = pathlib.Path(self.sysroot + self.loader)
            path.write_bytes(real.read_bytes())
            path.chmod(0o755)

    def ldconfig(self, *options):
        self.place("/etc/ld.so.conf").touch()
        tool("/sbin/ldconfig", "-X", *options, "-r", self.root)

    def patch(self, name, offset, data):
        with open(self.path(name), "r+b") as file:
            file.seek(offset)
            file.write(data)

    def retag(self, name, old, new, value=None):
        """Changes the first entry of the dynamic section with a tag."""
        data = self.path(name).read_bytes()
        phoff = struct.unpack_from("<Q", data, 32)[0]
        size, count = struct.unpack_from("<HH", data, 54)
        for i in range(count):
            kind, _, offset = struct.unpack_from("<IIQ", data,
                                                 phoff + i * size)
            if kind != 2:
                continue
            while struct.unpack_from("<q", data, offset)[0] != old:
                assert struct.unpack_from("<q", data, offset)[0] != 0
                offset += 16
            self.patch(name, offset, struct.pack("<q", new))
            if value is not None:
                self.patch(name, offset + 8, struct.pack("<Q", value))
            return
        raise AssertionError("no dynamic section")

    def mine(self, path="/prog", *options):
        return resolve([path], "--sysroot", self.root, "--roots", "/",
                       *options)[path]

    def real(self, path):
        """Of a path, that of the same file, in the root."""
        return "/" + os.path.relpath(os.path.realpath(self.path(path)),
                                     os.path.realpath(self.root))

    def loaders(self, path="/prog"):
        if self.sysroot:
            return ask_emulated(f"qemu-{self.platform}-static", self.loader,
                                self.real(path), self.root)
        return ask_glibc(self.loader, self.real(path), root=self.root)

    def outside(self, path="/prog"):
        """Both answers without another root, for an ordinary user."""
        real = os.path.realpath(self.path(path))
        user = ordinary_user() if os.geteuid() == 0 else {}
        return (resolve([str(self.path(path))], "--roots", "/",
                        **user)[str(self.path(path))],
                ask_glibc(self.loader, real, **user))
