"""Mounts on a kernel between: new mount calls, but a tree that is nowhere takes
no mounts before 6.15, the root is the initramfs, and pivot_root() has nothing
to move.  Some calls are made to fail besides, as on the kernels before it."""

import pytest

from conftest import BUILD, ROOT, run, shared_once
from enclave import ramdisk
from enclave.machine import NEEDS_STATIC, Kernel, Machine, image

pytestmark = NEEDS_STATIC
SINCE_5_2 = ("open_tree,move_mount,fsopen,fsconfig,fsmount,mount_setattr,"
             "ioctl:0x4c0a")
WAYS = {
    "all": "mount namespace",
    "mount_setattr": "mount namespace",
    SINCE_5_2: "mount namespace by mount(2)",
    SINCE_5_2 + ",unshare": "mounts attached for a moment",
}
IMAGES = ["image.squashfs", "image.tar"]
OPTIONS = ["", "--no-pin", "--writable", "--bind /more:/mnt"]

INIT = """#!/usr/bin/busybox sh
export PATH=/usr/bin
b=/usr/bin/busybox
$b mount -t proc none /proc && $b mount -t devtmpfs none /dev || $b poweroff -f
for module in $($b cat /more/list); do $b insmod /more/$module; done
look='echo x >/tmp/x && echo -n "tmp "; echo x >~/x && echo -n "home "
echo x 2>/dev/null >/new || echo -n "read-only "
echo x >/dev/null && echo -n "null "; echo /dev/* /mnt/*'
why=why_not_mounted
echo "tar: $(jaillaunch -i /image.tar --report /report -- \\
	bash -c "$look" 2>&1)"
echo "tar because: $($b grep -m 1 $why /report | $b cut -d '"' -f 4)"
go() {
	echo "$1 ($2): $($3 jaillaunch -i /image.squashfs $2 --report /report -- \\
		bash -c "$look" 2>&1)"
	echo "$1 ($2) by: $($b grep -m 1 method /report | $b cut -d '"' -f 4)"
}
"""

END = """
jaillaunch store prune --all
$b rm -rf /run/jailwright
echo "left: $($b cat /proc/mounts | $b wc -l)$($b losetup -a)"
$b poweroff -f
"""


def make_image(path):
    path.mkdir()
    (path / "m").write_text("use bash\ndir /mnt\n")
    for name in IMAGES:
        done = run(BUILD / "jailbuild", path / "m", "-o", path / name)
        assert done.status == 0, done


def disk(kernel):
    tools = image("old-mounts", "bin bash busybox\n"
                  f"bin {BUILD}/tools/without as=/usr/bin/without\n"
                  f"bin {BUILD}/jail-unpack as=/usr/bin/jail-unpack\n")
    entries = ramdisk.unpacked(tools, "/")
    entries.update({f"/{name}": ramdisk.directory()
                    for name in ("proc", "run", "more", "dev")})
    entries["/more/list"] = ramdisk.file(
        " ".join(path.name for path in kernel.more))
    for path in kernel.more:
        entries[f"/more/{path.name}"] = ramdisk.file(path.read_bytes())
    entries["/usr/bin/jaillaunch"] = ramdisk.program(BUILD / "jaillaunch")
    made = shared_once("old-mounts-images", make_image)
    for name in IMAGES:
        entries[f"/{name}"] = ramdisk.file((made / name).read_bytes())
    script = INIT
    for missing in WAYS:
        before = "" if missing == "all" else f"without {missing}=ENOSYS"
        for option in OPTIONS:
            script += f'go "{missing}" "{option}" "{before}"\n'
    entries["/init"] = ramdisk.file(script + END, 0o755)
    return ramdisk.write({path.lstrip("/"): entry for path, entry in
                          entries.items() if path != "/"})


def test_the_same_jail_by_what_the_kernel_has(scratch):
    kernel = Kernel("amd64")
    if len(kernel.more) < 3:
        pytest.skip("the kernel has no modules for squashfs")
    with Machine(scratch, kernel, [disk(kernel)], memory=768) as machine:
        console = machine.wait()
    # which this kernel does not mount by any way
    assert "tar: tmp home read-only null /dev/full" in console, console
    assert "tar because: EROFS with blocks of 512 bytes needs Linux 6.4\n" \
        in console, console
    for missing, method in WAYS.items():
        for option in OPTIONS:
            name = f"{missing} ({option})"
            mnt = "/mnt/list" if "bind" in option else "/mnt/*"
            assert f"{name}: tmp home read-only null /dev/full" in console, \
                (name, console)
            line, = [line for line in console.splitlines()
                     if line.startswith(f"{name}: ")]
            assert mnt in line, line
            assert f"{name} by: {method}\n" in console, (name, console)
    assert "left: 3\n" in console, console
