"""Images that tell the kernel of another tree than the readers of tars, and
images that are exchanged under the launcher's eyes.

That they lie is shown by mounting them for root, who may lie to himself."""

import json
import os
import shutil
import subprocess
import time

import pytest

from conftest import BUILD, run, shared_once

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="mounts need root")
LAUNCH = BUILD / "jaillaunch"


def make_images(path):
    """Of two trees that differ in the mode of one file."""
    path.mkdir()
    for name, mode in (("honest", "0640"), ("other", "0600")):
        (path / f"{name}.txt").write_text(
            "use bash\nuse coreutils\n"
            "text /etc/word \"first\\n\"\n"
            f"text /etc/victim \"second\\n\" mode={mode}\n")
        done = run(BUILD / "jailbuild", path / f"{name}.txt", "-o",
                   path / f"{name}.tar")
        assert done.status == 0, done


def index_size(data):
    return 512 + (int(data[124:135], 8) + 511) // 512 * 512


@pytest.fixture
def images(scratch):
    """honest.tar; lying.tar: its members behind the index of the other."""
    made = shared_once("lying-images", make_images)
    honest = (made / "honest.tar").read_bytes()
    other = (made / "other.tar").read_bytes()
    size = index_size(honest)
    assert size == index_size(other) and honest[:size] != other[:size]
    (scratch / "honest.tar").write_bytes(honest)
    (scratch / "lying.tar").write_bytes(other[:size] + honest[size:])
    return scratch


LOOK = ["-u", "1000", "--", "bash", "-c",
        "read -r a </etc/word; echo $a; stat -c %a /etc/victim"]


def look(image, *options, before=()):
    return run(*before, LAUNCH, *options, "-i", image, "--report",
               image.parent / "report", *LOOK)


def origin(image):
    return json.loads((image.parent / "report").read_text())["root"]["from"]


UNPACKED = "unpacked into a private directory"
PINNED = "a mount that the image's jails share"


def by_another(image):
    os.chown(image, 1000, 1000)


def writable(image):
    image.chmod(0o664)


def among_others(image):
    image.parent.chmod(0o777)


SPOILS = [by_another, writable, among_others]


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("option", [(), ("--no-pin",)])
def test_an_index_that_lies_is_not_mounted_as_roots(images, spoil, option):
    image = images / "lying.tar"
    assert look(images / "honest.tar").out == "first\n640\n"
    done = look(image, *option)
    assert done.out == "first\n600\n" and origin(image) != UNPACKED
    assert run(BUILD / "jailbuild", "--verify", image).status == 4
    spoil(image)
    image.touch()  # another ctime: of this file there is no pin
    done = look(image, *option)
    assert (done.status, done.out) == (0, "first\n640\n"), done
    assert origin(image) == UNPACKED


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_pin_shows_what_was_trusted_when_it_was_made(images, spoil):
    """Whoever can enter the directories later can bring other files, of which
    there is no pin; an owner and a mode that are no longer right make another
    file of it, too."""
    image = images / "honest.tar"
    assert look(image).out == "first\n640\n" and origin(image) == PINNED
    spoil(image)
    assert look(image).out == "first\n640\n"
    # a launcher elsewhere, which does not see the file, may remove its pin
    assert origin(image) == UNPACKED or spoil is among_others
    shutil.copy(images / "lying.tar", images / "new.tar")
    os.chown(images / "new.tar", 1000, 1000)
    (images / "new.tar").rename(image)
    assert look(image).out == "first\n640\n" and origin(image) == UNPACKED


def test_it_does_not_get_in_by_the_store_either(images):
    image = images / "lying.tar"
    subprocess.run(["gzip", "-k", image], check=True)
    image = images / "lying.tar.gz"
    os.chown(image, 1000, 1000)
    done = look(image, "--store", images / "store")
    assert (done.status, done.out) == (0, "first\n640\n"), done
    assert origin(image) == UNPACKED and not (images / "store").exists()


# The pins of others are elsewhere: who makes one removes those whose file was
# exchanged, and the launch would be tried again, with the other file.
ALONE = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"',
         "sh"]

# At which call the file is exchanged, what is then in the trace, and why the
# launch that was at it did not mount the image; "": it had looked by then.
REPLACED = "was replaced meanwhile"
MOMENTS = [("pread64", "pread64(", REPLACED),
           ("readlink", "readlink(", REPLACED),
           ("fcntl", "F_SETLEASE, F_RDLCK", ""), ("fsopen", "fsopen(", ""),
           ("move_mount", "move_mount(", "")]


@pytest.mark.parametrize("call, seen, why", MOMENTS)
@pytest.mark.parametrize("option, mounted", [
    ((), PINNED), (("--no-pin",), "a mount of its own")])
def test_an_image_that_is_exchanged_meanwhile(images, call, seen, why, option,
                                              mounted):
    """Another file gets the name while the launcher is at some call: what was
    opened, and looked at, is what the jail gets."""
    image, trace = images / "honest.tar", images / "trace"
    (images / "report").touch()
    of_image = [] if call in ("fsopen", "move_mount") else ["-P", image]
    with subprocess.Popen(
            [*ALONE, "strace", "-qq", "-f", "-o", trace, *of_image, "-e",
             f"trace={call}", "-e", f"inject={call}:delay_enter=400000",
             LAUNCH, *option, "-i", image, "--report", images / "report",
             *LOOK],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0")) as launcher:
        end = time.monotonic() + 20
        while not (trace.exists() and seen in trace.read_text()):
            assert time.monotonic() < end and launcher.poll() is None
            time.sleep(0.01)
        shutil.copy(images / "lying.tar", images / "new.tar")
        os.chown(images / "new.tar", 1000, 1000)
        (images / "new.tar").rename(image)
        out, err = launcher.communicate(timeout=60)
    assert (launcher.returncode, out, err) == (0, "first\n640\n", "")
    root = json.loads((images / "report").read_text())["root"]
    assert root["from"] == (UNPACKED if why else mounted), root
    assert why in root.get("why_not_mounted", "")
    assert look(image).out == "first\n640\n" and origin(image) == UNPACKED
