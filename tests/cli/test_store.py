"""The store: a compressed image is decompressed once, whole or not at all,
by whoever may; nothing that is doubtful comes into it."""

import concurrent.futures
import gzip
import hashlib
import json
import lzma
import os
import pathlib
import random
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest

import tars
from conftest import BUILD, COLUMN, IS_SANITIZED, ordinary_user, run, \
    shared_once
from jailroot import busybox_root, refuses
from processes import eventually

LAUNCH = BUILD / "jaillaunch"
ENTRY = re.compile(r"[0-9a-f]{64}\.tar")
MIB = 1 << 20

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="the store is root's")


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, check=True,
                          stdout=subprocess.PIPE).stdout


def gz(data):
    return gzip.compress(data, 1)


def xz(data):
    return lzma.compress(data, preset=0)


PACKERS = {"zst": zstd, "gz": gz, "xz": xz}


def base_tar():
    """A root with busybox and some ballast, as a plain tar."""
    def make(path):
        subprocess.run(["tar", "--format=ustar", "--numeric-owner", "-C",
                        busybox_root(), "-cf", path, "."], check=True)
        data = path.read_bytes().rstrip(b"\0")
        data += bytes(-len(data) % 512)
        noise = random.Random(1).randbytes(6 * MIB)
        path.write_bytes(data + tars.file("noise", noise) + tars.END)
    return shared_once("store-base.tar", make)


def base_zst():
    return shared_once("store-base.tar.zst", lambda path: path.write_bytes(
        zstd(base_tar().read_bytes())))


def settle():
    """A file that was changed a moment ago is not remembered."""
    time.sleep(0.15)


@pytest.fixture
def image(scratch):
    path = scratch / "x.tar.zst"
    shutil.copy(base_zst(), path)
    settle()
    return path


@pytest.fixture
def store(scratch):
    return scratch / "store"


def launch(store, image, *options, program=("true",), **kw):
    """Result, and what the report says of the store."""
    report = image.parent / "report"
    report.unlink(missing_ok=True)
    done = run(LAUNCH, "--store", store, "-i", image, "-u", "jailuser",
               "--report", report, *options, "--", *program, **kw)
    root = json.loads(report.read_text()).get("root") or {}
    return done, root.get("store")


def works(store, image, *options, **kw):
    done, said = launch(store, image, *options, **kw)
    assert done.status == 0 and done.err == "", done
    return said


def entries(store):
    return sorted(name for name in os.listdir(store) if ENTRY.fullmatch(name))


def links(store):
    return sorted(name for name in os.listdir(store)
                  if name.startswith("from-"))


def check(store):
    """Every entry is what its name says, and nothing unfinished is there."""
    for name in os.listdir(store):
        path = store / name
        if ENTRY.fullmatch(name):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert name == digest + ".tar"
            st = path.lstat()
            assert stat.S_IMODE(st.st_mode) == 0o444 and st.st_uid == 0
        else:
            assert name == "lock" or name.startswith("from-"), name


# --- once

@pytest.mark.parametrize("suffix", PACKERS)
def test_an_image_is_decompressed_once(scratch, store, suffix):
    plain = base_tar().read_bytes()
    image = scratch / f"x.tar.{suffix}"
    image.write_bytes(PACKERS[suffix](plain) if suffix != "zst"
                      else base_zst().read_bytes())
    settle()
    first = works(store, image)
    assert first == {"used": True, "filled": True, "bytes": len(plain),
                     "sha256": hashlib.sha256(plain).hexdigest()}
    assert works(store, image) == dict(first, filled=False)
    assert entries(store) == [first["sha256"] + ".tar"]
    assert len(links(store)) == 1
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    check(store)


@pytest.mark.parametrize("missing", [
    "namespaces:0x20000000", "move_mount,mount,unshare"])
def test_a_launch_that_had_to_be_tried_again_filled_it_all_the_same(
        store, image, missing):
    """What it lacks shows when its process is made; the store was filled at
    the first attempt, and had what is wanted at the second."""
    for is_new in (True, False):
        done = run(BUILD / "tools/without", f"{missing}=EPERM", LAUNCH,
                   "--store", store, "-i", image, "-u", "jailuser", "--report",
                   image.parent / "report", "--", "true")
        assert done.status == 0 and done.err == "", done
        report = json.loads((image.parent / "report").read_text())
        assert report["root"]["store"]["filled"] is is_new, report["root"]


def traced(store, image, *options):
    """A launch under strace."""
    # a sanitizer looks for leaks by ptrace, which has only one user
    return run("strace", *options, LAUNCH, "--store", store, "-i", image, "-u",
               "1000", "--", "true")


def helpers_started(store, image):
    """What jail-unpack was asked for in a launch."""
    trace = image.parent / "trace"
    done = traced(store, image, "-f", "-e", "trace=execve", "-s", "200", "-o",
                  trace)
    assert done.status == 0, done
    return re.findall(r'"jail-unpack", "\d+"(?:, "(\w+)")?\]',
                      trace.read_text())


def test_the_second_launch_starts_no_decompressor(store, image):
    assert helpers_started(store, image)[0] == "plain"
    assert "plain" not in helpers_started(store, image)


def test_the_same_tar_from_another_file_is_one_entry(scratch, store, image):
    other = scratch / "y.tar.gz"
    other.write_bytes(gz(base_tar().read_bytes()))
    settle()
    first, second = works(store, image), works(store, other)
    assert second["sha256"] == first["sha256"]
    assert len(entries(store)) == 1 and len(links(store)) == 2


def test_the_program_sees_the_image(store, image):
    for _ in range(2):
        done, _ = launch(store, image, program=("cat", "/etc/passwd"))
        assert done.out == (busybox_root() / "etc/passwd").read_text()


def test_twenty_launchers_decompress_once(scratch, store, image):
    def one(number):
        report = scratch / f"report{number}"
        done = run(LAUNCH, "--store", store, "-i", image, "-u", "jailuser",
                   "--report", report, "--", "true", timeout=300)
        return done, json.loads(report.read_text())["root"]["store"]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        results = list(pool.map(one, range(20)))
    assert all(done.status == 0 and done.err == "" for done, _ in results), \
        results
    assert [said["filled"] for _, said in results].count(True) == 1
    assert all(said["used"] for _, said in results)
    assert len(entries(store)) == 1
    check(store)


# --- a changed file

def repack(image, *members):
    """Another image in the same file, with its times."""
    before = image.stat()
    image.write_bytes(zstd(tars.tar(*members)))
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    settle()


def test_a_changed_file_is_another_image(scratch, store):
    image = scratch / "x.tar.zst"
    image.write_bytes(b"")
    seen = set()
    for data in (b"one", b"two", b"one"):
        repack(image, tars.file("f", data))
        launch(store, image)  # there is nothing to run in it
        seen.add(hashlib.sha256(tars.tar(tars.file("f", data))).hexdigest())
        assert entries(store) == sorted(digest + ".tar" for digest in seen)
    assert len(entries(store)) == 2 and len(links(store)) == 3
    check(store)


@pytest.mark.needs("ns-cgroup")
def test_what_was_changed_a_moment_ago_is_not_remembered(scratch, store):
    image = scratch / "x.tar.zst"
    for _ in range(10):
        shutil.copy(base_zst(), image)
        born = time.time()
        done = run(LAUNCH, "--store", store, "-i", image, "-u", "jailuser",
                   "--", "true")
        assert done.status == 0, done
        st = image.stat()
        if not links(store):
            break
        # so slow that the launch began 100 ms after the change
        assert time.time() - born > 0.1 and st.st_ctime >= born - 0.02
        run(LAUNCH, "store", "prune", "--store", store)
    assert not links(store) and len(entries(store)) == 1
    settle()
    works(store, image)
    assert len(links(store)) == 1


# --- killed at any moment

def test_sigkill_leaves_nothing_half_made(scratch, store, image):
    argv = [LAUNCH, "--store", store, "-i", image, "-u", "jailuser", "--",
            "true"]
    start = time.monotonic()
    assert run(*argv).status == 0
    took = time.monotonic() - start
    clock = random.Random(7)
    n_unfinished = 0
    for _ in range(40):
        run(LAUNCH, "store", "prune", "--all", "--store", store)
        child = subprocess.Popen([str(arg) for arg in argv],
                                 start_new_session=True)
        # more of them early: alone it is quicker than it was beside others
        time.sleep(clock.uniform(0, 1) ** 2 * took)
        child.kill()
        child.wait()
        for name in entries(store):
            digest = hashlib.sha256((store / name).read_bytes()).hexdigest()
            assert name == digest + ".tar"
        n_unfinished += not entries(store)
    works(store, image)
    check(store)
    assert n_unfinished > 0, "no kill came early enough to show anything"


@pytest.fixture
def small_store(store):
    """Of one MiB."""
    store.mkdir(0o700)
    done = run("mount", "-t", "tmpfs", "-o", "size=1M,mode=0700", "none",
               store)
    if done.status != 0:
        pytest.skip("mounting is not allowed here: " + done.err)
    yield store
    run("umount", "-l", store)


def test_a_full_store_is_gone_without(small_store, image):
    said = works(small_store, image)
    assert said["used"] is False
    assert "No space left on device" in said["why_not"]
    assert os.listdir(small_store) == ["lock"]


@pytest.mark.parametrize("call", ["linkat", "fsync", "fchmod", "symlinkat"])
def test_a_fault_leaves_nothing_unfinished(store, image, call):
    done = traced(store, image, "-o", "/dev/null", "-e",
                  f"inject={call}:error=EIO")
    assert done.status in (0, 125), done
    check(store)
    works(store, image)
    check(store)


@pytest.mark.needs("root")
def test_an_image_that_is_written_to_while_it_is_read(store, image):
    """The bytes are the old ones here, so that only the times can tell."""
    trace = image.parent / "trace"
    with subprocess.Popen(
            ["strace", "-f", "-o", trace, "-e", "trace=read", "-e",
             "inject=read:delay_enter=500000:when=1", LAUNCH, "--store",
             store, "-i", image, "-u", "1000", "--", "true"],
            stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0")) as launcher:
        assert eventually(lambda: trace.exists() and "read(0" in
                          trace.read_text())
        with open(image, "r+b") as file:
            byte = file.read(1)
            file.seek(0)
            file.write(byte)
        err = launcher.communicate(timeout=60)[1]
    assert launcher.returncode == 125, err
    assert err == f"jaillaunch: {image}: changed while it was read\n"
    assert os.listdir(store) == ["lock"]


# Without O_TMPFILE: the entry has another name until it is whole.

def test_without_unnamed_files(store, image):
    trace = image.parent / "trace"
    traced(store, image, "-e", "trace=openat", "-o", trace)
    opens = re.findall(r"^openat\(.*", trace.read_text(), re.M)
    when = next(i for i, line in enumerate(opens, 1) if "O_TMPFILE" in line)
    shutil.rmtree(store)
    done = traced(store, image, "-e", "trace=openat,renameat", "-o", trace,
                  "-e", f"inject=openat:error=EOPNOTSUPP:when={when}")
    assert done.status == 0, done
    assert "(INJECTED)" in trace.read_text()
    assert re.search(r'renameat\(\d+, "partial-[0-9a-f]+",',
                     trace.read_text())
    assert len(entries(store)) == 1
    check(store)


def test_what_a_killed_launcher_left_is_swept(store, image):
    store.mkdir(0o700)
    (store / "partial-0123456789abcdef").write_bytes(b"half")
    (store / ".nowhere-123").mkdir()
    works(store, image)
    check(store)
    (store / "partial-0123456789abcdef").write_bytes(b"half")
    (store / ".nowhere-123").mkdir()
    assert run(LAUNCH, "store", "prune", "--store", store).status == 0
    assert os.listdir(store) == ["lock"]


# --- images that nobody should trust

@pytest.mark.parametrize("what", ["owner", "group writes", "others write",
                                  "open for writing", "directory"])
def test_an_untrusted_image_never_enters_the_store(scratch, store, image,
                                                   what):
    held = None
    if what == "owner":
        os.chown(image, 1000, 1000)
    elif what == "open for writing":
        held = open(image, "r+b")
    elif what == "directory":
        place = scratch / "open"
        place.mkdir()
        image = pathlib.Path(shutil.copy(image, place / "x.tar.zst"))
        place.chmod(0o777)
    else:
        image.chmod(0o664 if what == "group writes" else 0o646)
    settle()
    said = works(store, image)
    assert said["used"] is False and said["why_not"].startswith(
        f"{image.parent if what == 'directory' else image} "), said
    assert not store.exists()
    if held:
        held.close()


def damaged(store, image, words):
    done, _ = launch(store, image)
    assert done.status == 125 and done.out == "", done
    assert done.err.count("\n") == 1 and str(image) in done.err, done
    assert words in done.err, done
    assert not entries(store) and not links(store)
    check(store)


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_truncated_image_is_refused(scratch, store, suffix):
    image = scratch / f"x.tar.{suffix}"
    data = PACKERS[suffix](tars.tar(tars.file("f", bytes(range(256)) * 99)))
    image.write_bytes(data[:-9])
    damaged(store, image, "it is cut off")


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_flipped_bit_is_refused(scratch, store, suffix):
    image = scratch / f"x.tar.{suffix}"
    noise = random.Random(2).randbytes(5000)
    data = bytearray(PACKERS[suffix](noise))
    data[len(data) // 2] ^= 1
    image.write_bytes(data)
    if suffix == "zst":  # raw blocks; its checksum tells
        image.write_bytes(subprocess.run(
            ["zstd", "-q", "-c", "--check"], input=noise, check=True,
            stdout=subprocess.PIPE).stdout[:-1] + b"\0")
    damaged(store, image, "damaged ")


def test_bytes_behind_the_packed_data_are_refused(scratch, store):
    image = scratch / "x.tar.gz"
    image.write_bytes(gzip.compress(tars.tar()) + b"more")
    damaged(store, image, "damaged gzip data")


def test_a_bomb_is_refused(scratch, store):
    image = scratch / "x.tar.zst"
    with open(image, "wb") as out:
        head = subprocess.Popen(["head", "-c", str(400 * MIB), "/dev/zero"],
                                stdout=subprocess.PIPE)
        subprocess.run(["zstd", "-q", "-c"], stdin=head.stdout, stdout=out,
                       check=True)
        assert head.wait() == 0
    damaged(store, image, "more than 200 bytes of content for each byte")


def test_a_hostile_tar_is_refused_also_from_the_store(scratch, store):
    image = scratch / "x.tar.gz"
    image.write_bytes(gzip.compress(tars.tar(tars.file("../evil", b"x"))))
    settle()
    for _ in range(2):
        done, _ = launch(store, image)
        assert done.status == 125 and '".." in a path' in done.err, done
    check(store)


def test_a_plain_tar_needs_no_store(scratch, store):
    image = scratch / "x.tar"
    shutil.copy(base_tar(), image)
    said = works(store, image)
    assert said == {"used": False, "why_not": "the image is not compressed"}
    assert not store.exists()


# --- a helper that was taken over by the image

@pytest.fixture
def subverted(scratch, store):
    """launch(records): those are what the helper says."""
    place = scratch / "bin"
    place.mkdir()
    shutil.copy(LAUNCH, place / "jaillaunch")
    shutil.copy(BUILD / "tools" / "liar", place / "jail-unpack")
    image = scratch / "x.tar.zst"

    def start(records):
        image.write_bytes(b"\x28\xb5\x2f\xfd" + records)
        settle()
        done = run(place / "jaillaunch", "--store", store, "-i", image, "-u",
                   "1000", "--", "true")
        assert done.status == 125 and done.err.count("\n") == 1, done
        check(store)
        return done.err
    return start


DATA = tars.record("DATA", data=b"x" * 1000)
LIES = {
    "wrong total": (DATA + tars.record("END", size=999), "totals are wrong"),
    # the store's failure, so unpacking is tried, with the same words
    "no end": (DATA, "data without a file"),
    "cut off": (DATA[:-1], "data without a file"),
    "a member": (tars.record("FILE", path=b"f", number=1), "it is no data"),
    "no bytes": (tars.record("DATA"), "it is no data"),
    "more": (DATA + tars.record("END", size=1000) + b"x",
             "something follows the end"),
    "nonsense": (b"x" * 100, "it has no magic number"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_helper_that_lies_is_not_believed(store, subverted, lie):
    records, words = LIES[lie]
    assert words in subverted(records)
    assert not entries(store) and not links(store)


def test_the_digest_is_computed_by_the_launcher(store, subverted):
    subverted(DATA + tars.record("END", size=1000, path=b"0" * 64))
    assert entries(store) == [hashlib.sha256(b"x" * 1000).hexdigest() +
                              ".tar"]


# --- entries that cannot be trusted are made anew

def spoil_owner(entry):
    os.chown(entry, 1000, 1000)


def spoil_mode(entry):
    entry.chmod(0o644)


def spoil_content(entry):
    with open(entry, "r+b") as file:
        file.write(b"EVIL")


def spoil_size(entry):
    os.truncate(entry, 512)


def spoil_kind(entry):
    entry.unlink()
    entry.symlink_to("/etc/passwd")


@pytest.mark.parametrize("spoil", [spoil_owner, spoil_mode, spoil_content,
                                   spoil_size, spoil_kind])
def test_an_entry_that_was_touched_is_not_used(store, image, spoil):
    works(store, image)
    entry, = entries(store)
    spoil(store / entry)
    assert works(store, image)["filled"] is True
    assert works(store, image)["filled"] is False
    check(store)


def test_a_file_put_there_under_a_digest_is_not_used(store, image):
    digest = works(store, image)["sha256"]
    entry = store / (digest + ".tar")
    entry.unlink()
    shutil.copy(base_tar(), entry)
    with open(entry, "ab") as file:
        file.write(bytes(512))
    entry.chmod(0o444)
    assert works(store, image)["filled"] is True
    check(store)


@pytest.mark.parametrize("mode, owner", [(0o755, 0), (0o770, 0),
                                         (0o700, 1000)])
def test_a_store_that_is_not_roots_alone_is_refused(store, image, mode,
                                                    owner):
    store.mkdir()
    os.chown(store, owner, 0)
    store.chmod(mode)
    refuses("is not root's alone", "--store", store, "-i", image, "-u", "1000",
            "--", "true")
    refuses("is not root's alone", "store", "list", "--store", store)
    assert os.listdir(store) == []


def test_a_link_is_no_store(scratch, store, image):
    (scratch / "real").mkdir(0o700)
    store.symlink_to("real")
    refuses(f"store {store}: ", "--store", store, "-i", image, "-u", "1000",
            "--", "true")


def test_no_store_on_request(image):
    said = works("none", image)
    assert said == {"used": False, "why_not": "--store none"}


@pytest.mark.needs("root")
def test_the_default_store_may_be_impossible(image):
    """A read-only /var/lib: said in the report, and unpacked."""
    report = image.parent / "report"
    script = ("mount -t tmpfs none /run && mount -t tmpfs -o ro none "
              '/var/lib && exec "$@"')
    done = run("unshare", "-m", "sh", "-c", script, "sh", LAUNCH, "-i", image,
               "-u", "jailuser", "--report", report, "--", "true")
    if "unshare" in done.err or "mount:" in done.err:
        pytest.skip("mounting is not allowed here")
    assert done.status == 0 and done.err == "", done
    said = json.loads(report.read_text())["root"]["store"]
    assert said["used"] is False and "Read-only file system" in said["why_not"]


# --- the verbs

def test_without_a_place_for_pins_there_are_none(scratch):
    """A root without /run, and an ordinary list."""
    if IS_SANITIZED:
        pytest.skip("a sanitized jaillaunch is not static")
    for name in ("proc", "var/lib"):
        (scratch / name).mkdir(parents=True)
    shutil.copy(BUILD / "jaillaunch", scratch / "jaillaunch")
    for words in (("list",), ("list", "--json"), ("prune",)):
        done = run("chroot", scratch, "/jaillaunch", "store", *words)
        if COLUMN or "ld" in done.err:
            pytest.skip("the launcher cannot be moved here")
        assert (done.status, done.err) == (0, ""), done


def listed(store):
    done = run(LAUNCH, "store", "list", "--json", "--store", store)
    assert done.status == 0 and done.err == "", done
    return json.loads(done.out)


def test_list(store, image):
    assert listed(store) == {"store": str(store), "entries": [],
                             "other_pins": []}
    assert not store.exists()
    before = int(time.time())
    said = works(store, image)
    entry, = listed(store)["entries"]
    assert before <= entry.pop("since") <= time.time()
    assert entry == {"sha256": said["sha256"], "bytes": said["bytes"],
                     "images": 1, "in_use": False, "pinned": False}
    done = run(LAUNCH, "store", "list", "--store", store)
    assert re.fullmatch(
        rf"{said['sha256']} +{said['bytes']}  \d{{4}}-\d\d-\d\dT\d\d:\d\d:"
        r"\d\dZ  1 image\n", done.out), done


@pytest.mark.needs("root")
def test_what_is_in_use_stays_unless_all(store, image):
    jail = subprocess.Popen([str(LAUNCH), "--store", str(store), "-i",
                             str(image), "-u", "jailuser", "--", "sh", "-c",
                             "echo ready; read line"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)
    try:
        assert jail.stdout.readline() == b"ready\n"
        assert listed(store)["entries"][0]["in_use"] is True
        assert run(LAUNCH, "store", "prune", "--store", store).status == 0
        assert len(entries(store)) == 1 and len(links(store)) == 1
        done = run(LAUNCH, "store", "prune", "--all", "--store", store)
        assert done.status == 0 and done.out == done.err == "", done
        assert os.listdir(store) == ["lock"]
    finally:
        jail.communicate(b"\n", timeout=60)
    assert jail.returncode == 0
    works(store, image)
    assert listed(store)["entries"][0]["in_use"] is False
    assert run(LAUNCH, "store", "prune", "--store", store).status == 0
    assert os.listdir(store) == ["lock"]


@pytest.fixture
def pinned(store, image):
    """The pin of an entry, as pin.h names it: something is mounted there."""
    works(store, image)
    st = (store / entries(store)[0]).stat()
    pins = pathlib.Path("/run/jailwright/pins")
    listed(store)  # makes that directory
    pin = pins / f"{st.st_dev:x}-{st.st_ino}-{st.st_ctime_ns}-{st.st_size}"
    link = pins / (pin.name + ".of")
    link.symlink_to(store / entries(store)[0])
    pin.mkdir()
    done = run("mount", "-t", "tmpfs", "none", pin)
    yield pin if done.status == 0 else None
    run("umount", "-l", pin)
    link.unlink(missing_ok=True)
    if pin.exists():
        pin.rmdir()


@pytest.mark.needs("our mounts")
def test_what_is_pinned_stays_unless_all(store, image, pinned):
    if not pinned:
        pytest.skip("mounting is not allowed here")
    assert listed(store)["entries"][0]["pinned"] is True
    done = run(LAUNCH, "store", "list", "--store", store)
    assert done.out.endswith("  1 image, pinned\n"), done
    assert run(LAUNCH, "store", "prune", "--store", store).status == 0
    assert len(entries(store)) == 1 and os.path.ismount(pinned)
    # of another store: nothing to us
    other = store.parent / "other"
    other.mkdir(0o700)
    done = run(LAUNCH, "store", "prune", "--all", "--store", other)
    assert done.status == 0 and os.path.ismount(pinned), done
    done = run(LAUNCH, "store", "list")
    assert done.status == 0 and f"{pinned.name} " in done.out, done
    done = run(BUILD / "tools/without", "umount2=EPERM", LAUNCH, "store",
               "prune", "--all", "--store", store)
    assert done.status == 125 and done.err == (
        f"jaillaunch: remove pin {pinned.name}: Operation not permitted\n")
    done = run(LAUNCH, "store", "prune", "--all", "--store", store)
    assert done.status == 0 and not done.err, done
    assert not pinned.exists() and os.listdir(store) == ["lock"]


@pytest.fixture
def mountable(scratch):
    (scratch / "m.txt").write_text("bin true\ndev null\n"
                                   "user jailuser uid=1000\n")
    path = scratch / "mountable.tar.zst"
    done = run(BUILD / "jailbuild", scratch / "m.txt", "-o", path)
    assert done.status == 0, done
    settle()
    return path


def test_a_mountable_image_is_pinned_in_the_store(store, mountable):
    """Then nothing is unpacked at all, until somebody prunes."""
    image = mountable
    assert helpers_started(store, image)[0] == "plain"
    entry, = listed(store)["entries"]
    if not entry["pinned"]:
        pytest.skip("mounting is not allowed here")
    assert helpers_started(store, image) == []
    assert run(LAUNCH, "store", "prune", "--store", store).status == 0
    assert listed(store)["entries"] == [entry]
    done = run(LAUNCH, "store", "prune", "--all", "--store", store)
    assert done.status == 0 and done.err == "", done
    assert os.listdir(store) == ["lock"]
    assert entry["sha256"] not in pathlib.Path(
        "/proc/self/mountinfo").read_text()
    assert helpers_started(store, image)[0] == "plain"
    run(LAUNCH, "store", "prune", "--all", "--store", store)


@pytest.mark.needs("our mounts")
def test_the_second_launch_of_a_compressed_image_mounts_its_pin(store,
                                                                mountable):
    """The report tells which of the two it was."""
    said = []
    for _ in range(2):
        done, stored = launch(store, mountable)
        assert done.status == 0 and done.err == "", done
        root = json.loads((mountable.parent / "report").read_text())["root"]
        said.append((stored["filled"], root["from"]))
    if "unpacked" in said[0][1]:
        pytest.skip("mounting is not allowed here")
    pinned = "a mount that the image's jails share"
    assert said == [(True, pinned), (False, pinned)]
    entry, = entries(store)
    pins = pathlib.Path("/run/jailwright/pins")
    pin, = [path for path in pins.glob("*.of")
            if os.readlink(path) == str(store / entry)]
    assert os.path.ismount(str(pin).removesuffix(".of"))
    trace = mountable.parent / "trace"
    done = traced(store, mountable, "-f", "-e", "trace=execve,mount,fsopen",
                  "-o", trace)
    assert done.status == 0, done
    text = trace.read_text()
    assert "execve(" in text and "jail-unpack" not in text
    assert "erofs" not in text  # the pin was there: not even a mount
    run(LAUNCH, "store", "prune", "--all", "--store", store)


@pytest.mark.parametrize("kind", ["image", "mountable"])
def test_prune_while_launches_go_on(store, kind, request):
    image = request.getfixturevalue(kind)

    def one(_):
        return run(LAUNCH, "--store", store, "-i", image, "-u", "jailuser",
                   "--", "true", timeout=300)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        launches = [pool.submit(one, number) for number in range(12)]
        while not all(job.done() for job in launches):
            done = run(LAUNCH, "store", "prune", "--all", "--store", store)
            assert done.status == 0 and done.err == "", done
    for job in launches:
        assert job.result().status == 0 and job.result().err == "", \
            job.result()
    check(store)


@pytest.mark.parametrize("words, argv", [
    ("say list or prune", []),
    ("say list or prune", ["lsit"]),
    ("say list or prune", ["list", "prune"]),
    ("--json is for list", ["prune", "--json"]),
    ("--all is for prune", ["list", "--all"]),
    ("--store needs an argument", ["list", "--store"]),
    ("--frob: unknown", ["list", "--frob"]),
])
def test_wrong_words_are_refused(words, argv):
    refuses(words, "store", *argv)


def test_only_root_has_a_store(scratch, store, image):
    done = run(LAUNCH, "store", "list", "--store", store, **ordinary_user())
    assert done.status == 0 and done.out == "", done
    works(store, image)
    done = run(LAUNCH, "store", "list", "--store", store, **ordinary_user())
    assert done.status == 125 and "Permission denied" in done.err, done
