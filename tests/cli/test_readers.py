"""Readers of tars in JavaScript, and tools that look for file systems: what
they say of a mountable tar, and what node-tar extracts.  (GNU tar, bsdtar,
busybox and Python, which extract everything, are in test_formats.py; umoci and
skopeo, which take an OCI layout, in test_other_forms.py.)"""

import dataclasses
import hashlib
import json
import os
import stat

import pytest

import treeimage
from conftest import BUILD, run
from treeimage import MTIME, Node, environment, small, written

# Each prints a line of JSON a member, in the archive's order: name, type, mode,
# uid, gid, size, mtime, target, SHA-256 of the content.
NODE_TAR = """
const tar = require("tar"), crypto = require("crypto");
const types = {Directory: "d", File: "f", SymbolicLink: "l", Link: "h",
               CharacterDevice: "c", FIFO: "p"};
tar.t({file: process.argv[1], strict: true, sync: true,
       onwarn: (code, words) => console.error(code, words),
       onentry: entry => {
    const hash = crypto.createHash("sha256");
    entry.on("data", data => hash.update(data));
    entry.on("end", () => console.log(JSON.stringify([
        entry.path, types[entry.type], entry.mode, entry.uid, entry.gid,
        entry.size, entry.mtime.getTime() / 1000, entry.linkpath || "",
        hash.digest("hex")])));
}});
"""
TAR_STREAM = """
const stream = require("tar-stream"), crypto = require("crypto");
const types = {"directory": "d", "file": "f", "symlink": "l", "link": "h",
               "character-device": "c", "fifo": "p"};
const extract = stream.extract();
extract.on("entry", (entry, data, next) => {
    const hash = crypto.createHash("sha256");
    data.on("data", piece => hash.update(piece));
    data.on("end", () => { console.log(JSON.stringify([
        entry.name, types[entry.type], entry.mode, entry.uid, entry.gid,
        entry.size, entry.mtime.getTime() / 1000, entry.linkname || "",
        hash.digest("hex")])); next(); });
});
require("fs").createReadStream(process.argv[1]).pipe(extract);
"""
NODE_TAR_EXTRACT = """
require("tar").x({file: process.argv[1], cwd: process.argv[2], strict: true,
                  sync: true, preserveOwner: true, preservePaths: true,
                  onwarn: (code, words) => console.error(code, words)});
"""
READERS = {
    "node-tar": ["node", "-e", NODE_TAR],
    "tar-stream": ["node", "-e", TAR_STREAM],
}


def listed(reader, image):
    done = run(*READERS[reader], image,
               env=environment(NODE_PATH="/usr/share/nodejs"), text=False)
    assert (done.status, done.err) == (0, b""), done
    return [json.loads(line.decode(errors="replace"))
            for line in done.out.splitlines()]


def planned(nodes):
    """What they should print, with bytes that are not UTF-8 replaced: node
    has no other strings."""
    by_path = {node.path: node for node in nodes}
    first, out = {}, []
    for node in sorted(nodes, key=lambda node:
                       node.path.rstrip(b"/").split(b"/")):
        real = by_path[node.target] if node.kind == "h" else node
        kind, link, text = real.kind, real.target, real.text
        if kind == "f" and first.setdefault(real.path, node.path) != node.path:
            kind, link = "h", b"." + first[real.path]
        if real.file and kind == "f":
            with open(real.file, "rb") as file:
                text = file.read()
        text = text if kind == "f" else b""
        name = b"." + node.path
        if kind == "d" and node.path != b"/":
            name += b"/"
        out.append([name.decode(errors="replace"), kind, real.mode, real.uid,
                    real.gid, len(text), MTIME, link.decode(errors="replace"),
                    hashlib.sha256(text).hexdigest()])
    return out


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("reader", READERS)
def test_readers_of_node_see_the_plan(reader, several, scratch):
    nodes = (treeimage.several_segments() if several
             else treeimage.oddities(scratch, 1000))
    written(nodes, scratch / "image.tar", mtime=MTIME)
    data = (scratch / "image.tar").read_bytes()
    assert data.count(b" comment=") == (2 if several else 1)
    found, wanted = listed(reader, scratch / "image.tar"), planned(nodes)
    for one, other in zip(found, wanted):
        assert one == other
    assert len(found) == len(wanted)


def as_node_tar_makes_it(node):
    """It lets the owner into every directory and takes no mode for none."""
    if node.kind == "d":
        return dataclasses.replace(node, mode=node.mode | 0o700)
    if node.kind == "f" and node.mode == 0:
        return dataclasses.replace(node, mode=0o666)
    return node


def no_time(kind, path):
    """It sets a directory's before its members come, and never a link's."""
    return kind in (stat.S_IFDIR, stat.S_IFLNK)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: owners")
@pytest.mark.parametrize("several", [False, True])
def test_node_tar_extracts_the_tree(several, scratch):
    """But for devices and FIFOs, which it does not know, and names that are
    not UTF-8, which node does not."""
    nodes = (treeimage.several_segments() if several
             else [node for node in treeimage.oddities(scratch, 1000)
                   if node.kind not in "cp" and b"not-utf8" not in node.path])
    image, to = scratch / "image.tar", scratch / "to"
    to.mkdir()
    written(nodes, image, mtime=MTIME)
    done = run("node", "-e", NODE_TAR_EXTRACT, image, to, umask=0,
               env=environment(NODE_PATH="/usr/share/nodejs"), text=False)
    assert (done.status, done.out, done.err) == (0, b"", b""), done
    wanted = [as_node_tar_makes_it(node) for node in nodes]
    assert treeimage.seen(to, no_time) == treeimage.expected(wanted, MTIME,
                                                             no_time)


# Tools that look for a file system

@pytest.fixture
def image(scratch):
    written(small(scratch), scratch / "image.tar", mtime=MTIME)
    return scratch / "image.tar"


def test_blkid_finds_the_file_system(image):
    done = run("blkid", "-p", "-o", "export", image)
    assert done.status == 0, done
    said = dict(line.split("=", 1) for line in done.out.splitlines())
    assert (said["TYPE"], said["LABEL"], said["BLOCK_SIZE"]) == (
        "erofs", "jailwright", "512")


def test_file_finds_the_tar(image):
    done = run("file", "-b", image)
    assert done.out == "POSIX tar archive\n", done


def version_of_erofs_utils():
    words = run("fsck.erofs", "-V")
    return tuple(int(part) for part in
                 (words.out + words.err).split()[-1].split("-")[0].split("."))


def test_fsck_finds_nothing_or_knows_no_such_blocks(image):
    """Blocks of 512 bytes are known from erofs-utils 1.6 on."""
    done = run("fsck.erofs", image)
    if version_of_erofs_utils() < (1, 6):
        assert done.status != 0
        assert "blksize 512 isn't supported" in done.out + done.err, done
    else:
        assert done.status == 0, done
        assert "No errors found" in done.out + done.err


def test_verify_says_what_it_cannot_read(scratch):
    for form in ("cpio", "squashfs"):
        output = scratch / f"image.{form}"
        written(small(scratch), output)
        done = run(BUILD / "jailbuild", "--verify", output)
        assert done.status == 4
        assert f"{output}: " in done.err and done.err.count("\n") == 1
    assert sorted(os.listdir(scratch)) == ["image.cpio", "image.squashfs"]
