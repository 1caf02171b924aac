"""Golden enclave images: the same inputs give the same bytes, from one version
to the next.  The inputs are made here, byte for byte; a signature is never the
same, so none is here.  JAIL_GOLDEN_UPDATE=1 writes what is expected anew."""

import hashlib
import os
import pathlib

import pytest

import eif
import tars
from bakery import Bakery

HERE = pathlib.Path(__file__).parent / "enclave"
UPDATE = os.environ.get("JAIL_GOLDEN_UPDATE") == "1"


def plain(bakery):
    return []


def everything(bakery):
    app = bakery.tar("app.tar", tars.folder("srv/"),
                     tars.file("srv/serve", eif.static_elf(), mode=0o755))
    nsm = bakery.write("nsm.ko", eif.module())
    return ["--app", app, "--app-exec", "/srv/serve x", "--modules", nsm,
            "--heartbeat", "late", "--exit-port", "7",
            "--cmdline", "console=ttyS0", "--name", "n", "--image-version",
            "2"]


def aarch64(bakery):
    return ["--fix-kernel"]


CASES = {"plain": plain, "everything": everything, "aarch64": aarch64}


@pytest.mark.parametrize("name", CASES)
def test_the_image_is_as_expected(name, scratch):
    arm = name == "aarch64"
    bakery = Bakery(scratch, machine=183 if arm else 62,
                    kernel=eif.arm_image(text_offset=0) if arm else None)
    env = {key: value for key, value in os.environ.items()
           if key != "SOURCE_DATE_EPOCH"}
    alone = {"user": False, "command": None} if name == "everything" else {}
    image = bakery.baked(*CASES[name](bakery), env=env, **alone)
    data = bakery.out.read_bytes()
    text = "".join(f"{key} {value}\n" for key, value in image.pcrs.items())
    text += f"sha256 {hashlib.sha256(data).hexdigest()}\n"
    path = HERE / f"{name}.txt"
    if UPDATE:
        path.write_text(text)
    assert path.read_text() == text
