"""Kernels: what jailbake takes for one, what it says of it, what it does to it;
images for aarch64."""

import gzip
import struct
import subprocess

import pytest

import eif
from bakery import Bakery, jailbake

ARM = 183


@pytest.fixture
def bakery(scratch):
    return Bakery(scratch)


@pytest.fixture
def arm(scratch):
    return Bakery(scratch, machine=ARM)


def with_kernel(bakery, data):
    bakery.kernel.write_bytes(data)
    return bakery


BAD = {
    "text": (b"#!/bin/sh\n",
             "no kernel: neither a bzImage nor an aarch64 Image"),
    "nothing": (b"", "no kernel: neither a bzImage nor an aarch64 Image"),
    "vmlinux": (eif.static_elf(),
                "an ELF file (vmlinux); the loader takes a bzImage (make "
                "bzImage) or an aarch64 Image (make Image)"),
    "an enclave image": (eif.image(eif.mini()),
                         "an enclave image; jailbake extract gives its "
                         "kernel"),
    "xz": (b"\xfd7zXZ\0" + bytes(100),
           "compressed by xz; unpack it (xz -d)"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(100),
             "compressed by zstd; unpack it (zstd -d)"),
    "an EFI program": (b"MZ" + bytes(1000),
                       "an EFI program that holds no kernel which an enclave "
                       "could load; it takes a bzImage or an aarch64 Image"),
    "an old protocol": (eif.bzimage(protocol=0x20b),
                        "a bzImage of a boot protocol before 2.12, too old "
                        "for an enclave"),
    "a zImage": (eif.bzimage(loadflags=0),
                 "a zImage; an enclave needs a bzImage"),
    "32 bits": (eif.bzimage(xloadflags=0), "a kernel of 32 bits"),
    "zboot cut off": (eif.zboot(eif.arm_image())[:1000],
                      "an EFI zboot image that is cut off"),
    "zboot by lzma": (eif.zboot(eif.arm_image(), kind=b"lzma"),
                      "an EFI zboot image packed by lzma, which cannot be "
                      "undone here; give the Image itself (make Image)"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_kernel(bakery, name):
    data, words = BAD[name]
    done = with_kernel(bakery, data).bake()
    assert (done.status, done.err) == (
        4, f"jailbake: {bakery.kernel}: {words}\n"), done
    if name != "an enclave image":  # of which lint looks at the kernel
        assert jailbake("lint", bakery.kernel).err == done.err


def test_damaged_wrappings(bakery):
    packed = gzip.compress(eif.arm_image())
    for data in (packed[:5000], packed[:-9], packed[:50] + b"x" + packed[51:],
                 packed[:-8] + bytes(8), packed + b"x",
                 eif.zboot(eif.arm_image(), pack=lambda data: b"\x1f\x8bx")):
        done = with_kernel(bakery, data).bake()
        assert done.status == 4 and done.err.startswith(
            f"jailbake: {bakery.kernel}: cannot be unpacked (gzip): "), done
        assert not bakery.out.exists()
    packed = eif.zboot(eif.arm_image(), b"zstd22", zstd)
    for data in (packed[:600] + b"x" * 40 + packed[640:],):
        done = with_kernel(bakery, data).bake()
        assert done.status == 4 and done.err.startswith(
            f"jailbake: {bakery.kernel}: cannot be unwrapped (EFI zboot, "
            "zstd): "), done
        assert not bakery.out.exists()


@pytest.mark.parametrize("version, told", [
    (b"6.1.0-18-cloud-amd64 (debian) #1 SMP", "6.1.0-18-cloud-amd64"),
    (b"", "unknown"), (b"x" * 500, "x" * 127)])
def test_the_version_of_a_bzimage(bakery, version, told):
    image = with_kernel(bakery, eif.bzimage(version)).baked()
    assert f'"KernelVersion":"{told}"'.encode() in image.one(eif.METADATA)


def test_a_version_that_lies_elsewhere(bakery):
    data = bytearray(eif.bzimage())
    struct.pack_into("<H", data, 0x20e, 0xffff)
    image = with_kernel(bakery, bytes(data)).baked()
    assert b'"KernelVersion":"unknown"' in image.one(eif.METADATA)


def test_an_image_for_aarch64(arm):
    image = arm.baked()
    assert image.flags == 1
    assert image.one(eif.KERNEL) == arm.kernel.read_bytes()
    assert b'"KernelVersion":"6.6.79"' in image.one(eif.METADATA)
    assert b"i8042" not in image.one(eif.CMDLINE)
    assert jailbake("verify", arm.out).status == 0


def test_programs_of_another_machine_are_refused(arm):
    other = arm.write("x86", eif.static_elf(62))
    assert arm.bake("--init", other).err == (
        f"jailbake: {other}: for x86_64, and the kernel is for aarch64\n")


def test_a_text_offset_of_0(arm):
    data = eif.arm_image(text_offset=0)
    done = with_kernel(arm, data).bake()
    assert (done.status, done.err) == (
        4, f"jailbake: {arm.kernel}: its text_offset is 0: an enclave's "
           "loader would put it over itself; --fix-kernel sets it, which "
           "changes what is measured\n")
    done = arm.bake("--fix-kernel")
    assert (f"jailbake: {arm.kernel}: text_offset set to 0x200000\n"
            in done.err), done
    image = eif.Eif(arm.out.read_bytes())
    assert image.one(eif.KERNEL) == (data[:8] + struct.pack("<Q", 0x200000) +
                                     data[16:])
    # where nothing is to be fixed, nothing is
    right = with_kernel(arm, eif.arm_image(text_offset=0x80000))
    assert right.baked("--fix-kernel").one(eif.KERNEL) == \
        eif.arm_image(text_offset=0x80000)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, check=True,
                          capture_output=True).stdout


@pytest.mark.parametrize("wrap, words", [
    (gzip.compress, "gzip"), (eif.zboot, "EFI zboot, gzip"),
    (lambda data: eif.zboot(data, b"zstd22", zstd), "EFI zboot, zstd")])
def test_what_is_wrapped_is_unwrapped(arm, wrap, words):
    kernel = eif.arm_image()
    done = with_kernel(arm, wrap(kernel)).bake()
    assert done.status == 0, done
    assert f"jailbake: {arm.kernel}: unwrapped ({words})\n" in done.err
    assert eif.Eif(arm.out.read_bytes()).one(eif.KERNEL) == kernel
    assert sorted(path.name for path in arm.place.iterdir()) == [
        "init", "kernel", "launcher", "out.eif", "root.tar"]


# --- lint

GOOD = "".join(f"CONFIG_{name}=y\n" for name in (
    "BLK_DEV_INITRD BINFMT_ELF DEVTMPFS TMPFS PROC_FS VIRTIO_MMIO "
    "VIRTIO_MMIO_CMDLINE_DEVICES VSOCKETS VIRTIO_VSOCKETS SERIAL_8250_CONSOLE "
    "SECCOMP_FILTER NSM CGROUPS MEMCG CGROUP_PIDS USER_NS PID_NS NET_NS "
    "SECURITY_LANDLOCK HW_RANDOM").split())


def lint(bakery, config, *more):
    (bakery.place / "config").write_text(config)
    return jailbake("lint", "--config", bakery.place / "config", *more,
                    bakery.kernel)


def test_a_kernel_that_will_do(bakery):
    done = lint(bakery, GOOD)
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        f"{bakery.kernel}: Linux 6.6.79-enclave for x86_64\n"
        f"{bakery.kernel}: configuration: {bakery.place}/config\n")


def test_a_kernel_that_will_not(bakery):
    done = lint(bakery, GOOD.replace("CONFIG_VSOCKETS=y", "CONFIG_VSOCKETS=m")
                .replace("CONFIG_BLK_DEV_INITRD=y",
                         "# CONFIG_BLK_DEV_INITRD is not set")
                .replace("CONFIG_NSM=y\n", "") + "CONFIG_DEVMEM=y\n")
    assert done.status == 4
    assert done.err == (
        f"jailbake: {bakery.kernel}: will not do for an enclave: 1 thing is "
        "wrong\n")
    assert done.out.splitlines()[2:] == [
        f"{bakery.kernel}: CONFIG_BLK_DEV_INITRD: needed, and not built in: "
        "ramdisks are unpacked",
        f"{bakery.kernel}: CONFIG_NSM: useful, and not there: attestation; "
        "before Linux 6.8 a module of AWS's does it",
        f"{bakery.kernel}: CONFIG_DEVMEM: better not there: root could write "
        "to memory"]


def test_every_wish_is_noticed(bakery):
    for line in GOOD.splitlines():
        done = lint(bakery, GOOD.replace(line + "\n", ""))
        assert line.removesuffix("=y") + ": " in done.out, line
    assert "CONFIG_DEVMEM" in lint(bakery, GOOD + "CONFIG_DEVMEM=y\n").out


def test_the_configuration_beside_a_kernel(bakery):
    beside = bakery.place / "config-6.6.79-enclave"
    beside.write_text(GOOD)
    done = jailbake("lint", bakery.kernel)
    assert f"configuration: {beside}\n" in done.out and done.status == 0
    (bakery.place / "kernel.config").write_text("")
    done = jailbake("lint", bakery.kernel)
    assert "configuration: " + str(bakery.place / "kernel.config") in done.out
    assert done.status == 4


def test_lint_without_a_configuration(bakery):
    done = jailbake("lint", bakery.kernel)
    assert done.out.splitlines()[1:] == [
        f"{bakery.kernel}: no configuration beside it; give --config FILE"]
    done = jailbake("lint", "--config", "/none", bakery.kernel)
    assert done.err == "jailbake: /none: No such file or directory\n"


def test_lint_of_an_image_and_of_a_text_offset(arm):
    arm.baked()
    assert jailbake("lint", arm.out).out.startswith(
        f"{arm.out}: Linux 6.6.79 for aarch64\n")
    done = jailbake("lint", with_kernel(
        arm, gzip.compress(eif.arm_image(text_offset=0))).kernel)
    assert done.status == 4
    assert f"{arm.kernel}: wrapped (gzip): jailbake unwraps it\n" in done.out
    assert "text_offset is 0" in done.out
