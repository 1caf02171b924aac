"""Images in the forms of others (squashfs, cpio, OCI layout): the readers of
these forms see the very tree that was planned, and the same tree gives the
same bytes."""

import hashlib
import json
import os
import pathlib
import signal
import stat
import subprocess

import pytest

import treeimage
from conftest import BUILD, ordinary_user, run
from treeimage import (MTIME, Node, environment, one_processor_few_files,
                       small, start_slow, written)

root_only = pytest.mark.skipif(os.geteuid() != 0,
                               reason="needs root: owners, devices, mounts")

FORMS = ["cpio", "squashfs", "oci"]

DIRECTORY_TIMES = (stat.S_IFDIR, stat.S_IFLNK)


def target(scratch, form, name="image"):
    """The output that names a form."""
    return f"oci:{scratch}/{name}" if form == "oci" else scratch / f"{name}.{form}"


def bytes_of(output):
    """{path: mode, time and bytes} of what was written; the time of a layout
    alone, files have that of their making."""
    base = pathlib.Path(str(output).removeprefix("oci:"))
    paths = [base, *base.rglob("*")] if base.is_dir() else [base]
    return {str(path.relative_to(base)):
            (oct(path.stat().st_mode),
             path.stat().st_mtime if base.is_dir() else None,
             path.read_bytes() if path.is_file() else None)
            for path in paths}


def digest_of(output):
    digest = hashlib.sha256()
    for name, (mode, _, data) in sorted(bytes_of(output).items()):
        digest.update(f"{name} {mode}\n".encode() + (data or b""))
    return digest.hexdigest()


# What is in a released image must never change for the same tree.  Squashfs is
# compressed by libzstd, so its bytes are those of one version.
ZSTD = "1.5.4"
GOLDEN = {
    "cpio": "0eda9722459e03a1873b86deb59bf4c5a89affc334a4e0b50ab4e54975f4ed90",
    "oci": "68331b18ae83c2ae03257141861709572d6a66d172e4ad183407d0b58f72c8d9",
    "squashfs": "082efc4228881ba4b53fcd3ffd006c1844951c0369b9ea5d3e1b3a18700bacc7",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_small_tree_has_the_digest_it_always_had(form, scratch):
    if form == "squashfs" and f"v{ZSTD}" not in run("zstd", "--version").out:
        pytest.skip(f"the digest is that of zstd {ZSTD}")
    output = target(scratch, form)
    identity = written(small(scratch), output, mtime=MTIME)
    assert identity == written(small(scratch), scratch / "image.tar",
                               mtime=MTIME)
    assert digest_of(output) == GOLDEN[form]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_says_nothing_of_where_and_when(form, scratch):
    """Nor of how many processors there were."""
    with open(scratch / "zeros", "wb") as file:
        file.truncate(3 << 20)
    nodes = treeimage.oddities(scratch, 500) + [
        Node("f", b"/second", file="/bin/bash"),
        Node("f", b"/third", file=str(scratch / "zeros")),
        Node("f", b"/twice", file="/bin/bash")]
    output = target(scratch, form)
    written(nodes, output)
    data = bytes_of(output)
    surroundings = [
        {"umask": 0o077, "cwd": "/",
         "env": environment("C", TZ="Pacific/Auckland", HOME="/", USER="u")},
        {"preexec_fn": one_processor_few_files,
         "env": environment(TZ="", SOURCE_DATE_EPOCH="7")},
        {}, {},
    ]
    for number, around in enumerate(surroundings):
        other = target(scratch, form, f"other-name-{number}")
        written(nodes, other, **around)
        assert list(bytes_of(other).values()) == list(data.values()), around


# Squashfs

def mount_squashfs(image, at):
    at.mkdir()
    done = run("mount", "-t", "squashfs", "-o", "ro,loop", image, at)
    assert done.status == 0, done


@root_only
@pytest.mark.parametrize("many", [50, 5000, 30000])
def test_the_mounted_squashfs_is_the_tree(many, scratch):
    nodes = treeimage.oddities(scratch, many)
    image, at = scratch / "image.squashfs", scratch / "at"
    written(nodes, image, mtime=MTIME)
    mount_squashfs(image, at)
    try:
        found = treeimage.seen(at, of_image=True)
        assert len(os.listdir(at / "many")) == many
    finally:
        run("umount", at)
    assert found == treeimage.expected(nodes, MTIME, of_image=True)
    assert image.stat().st_size % 4096 == 0


@root_only
def test_unsquashfs_reads_what_the_kernel_reads(scratch):
    nodes = treeimage.oddities(scratch, 1000)
    image, to = scratch / "image.squashfs", scratch / "to"
    written(nodes, image, mtime=MTIME)
    done = run("unsquashfs", "-no-progress", "-d", to, image,
               env=environment(), text=False)
    assert (done.status, done.err) == (0, b""), done
    assert treeimage.seen(to) == treeimage.expected(nodes, MTIME)
    shown = run("unsquashfs", "-s", image).out
    assert "Compression zstd" in shown
    assert "Filesystem is not exportable via NFS" in shown


@root_only
def test_squashfs_keeps_file_capabilities(scratch):
    image, at = scratch / "image.squashfs", scratch / "at"
    written([Node("d", b"/", 0o755), Node("h", b"/z", target=b"/ping"),
             Node("f", b"/ping", 0o755, text=b"x", caps="cap_net_raw")], image)
    mount_squashfs(image, at)
    try:
        assert run("getcap", at / "z").out.endswith(" cap_net_raw=ep\n")
        assert (at / "z").stat().st_nlink == 2
    finally:
        run("umount", at)


def test_squashfs_and_cpio_end_in_2106(scratch):
    for form in ("squashfs", "cpio"):
        output = target(scratch, form)
        done = treeimage.write(small(scratch), output, mtime=2**32)
        assert done.status == 2
        assert b"has no room for times after 2106" in done.err
        assert os.listdir(scratch) == []
        written(small(scratch), output, mtime=2**32 - 1)
        output.unlink()


@pytest.mark.parametrize("node, words", [
    (Node("f", b"etc/x"), 'path "etc/x": it must begin with /'),
    (Node("f", b""), 'path "": it must begin with /'),
    (Node("h", b"/x", target=b"y"), '/x: its target "y" must begin with /')])
def test_tree_image_refuses_paths_that_are_not_absolute(node, words, scratch):
    done = treeimage.write([Node("d", b"/", 0o755), node], scratch / "x.tar")
    assert done.status == 2 and words in done.err.decode(), done
    assert os.listdir(scratch) == []


# cpio

CPIO_READERS = {
    "gnu": ["cpio", "-idm", "--quiet", "-D"],
    "bsd": ["bsdtar", "-xpf-", "-C"],
}


@root_only
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize("reader", CPIO_READERS)
def test_readers_extract_the_cpio(reader, locale, scratch):
    nodes = treeimage.oddities(scratch, 1000) + [
        Node("f", b"/hollow", text=b""), Node("h", b"/hollow2",
                                              target=b"/hollow")]
    image, to = scratch / "image.cpio", scratch / "to"
    to.mkdir()
    written(nodes, image, mtime=MTIME)
    done = run(*CPIO_READERS[reader], to, input=image.read_bytes(),
               text=False, env=environment(locale))
    assert (done.status, done.err) == (0, b""), done

    def no_time(kind, path):
        # cpio sets none of directories with new members, nor of links
        return path == b"/" or (reader == "gnu" and kind in DIRECTORY_TIMES)
    assert treeimage.seen(to, no_time) == treeimage.expected(nodes, MTIME,
                                                             no_time)


def parse_cpio(data):
    """[(name, {field: value}, body)], by the kernel's words on the format."""
    fields = ("ino mode uid gid nlink mtime filesize major minor rmajor rminor "
              "namesize check").split()
    at, out = 0, []
    while True:
        assert data[at:at + 6] == b"070701"
        head = {name: int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16)
                for i, name in enumerate(fields)}
        end = at + 110 + head["namesize"]
        name = data[at + 110:end]
        assert name.endswith(b"\0")
        body = (end + 3) // 4 * 4
        assert not data[end:body].strip(b"\0")
        at = (body + head["filesize"] + 3) // 4 * 4
        assert not data[body + head["filesize"]:at].strip(b"\0")
        if name == b"TRAILER!!!\0":
            assert len(data) % 512 == 0 and not data[at:].strip(b"\0")
            return out
        out.append((name[:-1], head, data[body:body + head["filesize"]]))


def test_a_cpio_is_what_the_kernel_unpacks(scratch):
    nodes = treeimage.oddities(scratch, 100)
    written(nodes, scratch / "image.cpio", mtime=MTIME)
    members = parse_cpio((scratch / "image.cpio").read_bytes())
    assert len(members) == len(nodes)
    seen, inodes = set(), {}
    for name, head, body in members:
        path = b"/" if name == b"." else b"/" + name
        above = path.rpartition(b"/")[0] or b"/"
        assert path == b"/" or above in seen  # the kernel makes none
        if stat.S_ISDIR(head["mode"]):
            seen.add(path)
        inodes.setdefault(head["ino"], []).append((path, head, body))
        assert (head["major"], head["minor"], head["check"]) == (0, 0, 0)
        assert head["mtime"] == MTIME
    for names in inodes.values():
        links = names[0][1]["nlink"]
        if not stat.S_ISDIR(names[0][1]["mode"]):
            assert links == len(names)
            assert not any(body for _, _, body in names[:-1])
    assert [sorted(path for path, _, _ in names) for names in inodes.values()
            if len(names) > 1] == [[b"/a", b"/z/again", b"/zz-hard"],
                                   [b"/deep/" + b"d" * 60 + b"/" + b"e" * 60 +
                                    b"/" + b"g" * 101, b"/z/hard"],
                                   [b"/order-z", b"/order/early",
                                    b"/order/late"]]


def test_a_pipe_gets_the_same_cpio(scratch):
    written(small(scratch), scratch / "image.cpio")
    done = treeimage.write(small(scratch), "-", "cpio")
    assert done.out == (scratch / "image.cpio").read_bytes()


@pytest.mark.parametrize("node,words", [
    (Node("f", b"/TRAILER!!!"), "/TRAILER!!!: the name that ends a cpio"),
    (Node("f", b"/c", caps="cap_chown"), "/c: file capabilities, which cpio"),
    (Node("l", b"/l", target=b"t" * 4096), "/l: a link's target too long"),
    (Node("f", b"/" + b"n" * 256), "n...: a name of more than 255 bytes"),
])
def test_what_cpio_cannot_hold_is_refused(node, words, scratch):
    done = treeimage.write([Node("d", b"/", 0o755), node],
                           scratch / "image.cpio")
    assert done.status == 3
    assert words.encode() in done.err
    assert b"; write a .tar or .squashfs" in done.err
    assert os.listdir(scratch) == []


def test_a_file_of_4_gib_is_no_cpio_and_one_byte_less_is(scratch):
    sparse = scratch / "sparse"
    with open(sparse, "wb") as file:
        file.truncate(1 << 32)
    nodes = [Node("d", b"/", 0o755), Node("f", b"/f", file=str(sparse))]
    done = treeimage.write(nodes, scratch / "image.cpio")
    assert done.status == 3 and b"/f: 4 GiB or more" in done.err
    os.truncate(sparse, (1 << 32) - 1)
    with subprocess.Popen([treeimage.TOOL, "-", "cpio"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=environment(NO_IDENTITY="1")) as writer:
        writer.stdin.write(treeimage.describe(nodes))
        writer.stdin.close()
        head = writer.stdout.read(1 << 16)
        writer.stdout.close()
        assert writer.wait() == -signal.SIGPIPE
    assert b"FFFFFFFF" in head[110:300]


# OCI

def blob(layout, descriptor):
    digest = descriptor["digest"].removeprefix("sha256:")
    data = (layout / "blobs" / "sha256" / digest).read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest
    assert len(data) == descriptor["size"]
    return data


def test_an_oci_layout_is_whole(scratch):
    identity = written(small(scratch), f"oci:{scratch}/image")
    layout = scratch / "image"
    assert json.loads((layout / "oci-layout").read_text()) == {
        "imageLayoutVersion": "1.0.0"}
    index = json.loads((layout / "index.json").read_text())
    assert index["manifests"][0]["annotations"] == {
        "org.opencontainers.image.ref.name": "latest"}
    manifest = json.loads(blob(layout, index["manifests"][0]))
    config = json.loads(blob(layout, manifest["config"]))
    layer = blob(layout, manifest["layers"][0])
    assert config["rootfs"]["diff_ids"] == [f"sha256:{identity}"]
    written(small(scratch), scratch / "image.tar")
    assert layer == (scratch / "image.tar").read_bytes()
    assert len(list((layout / "blobs" / "sha256").iterdir())) == 3
    assert {time for _, time, _ in bytes_of(layout).values()} == {0}


@root_only
def test_umoci_unpacks_the_tree(scratch):
    nodes = treeimage.oddities(scratch, 1000)
    written(nodes, f"oci:{scratch}/image", mtime=MTIME)
    done = run("umoci", "unpack", "--image", f"{scratch}/image:latest",
               scratch / "bundle")
    assert (done.status, done.err) == (0, ""), done
    assert (treeimage.seen(scratch / "bundle" / "rootfs") ==
            treeimage.expected(nodes, MTIME))


@root_only
def test_skopeo_copies_it_into_a_store_and_back(scratch):
    """The way of podman and its like: what comes back is the same layer."""
    nodes = treeimage.oddities(scratch, 500)
    identity = written(nodes, f"oci:{scratch}/image", mtime=MTIME)
    store = f"containers-storage:[vfs@{scratch}/store+{scratch}/run]x:y"
    for source, to in ((f"oci:{scratch}/image", f"dir:{scratch}/dir"),
                       (f"oci:{scratch}/image:latest", store),
                       (store, f"dir:{scratch}/again")):
        done = run("skopeo", "--insecure-policy", "copy", source, to)
        assert (done.status, done.err) == (0, ""), done
    for place in ("dir", "again"):
        data = (scratch / place / identity).read_bytes()
        assert hashlib.sha256(data).hexdigest() == identity
    layer, = (scratch / "store" / "vfs" / "dir").iterdir()
    assert (treeimage.seen(layer, lambda kind, path: path == b"/") ==
            treeimage.expected(nodes, MTIME, lambda kind, path: path == b"/"))


@pytest.fixture
def podman(scratch):
    """podman(words...) with all that it keeps below scratch."""
    (scratch / "podman").mkdir()
    (scratch / "podman/conf").write_text('[engine]\nlock_type = "file"\n')
    (scratch / "podman/policy").write_text(
        '{"default": [{"type": "insecureAcceptAnything"}]}')
    words = ["podman", "--root", scratch / "podman/root", "--runroot",
             scratch / "podman/run", "--tmpdir", scratch / "podman/tmp",
             "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs",
             "--events-backend", "none"]
    env = dict(os.environ, CONTAINERS_CONF=str(scratch / "podman/conf"))

    def call(*argv):
        # podman makes a name of a path, in which not every one is allowed
        done = run(*words, *argv, env=env, cwd=scratch)
        assert done.status == 0, done
        return done.out.strip()

    yield call
    call("rmi", "--all", "--force")


@root_only
@pytest.mark.skipif(not os.path.exists("/proc/self/exe"),
                    reason="podman executes itself again, by /proc")
def test_podman_takes_it_for_its_own(scratch, podman):
    """Pulled, shown, unpacked, and a container made of it, which is not run."""
    nodes = treeimage.oddities(scratch, 500)
    identity = written(nodes, f"oci:{scratch}/image", mtime=MTIME)
    policy = ("--signature-policy", scratch / "podman/policy")
    name = podman("pull", "--quiet", *policy, "oci:image:latest")
    shown, = json.loads(podman("image", "inspect", name))
    assert shown["RootFS"]["Layers"] == [f"sha256:{identity}"]
    assert shown["Config"]["User"] == "65534:65534"
    assert (shown["Os"], shown["Architecture"] != "") == ("linux", True)
    place = pathlib.Path(podman("image", "mount", name))
    assert (treeimage.seen(place, lambda kind, path: path == b"/") ==
            treeimage.expected(nodes, MTIME, lambda kind, path: path == b"/"))
    podman("image", "unmount", name)
    assert len(podman("create", "--network", "none", name, "/bin/x")) == 64


MANIFEST = ('bash\nuser me uid=1000\nrun-as me\nworkdir /tmp\nenv "A=b c"\n'
            'env D=\nentry bash -c "echo \\"x\\"; exit"\n')


@pytest.mark.parametrize("text,config", [
    (MANIFEST, {"User": "me", "WorkingDir": "/tmp", "Env": ["A=b c", "D="],
                "Entrypoint": ["bash", "-c", 'echo "x"; exit']}),
    ("bash\n", {"User": "65534:65534", "Env": []}),
])
def test_launch_settings_are_in_the_configuration(text, config, scratch):
    (scratch / "m.txt").write_text(text)
    done = run(BUILD / "jailbuild", "m.txt", "-o", "oci:image", cwd=scratch)
    assert (done.status, done.out, done.err) == (0, "", ""), done
    done = run("skopeo", "inspect", "--config", f"oci:{scratch}/image")
    assert done.status == 0, done
    shown = json.loads(done.out)
    assert shown["created"] == "1970-01-01T00:00:00Z"
    assert shown["os"] == "linux"
    assert shown["architecture"] == {"x86_64": "amd64", "aarch64": "arm64"}[
        os.uname().machine]
    index = json.loads((scratch / "image" / "index.json").read_text())
    manifest = json.loads(blob(scratch / "image", index["manifests"][0]))
    real = json.loads(blob(scratch / "image", manifest["config"]))
    assert real["config"] == config


def elf_header(machine, is_big=False):
    order = "big" if is_big else "little"
    return (b"\x7fELF" + bytes([2, 2 if is_big else 1, 1]) + bytes(9) +
            (3).to_bytes(2, order) + machine.to_bytes(2, order) + bytes(60))


@pytest.mark.parametrize("machine,is_big,name", [
    (62, False, "amd64"), (183, False, "arm64"), (22, True, "s390x"),
    (21, False, "ppc64le"), (9999, False, "amd64")])
def test_the_architecture_is_that_of_the_programs(machine, is_big, name,
                                                  scratch):
    program = scratch / "program"
    program.write_bytes(elf_header(machine, is_big))
    (scratch / "script").write_text("#!/bin/sh\n" + "x" * 100)
    written([Node("d", b"/", 0o755),
             Node("f", b"/a", file=str(scratch / "script")),
             Node("f", b"/b", file=str(program))], f"oci:{scratch}/image")
    done = run("skopeo", "inspect", f"oci:{scratch}/image")
    assert json.loads(done.out)["Architecture"] == name, done


def test_a_layout_is_made_by_format_or_prefix_by_any_user(scratch):
    place = scratch / "place"
    place.mkdir()
    place.chmod(0o777)
    (scratch / "m.txt").write_text("bash\n")
    for output, options in (("oci:place/a", []),
                            ("place/b", ["--format", "oci"]),
                            ("oci:place/c/", ["--format", "oci"])):
        done = run(BUILD / "jailbuild", "m.txt", *options, "-o", output,
                   cwd=scratch,
                   **ordinary_user() if os.geteuid() == 0 else {})
        assert (done.status, done.err) == (0, ""), done
    assert sorted(os.listdir(place)) == ["a", "b", "c"]
    assert bytes_of(place / "a") == bytes_of(place / "b")
    assert stat.S_IMODE((place / "a").stat().st_mode) == 0o755


def test_a_layout_is_never_replaced_and_a_killed_one_is_removed(scratch):
    place = scratch / "image"
    writer, sparse = start_slow(scratch, f"oci:{place}")
    writer.kill()
    writer.communicate()
    sparse.unlink()
    assert sorted(os.listdir(scratch)) == [".image.partial", "tree"]
    written(small(scratch), f"oci:{place}")
    before = bytes_of(place)
    done = treeimage.write([Node("d", b"/", 0o755)], f"oci:{place}")
    assert done.status == 2
    assert b"exists and is not empty; remove it first" in done.err
    assert bytes_of(place) == before
    assert sorted(os.listdir(scratch)) == ["image", "tree"]


# The option

@pytest.mark.parametrize("form", ["cpio", "squashfs", "dir"])
def test_no_index_is_for_tars_alone(form, scratch):
    (scratch / "m.txt").write_text("bash\n")
    done = run(BUILD / "jailbuild", "m.txt", "--no-index", "--format", form,
               "-o", "image", cwd=scratch)
    assert done.status == 2
    assert f"--no-index: an image of format {form} has none" in done.err
    assert os.listdir(scratch) == ["m.txt"]


@pytest.mark.parametrize("form", ["cpio", "squashfs"])
def test_a_file_that_changes_is_named(form, scratch):
    place = scratch / "place"
    place.mkdir()
    writer, sparse = start_slow(scratch, place / "image", form)
    os.truncate(sparse, 1 << 20)
    writer.send_signal(signal.SIGCONT)
    _, words = writer.communicate()
    assert writer.returncode == 4, words
    assert f"{sparse}: changed".encode() in words
    assert os.listdir(place) == []
