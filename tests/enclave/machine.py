"""An enclave under QEMU: no hardware help, so that it runs everywhere and the
same; its vsock leads to vsock_parent.  Kernels are Debian's."""

import fcntl
import os
import pathlib
import subprocess

import pytest

import eif
from conftest import BUILD, ROOT, run, shared_once
from enclave import vsock_parent

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("JAIL_CACHE", BUILD / "cache"))

# As AWS's, but that QEMU's vsock is on PCI; "nomodules" means nothing to the
# kernel, which hands it on to the init.  A busy host may be too slow for the
# kernel's check of its timer, which would panic.
CMDLINE = ("reboot=k panic=1 nomodules console={console} i8042.noaux "
           "i8042.nomux i8042.nopnp i8042.dumbkbd random.trust_cpu=on quiet "
           "no_timer_check")

QEMU = {
    "amd64": (["qemu-system-x86_64", "-M", "q35,memory-backend=m", "-cpu",
               "max"], "ttyS0"),
    "arm64": (["qemu-system-aarch64", "-M", "virt,memory-backend=m", "-cpu",
               "max,pauth-impdef=on"], "ttyAMA0"),
}


NEEDS_STATIC = pytest.mark.skipif(
    b"libasan" in (BUILD / "jail-init").read_bytes(),
    reason="sanitized programs are not static, and a ramdisk has no libraries")


class Kernel:
    """Debian's, as fetch-kernel lays it down."""

    def __init__(self, arch):
        self.arch = arch
        path = CACHE / f"kernel-{arch}"
        CACHE.mkdir(parents=True, exist_ok=True)
        with open(CACHE / f"kernel-{arch}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (path / "more").exists():
                fetch(arch, path)
        self.image = path / "vmlinuz"
        self.config = (path / "config").read_text()
        self.modules = [path / "modules" / name for name in
                        (path / "list").read_text().split()]
        self.more = [path / "modules" / name for name in
                     (path / "more").read_text().split()]
        self.cmdline = CMDLINE.format(console=QEMU[arch][1])


def fetch(arch, path):
    done = subprocess.run([HERE / "fetch-kernel", arch, path],
                          capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"Debian's kernel for {arch} cannot be fetched: "
                    f"{done.stderr.strip().splitlines()[-1:]}")


class Baked:
    """An image of jailbake's, taken apart by the tests' own parser: a kernel,
    and its ramdisks."""

    def __init__(self, path, directory, arch="amd64"):
        self.eif = eif.Eif(path.read_bytes())
        self.arch = arch
        self.image = directory / "kernel"
        self.image.write_bytes(self.eif.one(eif.KERNEL))
        self.ramdisks = self.eif.all(eif.RAMDISK)
        # this machine has its vsock on PCI, and its console may be another
        self.cmdline = " ".join((
            self.eif.one(eif.CMDLINE).decode().replace("pci=off ", ""),
            f"console={QEMU[arch][1]} no_timer_check quiet"))


class Machine:
    """Boots at once.  The ramdisks lie one behind the other, as the Nitro
    loader lays them."""

    def __init__(self, directory, kernel, ramdisks, ports=None, memory=384,
                 cmdline=None):
        self.parent = vsock_parent.Parent(directory / "vsock", ports or {})
        (directory / "initrd").write_bytes(b"".join(ramdisks))
        self.log = directory / "console"
        command, _ = QEMU[kernel.arch]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([
                *command, "-accel", "tcg", "-m", str(memory), "-object",
                f"memory-backend-memfd,id=m,size={memory}M,share=on",
                "-chardev", f"socket,id=c,path={directory}/vsock",
                "-device", "vhost-user-vsock-pci,chardev=c", "-nodefaults",
                "-no-user-config", "-display", "none", "-serial", "stdio",
                "-no-reboot", "-kernel", kernel.image, "-initrd",
                directory / "initrd", "-append", cmdline or kernel.cmdline],
                stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT)

    def console(self):
        """What was on it, as lines without the carriage returns."""
        return self.log.read_text(errors="replace").replace("\r", "")

    def wait(self, timeout=240):
        """Until it reboots, which ends it; what was on its console."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.close()
            pytest.fail(f"the enclave hangs:\n{self.console()}")
        self.close()
        return self.console()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.parent.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.close()


def heartbeat(connection):
    """What nitro-cli does."""
    data = connection.received.get(timeout=60)
    connection.send(data)
    connection.close()


class Exit:
    """A port that takes one message and keeps it."""

    def __init__(self):
        self.words = None

    def __call__(self, connection):
        self.words = connection.read().decode()
        connection.close()


def image(name, text=None):
    """An image of a manifest, or of one of the presets."""
    def make(directory):
        directory.mkdir()
        source = ROOT / "manifests" / f"{name}.txt"
        if text:
            source = directory / "manifest"
            source.write_text(text)
        done = run(BUILD / "jailbuild", source, "-o", directory / "image.tar")
        assert done.status == 0, done
    return shared_once(f"enclave-{name}", make) / "image.tar"
