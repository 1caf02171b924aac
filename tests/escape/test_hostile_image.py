"""Images that attack the launcher itself, before any program runs.

Each is unpacked by GNU tar as root, too, and used as a launcher without care
would: that must do the harm which jaillaunch refuses."""

import os
import subprocess

import pytest

from conftest import BUILD, run
from escape.confederates import make_image, make_root


@pytest.fixture
def place(scratch):
    """A root to spoil, a directory of the host beside it."""
    make_root(scratch / "root", "read_host_file")
    (scratch / "host").mkdir()
    return scratch


def image_of(place):
    make_image(place / "root", place / "image.tar")
    return place / "image.tar"


def unpacked(place):
    """As root does it by hand."""
    (place / "careless").mkdir()
    subprocess.run(["tar", "-C", place / "careless", "-xpf",
                    image_of(place)], check=True)
    return place / "careless"


def link_to_host(place, name, absolute=True):
    target = place / "host"
    link = place / "root" / name
    if link.is_dir() and not link.is_symlink():
        subprocess.run(["rm", "-r", link], check=True)
    link.symlink_to(target if absolute else
                    "../" * 20 + str(target).lstrip("/"))


def launch(*argv):
    return run(BUILD / "jaillaunch", *argv, timeout=20)


@pytest.mark.parametrize("absolute", (True, False))
@pytest.mark.parametrize("how", ("-i", "-r"))
def test_dev_as_a_link_does_not_steer_what_is_made(place, how, absolute):
    link_to_host(place, "dev", absolute)
    os.mknod(unpacked(place) / "dev/null", 0o20666, os.makedev(1, 3))
    assert os.listdir(place / "host") == ["null"]
    (place / "host/null").unlink()

    root = image_of(place) if how == "-i" else place / "root"
    result = launch(how, root, "--dev", "null", "-u", "36", "/attempt", "/x")
    assert result.status == 125 and "dev" in result.err, result
    assert os.listdir(place / "host") == []


@pytest.mark.parametrize("absolute", (True, False))
@pytest.mark.parametrize("how", ("-i", "-r"))
def test_etc_as_a_link_does_not_name_users_of_the_host(place, how, absolute):
    (place / "host/passwd").write_text("evil:x:4242:4242::/:/bin/sh\n")
    link_to_host(place, "etc", absolute)
    assert "evil" in (unpacked(place) / "etc/passwd").read_text()

    root = image_of(place) if how == "-i" else place / "root"
    result = launch(how, root, "-u", "evil", "/attempt", "/x")
    assert result.status == 125, result
    assert "4242" not in result.out + result.err


def test_a_link_for_passwd_does_not_show_files_of_the_host(place):
    (place / "host/shadow").write_text("evil:x:4242:4242::/:/bin/sh\n")
    (place / "root/etc/passwd").unlink()
    (place / "root/etc/passwd").symlink_to(place / "host/shadow")
    assert "evil" in (unpacked(place) / "etc/passwd").read_text()

    for how in (["-i", image_of(place)], ["-r", place / "root"]):
        result = launch(*how, "-u", "evil", "/attempt", "/x")
        assert result.status == 125, result
        assert "4242" not in result.out + result.err


@pytest.mark.parametrize("name", ("passwd", "group"))
@pytest.mark.parametrize("how", ("-i", "-r"))
def test_a_fifo_for_a_file_of_users_does_not_hang(place, how, name):
    path = place / "root/etc" / name
    path.unlink()
    os.mkfifo(path)
    assert run("timeout", "0.3", "cat", path).status == 124

    root = image_of(place) if how == "-i" else place / "root"
    result = launch(how, root, "-u", "jailuser", "/attempt", "/x")
    assert result.status == 125, result
    assert result.err.count("\n") == 1


def test_a_device_for_a_file_of_users_is_not_read(place):
    path = place / "root/etc/passwd"
    path.unlink()
    os.mknod(path, 0o20666, os.makedev(1, 5))
    assert run("timeout", "0.3", "cat", path, text=False).status == 124

    for how in (["-i", image_of(place)], ["-r", place / "root"]):
        result = launch(*how, "-u", "jailuser", "/attempt", "/x")
        assert result.status == 125, result


@pytest.mark.parametrize("absolute", (True, False))
def test_copy_does_not_write_through_a_link(place, absolute):
    (place / "given").write_text("given")
    link_to_host(place, "data", absolute)
    subprocess.run(["cp", place / "given", unpacked(place) / "data/x"],
                   check=True)
    assert os.listdir(place / "host") == ["x"]
    (place / "host/x").unlink()

    launch("-i", image_of(place), "--copy", f"{place / 'given'}:/data/x",
           "-u", "36", "/attempt", "/x")
    assert os.listdir(place / "host") == []


def test_a_start_directory_does_not_lead_out(place):
    link_to_host(place, "work")
    assert (unpacked(place) / "work").resolve() == place / "host"

    for how in (["-i", image_of(place)], ["-r", place / "root"]):
        result = launch(*how, "-u", "36", "-d", "/work", "/attempt", "/x")
        assert result.status == 125, result
        assert "start directory" in result.err


def test_a_program_behind_a_link_is_none_of_the_host(place):
    (place / "host/program").symlink_to("/bin/true")
    (place / "root/run").symlink_to("/bin/true")
    assert run(unpacked(place) / "run").status == 0

    for how in (["-i", image_of(place)], ["-r", place / "root"]):
        result = launch(*how, "-u", "36", "/run")
        assert result.status == 126, result
        assert "cannot lead outside" in result.err
