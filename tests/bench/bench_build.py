"""Building an image, against packing the same files without looking at them
(GNU tar), and against other programs that gather a program's libraries."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from bench import BUILD, Comparison, Missing, Row, Target, program


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def programs_of(*packages):
    """The ELF programs of Debian packages, by their real paths, each once:
    lddtree fails on scripts."""
    listed = subprocess.run(["dpkg", "-L", *packages], capture_output=True,
                            text=True, check=True).stdout.split("\n")
    real = {os.path.realpath(path) for path in listed
            if path.startswith(("/bin/", "/usr/bin/"))}
    return sorted(path for path in real
                  if os.path.isfile(path) and os.access(path, os.X_OK)
                  and is_elf(path))


class Place:
    """Where every command writes; it starts each time from nothing.  Not in
    /tmp: jk_cp refuses a jail below a directory that others may write."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=".jailbench.",
                                                  dir=pathlib.Path.home()))

    def fresh(self, name):
        """before() of a command that fills a directory."""
        target = self.path / name

        def make():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
        return target, make

    def filled(self, name, at_least):
        """after(): that many files are there."""
        def check():
            found = sum(len(files) for _, _, files in
                        os.walk(self.path / name))
            if found < at_least:
                raise RuntimeError(f"{name}: only {found} files")
        return check

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


# The second is the price of the index.
TARGETS = [Target("jailbuild", "GNU tar of the same files", 1.3),
           Target("jailbuild", "jailbuild --no-index", 1.15)]


def jailbuild_rows(place, manifest):
    """jailbuild, and GNU tar of the very files that jailbuild takes."""
    jailbuild = BUILD / "jailbuild"
    files = subprocess.run([jailbuild, "--print=files", manifest],
                           capture_output=True, check=True).stdout
    names = place.path / "names"
    names.write_bytes(files)
    return [
        Row("GNU tar of the same files",
            ["tar", "-cf", place.path / "gnu.tar", "-P", "-T", names]),
        Row("jailbuild", [jailbuild, manifest, "-o", place.path / "our.tar"]),
        Row("jailbuild --no-index", [jailbuild, manifest, "--no-index", "-o",
                                     place.path / "plain.tar"]),
    ], files.count(b"\n")


def others(place, programs):
    """Programs that copy programs with their libraries."""
    def lddtree():
        target, fresh = place.fresh("lddtree")
        return Row("lddtree --copy-to-tree",
                   [program("lddtree"), f"--copy-to-tree={target}",
                    "--libdir=/lib", *programs],
                   fresh, place.filled("lddtree", len(programs)))

    def jk_cp():
        target, fresh = place.fresh("jk_cp")
        return Row("jk_cp", [program("jk_cp"), "-j", target, *programs],
                   fresh, place.filled("jk_cp", len(programs)))

    def dracut():
        target, fresh = place.fresh("dracut")
        return Row("dracut-install -l",
                   [program("dracut-install", "/usr/lib/dracut"), "-l", "-D",
                    target, *programs],
                   fresh, place.filled("dracut", len(programs)))

    rows = []
    for make in (lddtree, jk_cp, dracut):
        try:
            rows.append(make())
        except Missing as name:
            print(f"not compared with {name}: not installed")
    return rows


def build_of(title, packages, slow):
    place = Place()
    programs = programs_of(*packages)
    manifest = place.path / "bench.txt"
    manifest.write_text("".join(f"bin {path}\n" for path in programs))
    rows, n_files = jailbuild_rows(place, manifest)
    return Comparison(
        f"{title}: {n_files} files", rows + others(place, programs),
        "GNU tar of the same files", 30,
        TARGETS,
        slow, place.remove)


def bench_build_of_bash_and_coreutils():
    return build_of("Image of bash and coreutils", ["bash", "coreutils"],
                    {"lddtree --copy-to-tree": 3, "jk_cp": 2,
                     "dracut-install -l": 3})


def bench_build_of_python():
    """A tree of data beside programs."""
    place = Place()
    manifest = place.path / "bench.txt"
    manifest.write_text("bin /usr/bin/python3\n"
                        "tree /usr/lib/python3.11 -__pycache__\n")
    rows, n_files = jailbuild_rows(place, manifest)
    return Comparison(
        f"Image of Python and its library: {n_files} files", rows,
        "GNU tar of the same files", 20,
        TARGETS,
        {}, place.remove)
