"""jailbake makes enclave images; a reader of the tests' own says of what."""

import gzip
import hashlib
import json
import os

import pytest

import eif
import tars
from bakery import PASSWD, Bakery, jailbake
from conftest import BUILD, run


@pytest.fixture
def bakery(scratch):
    return Bakery(scratch)


def refused(done, words, status=2):
    assert (done.status, done.out, done.err) == (status, "",
                                                 f"jailbake: {words}\n"), done


# --- what is in an image

def test_the_sections_are_what_was_given(bakery):
    image = bakery.baked("--cmdline", "console=ttyS0 quiet")
    assert image.one(eif.KERNEL) == bakery.kernel.read_bytes()
    assert image.one(eif.CMDLINE) == b"console=ttyS0 quiet"
    assert len(image.all(eif.RAMDISK)) == 2
    assert image.flags == 0


def test_the_ramdisks_have_what_the_init_is_promised(bakery):
    boot, rest = bakery.ramdisks()
    assert list(boot) == ["dev", "init"]
    assert boot["init"].data == bakery.init.read_bytes()
    assert boot["init"].mode == 0o100755
    assert list(rest) == sorted(
        ["rootfs"] + [f"rootfs/{name}" for name in (
            ".jail", ".jail/launch", "dev", "jail", "jail/bin",
            "jail/bin/prog", "jail/etc", "jail/etc/passwd", "jail/sh",
            "jaillaunch", "proc", "run", "sys", "tmp", "var")])
    assert rest["rootfs/jaillaunch"].data == bakery.launcher.read_bytes()
    assert rest["rootfs/jail/etc/passwd"].data == PASSWD
    assert rest["rootfs/jail/sh"].data == b"bin/prog"
    assert rest["rootfs/jail/sh"].mode == 0o120777
    assert rest["rootfs/tmp"].mode == 0o041777
    for member in [*boot.values(), *rest.values()]:
        assert (member.uid, member.gid, member.mtime) == (0, 0, 0)


def test_what_is_to_be_started(bakery):
    assert bakery.launch(command=("/bin/prog", "a b", "", "#c", "d\ne")) == (
        b'heartbeat early\nuser jailuser\nargv /bin/prog\nargv "a b"\n'
        b'argv ""\nargv "#c"\nargv "d\\ne"\n')


def test_every_directive_of_the_launch(bakery):
    assert bakery.launch("--heartbeat", "late", "--exit-port", "4294967294",
                         "--jail-option", "--limit", "--jail-option",
                         "pids=5") == (
        b"heartbeat late\nexit-port 4294967294\nuser jailuser\n"
        b"option --limit\noption pids=5\nargv /bin/prog\nargv one\n")


def test_modules_lie_in_ramdisk_0_and_are_listed_in_order(bakery):
    second = bakery.write("vsock.ko", eif.module())
    first = bakery.write("nsm.ko", eif.module())
    boot, _ = bakery.ramdisks("--modules", f"{second},{first}")
    assert list(boot) == ["dev", "init", "modules", "nsm.ko", "vsock.ko"]
    assert boot["modules"].data == b"vsock.ko\nnsm.ko\n"
    assert boot["nsm.ko"].data == first.read_bytes()


def test_a_trusted_app_is_laid_over_the_root(bakery):
    app = bakery.tar("app.tar", tars.folder("srv/"),
                     tars.file("srv/serve", eif.static_elf(), mode=0o755),
                     tars.file("usr/lib/libx.so", b"library"),
                     tars.folder("tmp/", mode=0o700))
    _, rest = bakery.ramdisks("--app", app, "--app-exec",
                              '/srv/serve --port "a b"', user=False,
                              command=None)
    assert rest["rootfs/srv/serve"].mode == 0o100755
    assert rest["rootfs/usr/lib/libx.so"].data == b"library"
    assert rest["rootfs/tmp"].mode == 0o041777  # ours, whatever it says
    assert rest["rootfs/.jail/launch"].data == (
        b'heartbeat early\napp /srv/serve --port "a b"\n')


@pytest.mark.parametrize("more, what", [
    ({"command": None}, "-u"), ({"user": False}, "/bin/prog"),
    ({"user": False, "command": None, "option": True}, "--jail-option")])
def test_an_app_says_itself_how_it_starts_jails(bakery, more, what):
    app = bakery.tar("app.tar", tars.file("serve", b"x", mode=0o755))
    option = ["--jail-option", "-n"] if more.pop("option", False) else []
    refused(bakery.bake("--app", app, "--app-exec", "/serve", *option, **more),
            f"{what} and --app: the app starts jails itself, and says how")


def test_the_entry_of_the_apps_own_manifest_is_its_program(bakery):
    app = bakery.tar("app.tar", tars.file("serve", eif.static_elf(),
                                          mode=0o755),
                     tars.file(".jail/manifest", b"entry /serve -v\n"))
    assert bakery.launch("--app", app, command=None, user=False) == (
        b"heartbeat early\napp /serve -v\n")


@pytest.mark.parametrize("member, name", [
    (tars.folder("jail/"), "/jail"),
    (tars.file("jaillaunch", b"x"), "/jaillaunch"),
    (tars.file(".jail/launch", b"x"), "/.jail/launch"),
])
def test_an_app_with_a_name_of_ours_is_refused(bakery, member, name):
    app = bakery.tar("app.tar", member, tars.file("serve", b"x", mode=0o755))
    refused(bakery.bake("--app", app, "--app-exec", "/serve", user=False,
                        command=None),
            f"{app}: {name} is jailbake's own name in an enclave; call it "
            "otherwise", 4)


@pytest.mark.parametrize("member, name", [
    (tars.symlink("tmp", "/etc"), "/tmp"), (tars.file("dev"), "/dev"),
    (tars.file(".jail"), "/.jail"), (tars.symlink(".jail", "x"), "/.jail"),
])
def test_an_app_with_something_else_for_a_directory(bakery, member, name):
    app = bakery.tar("app.tar", member, tars.file("serve", b"x", mode=0o755))
    refused(bakery.bake("--app", app, "--app-exec", "/serve", user=False,
                        command=None),
            f"{app}: {name} must be a directory in an enclave, or not be "
            "there", 4)


def test_an_app_without_a_program_is_refused(bakery):
    app = bakery.tar("app.tar", tars.file("serve", b"x", mode=0o755))
    alone = {"user": False, "command": None}
    refused(bakery.bake("--app", app, **alone),
            f'--app {app}: what is to be started? --app-exec "PROGRAM '
            'ARG..." (its manifest has no entry)')
    refused(bakery.bake("--app", app, "--app-exec", "/other", **alone),
            f"/other: no such program in {app}")
    refused(bakery.bake("--app", app, "--app-exec", "serve", **alone),
            "--app-exec serve: give its path in the enclave, from / on")


def test_the_images_own_manifest_says_user_and_program(bakery):
    image = bakery.tar("own.tar", *bakery.members(), tars.folder("./.jail/"),
                       tars.file("./.jail/manifest",
                                 b"entry /bin/prog\nrun-as jailuser\n"))
    assert bakery.launch(image=image, command=None, user=False) == (
        b"heartbeat early\n")


# --- metadata

def test_the_metadata(bakery):
    done = bakery.baked()
    assert done.one(eif.METADATA).decode() == (
        '{"ImageName":"root","ImageVersion":"1.0","BuildMetadata":'
        '{"BuildTime":"1970-01-01T00:00:00+00:00","BuildTool":"jailbake",'
        '"BuildToolVersion":"0.1.0","OperatingSystem":"Linux",'
        '"KernelVersion":"6.6.79-enclave"},"DockerInfo":null,'
        '"CustomMetadata":{"JailImage":{"SHA256":"'
        + hashlib.sha256(bakery.image.read_bytes()).hexdigest() + '"}}}')


def test_metadata_of_ones_own(bakery):
    own = bakery.write("own.json", '{"team":"é","n":[1,2]}'.encode())
    image = bakery.baked("--metadata", own, "--name", "n é", "--image-version",
                         "2", env={**os.environ,
                                   "SOURCE_DATE_EPOCH": "1700000000"})
    told = json.loads(image.one(eif.METADATA))
    assert (told["ImageName"], told["ImageVersion"]) == ("n é", "2")
    assert told["BuildMetadata"]["BuildTime"] == "2023-11-14T22:13:20+00:00"
    assert told["CustomMetadata"]["team"] == "é"
    assert list(told["CustomMetadata"]) == ["team", "n", "JailImage"]


def test_bad_metadata(bakery):
    own = bakery.write("own.json", b"[1]")
    refused(bakery.bake("--metadata", own),
            f"--metadata {own}: no JSON object", 4)
    own.write_bytes(b'{"JailImage":1}')
    refused(bakery.bake("--metadata", own),
            "--metadata: JailImage is written by jailbake", 4)
    own.write_bytes(b" " * 5000)
    refused(bakery.bake("--metadata", own),
            f"--metadata {own}: File too large", 4)


# --- the same bytes

def test_two_bakes_are_equal(bakery, scratch):
    first = bakery.baked()
    before = bakery.out.read_bytes()
    os.utime(bakery.kernel, (1, 1))
    os.utime(bakery.init, (1, 1))
    elsewhere = scratch / "elsewhere"
    elsewhere.mkdir()
    done = bakery.bake(out=elsewhere / "other.eif", cwd=elsewhere,
                       umask=0o077, env={
                           "PATH": "/usr/bin:/bin", "TZ": "Asia/Kolkata",
                           "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"})
    assert done.status == 0, done
    assert (elsewhere / "other.eif").read_bytes() == before
    assert (elsewhere / "other.eif").stat().st_mode & 0o777 == 0o644
    assert first.pcrs == eif.Eif(before).pcrs


def test_the_order_of_the_tar_and_its_compression_change_no_measurement(
        bakery):
    first = bakery.baked()
    members = bakery.members()
    other = bakery.tar("other.tar", *members[::-1])
    assert bakery.baked(image=other).pcrs == first.pcrs
    for pack in ("zstd", "gzip", "xz"):
        run(pack, "-k", "-f", bakery.image)
        suffix = {"zstd": "zst", "gzip": "gz", "xz": "xz"}[pack]
        packed = bakery.image.with_name(f"root.tar.{suffix}")
        assert bakery.baked(image=packed).sections == first.sections


def test_the_epoch_is_the_time_of_every_member(bakery):
    env = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    for members in bakery.ramdisks(env=env):
        assert {member.mtime for member in members.values()} == {1700000000}
    env["SOURCE_DATE_EPOCH"] = "tomorrow"
    refused(bakery.bake(env=env),
            "SOURCE_DATE_EPOCH=tomorrow: not a number of seconds")


# --- what is not in order

@pytest.mark.parametrize("more, words", [
    (["--heartbeat", "never"], "--heartbeat never: early, late or none"),
    (["--exit-port", "0"], "--exit-port 0: a number from 1 to 4294967294"),
    (["--exit-port", "5x"], "--exit-port 5x: a number from 1 to 4294967294"),
    (["--exit-port", "9000"],
     "--exit-port 9000: the port of the heartbeat; choose another"),
    (["--cmdline", ""], "--cmdline: empty; leave it out for a good one"),
    (["--cmdline", "a\nb"],
     "--cmdline: a line break, which a kernel does not take"),
    (["--cmdline", "x" * 2048],
     "--cmdline: 2048 bytes; 2047 at most are possible"),
    (["--sign", "k"], "--sign and --cert: both or none"),
    (["--app-exec", "x"], "--app-exec without --app"),
    (["--modules", ",x"], "--modules: an empty name; FILE,FILE,..."),
    (["--memory", "0"], "--memory 0: a number from 1 to 1073741824"),
    (["-u", "bob"], 'user "bob" is not in the /etc/passwd of {image}; a '
                    "number always works"),
    (["--blobs", "."],
     "--init and --blobs: AWS's own init knows nothing of it"),
])
def test_wrong_options(bakery, more, words):
    done = bakery.bake(*more)
    refused(done, words.format(image=bakery.image))
    assert not bakery.out.exists()


def test_missing_options():
    refused(jailbake("-o", "x"), "no image: -i FILE (--help)")
    refused(jailbake("-i", "x"), "no output: -o FILE (--help)")
    refused(jailbake("-i", "x", "-o", "y"),
            "no kernel: --kernel FILE or --blobs DIR (--help)")
    refused(jailbake("frobnicate"),
            "frobnicate: no such verb (jailbake --help lists them)")


def test_an_output_that_is_no_file(bakery):
    refused(bakery.bake(out="/dev/null"),
            "/dev/null: not a file; this cannot be written to a pipe, device "
            "or directory")


@pytest.mark.parametrize("user, words", [
    ("root", 'user "root" is root (uid 0), which jaillaunch refuses; say '
             "--jail-option=--allow-root if that is meant"),
    ("0", 'user "0" is root (uid 0), which jaillaunch refuses; say '
          "--jail-option=--allow-root if that is meant"),
    ("4294967295", 'user "4294967295": no number is larger than 4294967294'),
    ("99999999999999999999", 'user "99999999999999999999": no number is '
                             "larger than 4294967294"),
    ("jailuser:x", 'user "jailuser:x" is not in the /etc/passwd of {image}; '
                   "a number always works"),
])
def test_a_user_that_jaillaunch_would_refuse(bakery, user, words):
    refused(bakery.bake("-u", user, user=False),
            words.format(image=bakery.image))
    assert not bakery.out.exists()


def test_users_that_it_takes(bakery):
    for user in ("#1000", "4294967294"):
        assert bakery.launch("-u", user, user=False).splitlines()[1] in (
            f"user {user}".encode(), f'user "{user}"'.encode())
    for user in ("root", "0"):
        assert bakery.bake("-u", user, "--jail-option=--allow-root",
                           user=False).status == 0


def test_no_input_is_replaced(bakery):
    """Nor what leads to one."""
    module = bakery.write("nsm.ko", eif.module())
    own = bakery.write("own.json", b"{}")
    link = bakery.place / "link"
    link.symlink_to(bakery.kernel)
    for out in (bakery.image, bakery.kernel, bakery.init, bakery.launcher,
                module, own, link):
        before = out.read_bytes()
        refused(bakery.bake("--modules", module, "--metadata", own, out=out),
                f"{out}: is read here, and would be replaced; choose another "
                "name for the output")
        assert out.read_bytes() == before


@pytest.mark.parametrize("command, words", [
    (("/bin/none",), "/bin/none: no such program in {image}"),
    (("none",), "none: no such program in {image}"),
    (("/etc/passwd",),
     "/etc/passwd: no such program in {image}: it is not executable"),
    (None, "no program: -- PROGRAM ARG... (the image's manifest has no "
           "entry)"),
])
def test_a_program_that_is_not_in_the_jail(bakery, command, words):
    refused(bakery.bake(command=command), words.format(image=bakery.image))


def test_a_program_is_found_along_the_path_and_links(bakery):
    assert bakery.bake(command=("prog",)).status == 0
    assert bakery.bake(command=("/sh",)).status == 0


def test_no_user(bakery):
    refused(bakery.bake(user=False),
            "no user: -u USER (the image's manifest has no run-as)")
    assert bakery.launch("-u", "1000", user=False).startswith(
        b"heartbeat early\nuser 1000\n")


def test_memory_is_advised_and_bounded(bakery):
    assert bakery.bake().err == (
        f"jailbake: {bakery.out}: give the enclave 64 MiB of memory or more\n")
    big = bakery.tar("big.tar", *bakery.members(),
                     tars.file("./big", bytes(40 << 20)))
    done = bakery.bake(image=big)
    # 2 x 40 MiB / 0.9 would be 90; four times the file is more
    assert done.err == (
        f"jailbake: {bakery.out}: give the enclave 164 MiB of memory or "
        "more\n")
    bakery.out.unlink()
    refused(bakery.bake("--memory", "162", image=big),
            f"{bakery.out}: the enclave needs 164 MiB of memory, and "
            "--memory says 162", 4)
    assert not bakery.out.exists()
    done = bakery.bake("-q", "--memory", "164", image=big)
    assert (done.status, done.err) == (0, "")


def test_names_without_content_need_memory_too(bakery):
    """The root of an enclave has no more names than half of its pages."""
    many = bakery.tar("many.tar", *bakery.members(), *(
        tars.file(f"./{i}") for i in range(20000)))
    done = bakery.bake(image=many)
    advice = int(done.err.split()[-6])
    # and what the file itself takes, before it is unpacked
    assert advice >= (2 * 20000 * 4096 + bakery.out.stat().st_size) >> 20, done
    assert advice < 200


def test_programs_must_be_static_and_for_the_kernels_machine(bakery):
    dynamic = bakery.write("dynamic", eif.static_elf(interp=b"/lib64/ld.so"))
    arm = bakery.write("arm", eif.static_elf(machine=183))
    text = bakery.write("text", b"#!/bin/sh\n")
    refused(bakery.bake("--init", dynamic),
            f"{dynamic}: needs shared libraries, which an enclave's ramdisk "
            "does not have; give a static program", 4)
    refused(bakery.bake("--launcher", arm),
            f"{arm}: for aarch64, and the kernel is for x86_64", 4)
    done = bakery.bake("--init", text)
    assert done.status == 4 and str(text) in done.err
    image = bakery.tar("arm.tar", *bakery.members(183))
    refused(bakery.bake(image=image),
            f"{image}: /bin/prog is for another machine than the kernel "
            "(x86_64), as are all its programs", 4)
    mixed = bakery.tar("mixed.tar", *bakery.members(),
                       tars.file("./data", eif.static_elf(183)))
    assert bakery.bake(image=mixed).status == 0


def test_modules_must_be_modules(bakery):
    packed = bakery.write("nsm.ko.xz", b"\xfd7zXZ" + bytes(100))
    refused(bakery.bake("--modules", packed),
            f"{packed}: no kernel module; a compressed one must be unpacked "
            "(xz -d, zstd -d)", 4)
    foreign = bakery.write("nsm.ko", eif.module(183))
    refused(bakery.bake("--modules", foreign),
            f"{foreign}: for aarch64, and the kernel is for x86_64", 4)
    twice = bakery.write("init.ko", eif.module())
    refused(bakery.bake("--modules", f"{twice},{twice}"),
            "init.ko: two files for one name in the ramdisk")


def test_a_missing_init_is_told_with_its_remedy(bakery, scratch):
    # where nothing stands beside it
    alone = scratch / "alone" / "jailbake"
    alone.parent.mkdir()
    alone.write_bytes((BUILD / "jailbake").read_bytes())
    alone.chmod(0o755)
    done = run(alone, "-i", bakery.image, "--kernel", bakery.kernel, "-u",
               "1000", "-o", bakery.out, "--", "/bin/prog")
    assert done.status == 5 and done.err.endswith(
        "install it, or give --init FILE\n"), done


# --- AWS's own files

@pytest.fixture
def blobs(bakery, scratch):
    path = scratch / "blobs"
    path.mkdir()
    (path / "bzImage").write_bytes(bakery.kernel.read_bytes())
    (path / "cmdline").write_bytes(b"reboot=k nomodules\n")
    (path / "init").write_bytes(bakery.init.read_bytes())
    (path / "nsm.ko").write_bytes(eif.module())
    return path


def bake_blobs(bakery, blobs, *more):
    done = jailbake("-i", bakery.image, "--blobs", blobs, "--launcher",
                    bakery.launcher, "-u", "jailuser", "-o", bakery.out, *more)
    return done


def test_aws_files_as_they_are(bakery, blobs):
    done = bake_blobs(bakery, blobs, "--jail-option", "-n", "--", "/bin/prog",
                      "a b", "")
    assert done.status == 0, done
    image = eif.Eif(bakery.out.read_bytes())
    assert image.one(eif.CMDLINE) == b"reboot=k nomodules"
    boot, rest = map(eif.cpio, image.all(eif.RAMDISK))
    assert list(boot) == ["dev", "init", "nsm.ko"]
    assert rest["cmd"].data == (b"/jaillaunch\n-r\n/jail\n-u\njailuser\n-n\n"
                                b"--\n/bin/prog\na b\n\n")
    assert rest["env"].data == b""
    assert "rootfs/.jail" not in rest
    for name in ("dev", "run", "sys", "var", "proc", "tmp"):
        assert rest[f"rootfs/{name}"].mode & 0o170000 == 0o040000


def test_aws_init_cannot_be_told_of_line_breaks(bakery, blobs):
    refused(bake_blobs(bakery, blobs, "--", "/bin/prog", "a\nb"),
            "an argument with a line break: AWS's init cannot be told of it; "
            "bake without --blobs")


def test_blobs_without_a_kernel(bakery, blobs):
    (blobs / "bzImage").unlink()
    refused(bake_blobs(bakery, blobs, "--", "/bin/prog"),
            f"--blobs {blobs}: neither bzImage nor Image", 4)


# --- verbs

def test_every_verb_has_help():
    verbs = [line.split()[0] for line in
             jailbake("--help").out.split("\n\n")[1].splitlines()]
    assert verbs[0] == "bake" and "lint" in verbs
    for verb in verbs:
        done = jailbake(verb, "--help")
        assert done.status == 0 and done.out.startswith(
            f"usage: jailbake {verb} "), done
    assert jailbake("--version").out == "jailbake 0.1.0\n"


# --- where there is little

@pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
@pytest.mark.skipif(b"libasan" in (BUILD / "jailbake").read_bytes(),
                    reason="a sanitized jailbake is not static")
def test_it_needs_nothing_but_itself(bakery, scratch):
    """In a root without /proc, /dev, libraries and /etc; a file whose name
    outlives a failure is not left."""
    root = scratch / "bare"
    (root / "bin").mkdir(parents=True)
    (root / "out").mkdir()
    for name, source in (("jailbake", BUILD / "jailbake"),
                         ("jail-init", bakery.init),
                         ("jaillaunch", bakery.launcher)):
        (root / "bin" / name).write_bytes(source.read_bytes())
        (root / "bin" / name).chmod(0o755)
    packed = gzip.compress(bakery.image.read_bytes())
    (root / "root.tar.gz").write_bytes(packed)
    (root / "kernel").write_bytes(bakery.kernel.read_bytes())
    argv = ["chroot", root, "/bin/jailbake", "-i", "/root.tar.gz", "--kernel",
            "/kernel", "-u", "jailuser", "-o", "/out/x.eif"]
    done = run(*argv, "--", "/bin/prog", "one")
    assert done.status == 0, done
    image = eif.Eif((root / "out" / "x.eif").read_bytes())
    assert image.pcrs == bakery.baked(image=root / "root.tar.gz").pcrs
    done = run("chroot", root, "/bin/jailbake", "verify", "/out/x.eif")
    assert (done.status, done.err) == (0, ""), done
    before = (root / "out" / "x.eif").read_bytes()
    assert run(*argv, "--memory", "1", "--", "/bin/prog").status == 4
    assert os.listdir(root / "out") == ["x.eif"]
    assert (root / "out" / "x.eif").read_bytes() == before
