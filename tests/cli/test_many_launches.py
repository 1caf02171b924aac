"""Launch after launch, two at a time: of what they used nothing is left."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from conftest import BUILD, run, shared_once
from escape.confederates import fresh_uid, has_any, kill_all_of
from treeimage import Node, write

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
LAUNCHES = 3000 if os.environ.get("JAIL_SOAK") == "1" else 100
# Whatever a program can leave: a process, a file, IPC objects.
LITTER = r"""
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>
int main(void)
{
	/* small: the kernel frees those of a namespace after a while, and all
	 * of one uid have a limit together */
	struct mq_attr small = {.mq_maxmsg = 1, .mq_msgsize = 8};
	char queue[32];
	int fd = open("/tmp/litter", O_CREAT | O_WRONLY, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1)
		return 3;
	if (shmget(IPC_PRIVATE, 4096, 0600) < 0 ||
	    semget(IPC_PRIVATE, 1, 0600) < 0 || msgget(IPC_PRIVATE, 0600) < 0)
		return 4;
	snprintf(queue, sizeof(queue), "/litter-%u", getuid());
	if (mq_open(queue, O_CREAT | O_RDWR, 0600, &small) < 0)
		return 5;
	if (fork() == 0) {
		setsid();
		pause();
	}
	return 0;
}
"""


def make(path):
    """A root and two images of it: one to mount, one that is unpacked, since
    others may write to it."""
    path.mkdir(mode=0o755)
    root = path / "root"
    for name, mode in (("", 0o755), ("tmp", 0o1777), ("dev", 0o755)):
        (root / name).mkdir()
        (root / name).chmod(mode)
    subprocess.run(["gcc", "-O1", "-static", "-x", "c", "-D_GNU_SOURCE", "-o",
                    root / "litter", "-", "-lrt"], input=LITTER, text=True,
                   check=True)
    nodes = [Node("d", b"/", 0o755), Node("d", b"/dev", 0o755),
             Node("d", b"/tmp", 0o1777),
             Node("f", b"/litter", 0o755, file=str(root / "litter"))]
    assert write(nodes, path / "image.tar").status == 0
    shutil.copy(path / "image.tar", path / "unpacked.tar")
    (path / "unpacked.tar").chmod(0o666)


def test_launches_leave_nothing():
    uids = [fresh_uid() for _ in range(3)]
    things = shared_once("many-launches", make)
    driver = pathlib.Path(__file__).parent / "many_launches.py"
    try:
        done = run(sys.executable, driver, BUILD, things, LAUNCHES, uids[0],
                   timeout=60 + LAUNCHES)
        assert (done.status, done.out, done.err) == (0, "", ""), done
        assert not any(map(has_any, uids))
    finally:
        for uid in uids:
            kill_all_of(uid)
