"""What the tests of jailbake bake with: a small kernel, an init, a launcher and
an image, none of which anybody could run."""

import json

import eif
import tars
from conftest import BUILD, run

PASSWD = b"root:x:0:0::/:/bin/sh\njailuser:x:1000:1000::/:/bin/sh\n"


class Bakery:
    """A directory with all inputs; bake() and the verbs."""

    def __init__(self, place, machine=62, kernel=None):
        self.place = place
        self.kernel = self.write("kernel", kernel or (
            eif.bzimage() if machine == 62 else eif.arm_image()))
        self.init = self.write("init", eif.static_elf(machine))
        self.launcher = self.write("launcher",
                                   eif.static_elf(machine, size=5000))
        self.image = self.tar("root.tar", *self.members(machine))
        self.out = place / "out.eif"

    def write(self, name, data):
        path = self.place / name
        path.write_bytes(data)
        return path

    def members(self, machine=62):
        program = eif.static_elf(machine)
        return [tars.folder("./"), tars.folder("./etc/"),
                tars.file("./etc/passwd", PASSWD), tars.folder("./bin/"),
                tars.file("./bin/prog", program, mode=0o755),
                tars.symlink("./sh", "bin/prog")]

    def tar(self, name, *members):
        return self.write(name, tars.tar(*members))

    def bake(self, *more, command=("/bin/prog", "one"), image=None, user=True,
             out=None, **kwargs):
        return run(BUILD / "jailbake", "-i", image or self.image,
                   "--kernel", self.kernel, "--init", self.init, "--launcher",
                   self.launcher, *(("-u", "jailuser") if user else ()),
                   "-o", out or self.out, *more,
                   *(("--", *command) if command else ()), **kwargs)

    def baked(self, *more, **kwargs):
        """The image, read anew by others than ourselves."""
        done = self.bake(*more, **kwargs)
        assert done.status == 0, done
        image = eif.Eif((kwargs.get("out") or self.out).read_bytes())
        told = json.loads(done.out)["Measurements"]
        assert told.pop("HashAlgorithm") == "Sha384 { ... }"
        told.pop("PCR8", None)
        assert told == image.pcrs
        return image

    def ramdisks(self, *more, **kwargs):
        return [eif.cpio(data) for data in
                self.baked(*more, **kwargs).all(eif.RAMDISK)]

    def launch(self, *more, **kwargs):
        return self.ramdisks(*more, **kwargs)[1]["rootfs/.jail/launch"].data


def jailbake(*argv, **kwargs):
    return run(BUILD / "jailbake", *argv, **kwargs)
