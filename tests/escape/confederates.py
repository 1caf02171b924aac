"""What escape attempts need around them: a root to run in, confederates
outside, a plain chroot as the control, and words for how an attempt ended."""

import array
import contextlib
import ctypes
import fcntl
import itertools
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import termios
import time

import pytest

from conftest import BUILD
from treeimage import Node, write

libc = ctypes.CDLL(None, use_errno=True)
CAPABILITY_VERSION_3, VFS_CAP_REVISION_2 = 0x20080522, 0x02000000
PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 4
TIOCGEXCL = 0x80045440
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18

_numbers = itertools.count(1)


def fresh_uid():
    """A uid that no other test has, now or in another process."""
    return 1_000_000 + os.getpid() % 1_000_000 * 1000 + next(_numbers)


def processes_of(uid, zombies=False):
    """Pids of a uid."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "status").read_text()
        except OSError:
            continue
        is_zombie = re.search(r"^State:\s+[ZX]", status, re.M)
        if re.search(rf"^Uid:\s+{uid}\s", status, re.M) and \
                bool(is_zombie) == zombies:
            found.append(int(entry.name))
    return found


def has_any(uid):
    """Whether a process of the uid is there, if only a dead one."""
    try:
        os.getpriority(os.PRIO_USER, uid)
    except ProcessLookupError:
        return False
    return True


def is_any_alive(uid):
    """Also true of one that forks and exits faster than /proc is read: it is
    known by the dead that it leaves, of which there are ever others."""
    before = None
    for _ in range(10):
        if not has_any(uid):
            return False
        dead = processes_of(uid, zombies=True)
        if processes_of(uid) or \
                before is not None and not set(dead) <= set(before):
            return True
        before = dead
        time.sleep(0.02)
    return False


def kill_all_of(uid):
    """Ends every process of a uid in one stroke."""
    if not has_any(uid):
        return
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    until = time.monotonic() + 20
    while is_any_alive(uid):
        assert time.monotonic() < until, f"uid {uid} will not die"
        time.sleep(0.01)


def make_root(path, program):
    """A root directory with one program, /attempt, and little else."""
    for name, mode in (("", 0o755), ("etc", 0o755), ("bin", 0o755),
                       ("dev", 0o755), ("tmp", 0o1777)):
        (path / name).mkdir()
        (path / name).chmod(mode)
    (path / "etc/passwd").write_text(
        "root:x:0:0::/:/bin/sh\njailuser:x:36:36::/tmp:/bin/sh\n")
    (path / "etc/group").write_text("root:x:0:\njailuser:x:36:\n")
    shutil.copy(BUILD / "escape" / program, path / "attempt")
    (path / "attempt").chmod(0o755)


def make_image(root, image):
    """The root as an archive, with everything that a hostile author can put
    into one: owners, modes, devices, capabilities."""
    subprocess.run(["tar", "--format=pax", "--numeric-owner", "--xattrs",
                    "--xattrs-include=*", "-C", root, "-cf", image, "."],
                   check=True)


def node_of(root, path):
    st = path.lstat()
    kind = {0o040000: "d", 0o100000: "f", 0o120000: "l", 0o020000: "c",
            0o010000: "p"}[st.st_mode & 0o170000]
    node = Node(kind, b"/" + os.fsencode(path.relative_to(root)),
                st.st_mode & 0o7777, st.st_uid, st.st_gid)
    if path == root:
        node.path = b"/"
    if kind == "l":
        node.target = os.fsencode(os.readlink(path))
    elif kind == "c":
        node.device = (os.major(st.st_rdev), os.minor(st.st_rdev))
    elif kind == "f":
        node.file = str(path)
        if "security.capability" in os.listxattr(path):
            node.caps = "cap_dac_override"
    return node


def make_mountable(root, image):
    """The same as jailbuild writes it: with an index, so it is mounted."""
    nodes = [node_of(root, path) for path in [root, *sorted(root.rglob("*"))]]
    done = write(nodes, image)
    assert done.status == 0, done


class Case:
    """One run of one attempt: what it is given, and what has to be undone.

    Confederates add to argv, fds, env, before (run in the child, before it
    loses privilege) and during (run once the attempt has said "ready")."""

    def __init__(self, scratch, row, stack):
        self.row, self.stack, self.scratch = row, stack, scratch
        self.uid = fresh_uid()
        self.root = scratch / "root"
        self.argv, self.fds, self.before = [], {}, []
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self.cwd, self.during, self.prefix = "/", None, []
        self.launcher_prefix, self.options = [], []
        self.groups, self.is_inside = [], False
        (scratch / "outside").mkdir()
        self.secret = scratch / "outside/secret"
        self.secret.write_text("secret of the host")
        make_root(self.root, row.program or row.name)
        stack.callback(kill_all_of, self.uid)

    def directory_fd(self):
        fd = os.open(self.secret.parent, os.O_RDONLY | os.O_DIRECTORY)
        self.stack.callback(os.close, fd)
        return fd

    def start(self, argv, before=()):
        """Starts argv with everything that the confederates set up."""
        fds, steps = dict(self.fds), [*self.before, *before]

        def in_child():
            # First out of the way of the wanted numbers, then there.
            moved = {n: fcntl.fcntl(fd, fcntl.F_DUPFD, 900)
                     for n, fd in fds.items()}
            for number, fd in moved.items():
                os.dup2(fd, number)
                os.close(fd)
            for step in steps:
                step()
        return subprocess.Popen(
            [str(arg) for arg in [*self.prefix, *argv]], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=self.cwd, env=self.env,
            preexec_fn=in_child, close_fds=not fds)


def finish(case, process):
    """Lets an attempt end; returns (status, stdout, stderr)."""
    said = ""
    with process:
        try:
            if case.during:
                readable = select.select([process.stdout], [], [], 60)[0]
                said = process.stdout.readline() if readable else ""
                if said == "ready\n":
                    case.during(process)
                    said = ""
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return "hangs", "", ""
    return process.returncode, said + out, err


def outcome(status, out, err):
    """How it ended, in one word where there is one: "escaped", an errno,
    "SIGSYS"; else in a sentence."""
    if status in (-signal.SIGSYS, 128 + signal.SIGSYS):
        return "SIGSYS"
    for line in out.splitlines():
        if line.startswith("escaped: ") and status == 0:
            return "escaped"
        if line.startswith("refused: ") and status == 1:
            words = line.removeprefix("refused: ")
            errno = re.search(r": (E[A-Z0-9]+)$", words)
            return errno[1] if errno else words
        if line.startswith("cannot be tried: ") and status == 77:
            return line
    if status == 125:
        return f"launcher: {err.strip()}"
    return f"status {status}, out {out!r}, err {err!r}"


# Controls: who runs the attempt where, when there is no launcher.

def as_user(case):
    os.setgroups(case.groups)
    os.setresgid(case.uid, case.uid, case.uid)
    os.setresuid(case.uid, case.uid, case.uid)


def as_forgetful(case):
    """Only the effective ids change: the classic mistake."""
    os.setresgid(0, case.uid, 0)
    os.setresuid(0, case.uid, 0)


def chrooted(case):
    """As chroot() does it alone; the directory is moved unless it is asked
    about."""
    os.chroot(case.root)
    if case.cwd == "/":
        os.chdir("/")


CONTROLS = {
    "user": (chrooted, as_user),
    "root": (chrooted,),
    "forgetful": (chrooted, as_forgetful),
    "host user": (as_user,),
    "host root": (),
}


def run_control(case):
    steps = CONTROLS[case.row.control]
    on_host = chrooted not in steps
    places = {"{root}": str(case.root), "{user}": case.row.user}
    prefix = [places.get(word, word) for word in case.row.control_prefix]
    if str(case.root) in prefix:
        on_host = False
    program = case.root / "attempt" if on_host else "/attempt"
    process = case.start([*prefix, program, *case.argv],
                         [lambda step=step: step(case) for step in steps])
    return finish(case, process)


# Confederates.  Each is a function of the case.

def secret_path(case):
    case.argv.append(case.secret)


def number(value):
    def need(case):
        case.argv.append(value)
    return need


def hierarchy(controller):
    """Where there is none, nothing can bound the jail as a whole."""
    def need(_):
        with contextlib.suppress(OSError):
            text = pathlib.Path("/proc/self/mountinfo").read_text()
            for line in text.splitlines():
                kind, _, options = line.split(" - ")[1].split()
                names = options.split(",")
                if kind == "cgroup2":
                    names = pathlib.Path(
                        line.split()[4],
                        "cgroup.controllers").read_text().split()
                if kind.startswith("cgroup") and controller in names:
                    return
        pytest.skip(f"no cgroup hierarchy with {controller} is mounted")
    return need


def start_outsider(case, uid, **kwargs):
    process = subprocess.Popen(
        [BUILD / "tools/outsider", case.secret], user=uid, group=uid,
        extra_groups=[], stdout=subprocess.PIPE, text=True, **kwargs)
    case.stack.callback(process.__exit__, None, None, None)
    case.stack.callback(process.kill)
    case.argv += process.stdout.readline().split()
    return process


def outsider(case):
    """A process of the same uid; adds its pid, an address, a descriptor."""
    start_outsider(case, case.uid)


def stranger(case):
    """The same, of another uid."""
    uid = fresh_uid()
    case.stack.callback(kill_all_of, uid)
    start_outsider(case, uid)


def outsider_in_group(case):
    """The same, in the process group that the attempt is started in."""
    process = start_outsider(case, case.uid, process_group=0)
    case.before.append(lambda: os.setpgid(0, process.pid))


def directory_at(fd):
    """The host's directory is open at this number."""
    def need(case):
        case.fds[fd] = case.directory_fd()
        case.argv.append(fd)
    return need


def block_device_on_stdin(case):
    disk = next(pathlib.Path("/sys/block").iterdir())
    major, minor = map(int, (disk / "dev").read_text().split(":"))
    node = case.scratch / "outside/disk"
    os.mknod(node, 0o60600, os.makedev(major, minor))
    case.fds[0] = os.open(node, os.O_RDONLY | os.O_NONBLOCK)
    case.stack.callback(os.close, case.fds[0])


def socket_with_directory_at(fd):
    """A socket whose other end has sent a directory descriptor."""
    def need(case):
        ours, theirs = socket.socketpair()
        case.stack.callback(ours.close)
        case.stack.callback(theirs.close)
        ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                               array.array("i", [case.directory_fd()]))])
        case.fds[fd] = theirs.fileno()
        case.argv.append(fd)
    return need


def working_directory(case):
    case.cwd = case.secret.parent


def open_terminal(case, fd):
    ours, case.terminal = os.openpty()
    case.stack.callback(os.close, ours)
    case.stack.callback(os.close, case.terminal)
    case.modes = termios.tcgetattr(case.terminal)
    case.fds[fd] = case.terminal
    case.argv.append(fd)


def terminal(case):
    """A terminal of the caller's: its controlling one, and standard input."""
    open_terminal(case, 0)

    def take():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    case.before.append(take)


def terminal_on_stdout(case):
    """A terminal, standard output alone, and of no session."""
    open_terminal(case, 1)


def abstract_listener(kind):
    def need(case):
        name = f"jail-escape-{case.uid}"
        listener = socket.socket(socket.AF_UNIX, kind)
        case.stack.callback(listener.close)
        listener.bind("\0" + name)
        if kind == socket.SOCK_STREAM:
            listener.listen()
        case.argv.append(name)
    return need


def path_listener(case):
    listener = socket.socket(socket.AF_UNIX)
    case.stack.callback(listener.close)
    listener.bind(str(case.root / "tmp/service"))
    (case.root / "tmp/service").chmod(0o777)
    listener.listen()


def loopback_listener(case):
    listener = socket.create_server(("127.0.0.1", 0))
    case.stack.callback(listener.close)
    case.argv.append(listener.getsockname()[1])


def private_mounts(case):
    """Mounts that an attempt makes outside are its own."""
    def unshare():
        if libc.unshare(CLONE_NEWNS) or libc.mount(
                b"none", b"/", None, MS_REC | MS_PRIVATE, None):
            raise OSError(ctypes.get_errno(), "private mounts")
    case.before.append(unshare)


def directory_handle(case):
    """The file handle of the host's directory, in hexadecimals."""
    handle = ctypes.create_string_buffer(struct.pack("<Ii", 128, 0), 136)
    mount = ctypes.c_int()
    path = str(case.secret.parent).encode()
    if libc.name_to_handle_at(-100, path, handle, ctypes.byref(mount), 0):
        raise OSError(ctypes.get_errno(), "name_to_handle_at")
    size = 8 + struct.unpack_from("<I", handle.raw)[0]
    case.argv.append(handle.raw[:size].hex())


def program_mode(mode):
    """The program is set-id, and root's."""
    def need(case):
        (case.root / "attempt").chmod(mode)
    return need


def program_capabilities(effective):
    """The program has CAP_DAC_OVERRIDE as a file capability."""
    def need(case):
        os.setxattr(case.root / "attempt", "security.capability",
                    struct.pack("<IIIII", VFS_CAP_REVISION_2 | effective,
                                1 << 1, 0, 0, 0))
    return need


def loose_modes(case):
    """Everything in the root may be written by everybody."""
    for path in [case.root, *case.root.rglob("*")]:
        path.chmod(0o777)


def owned_by_user(case):
    """Everything in the root belongs to the program's user."""
    for path in [case.root, *case.root.rglob("*")]:
        os.chown(path, case.uid, case.uid)


def user_line(line):
    """A user of the image's passwd."""
    def need(case):
        with open(case.root / "etc/passwd", "a", encoding="ascii") as passwd:
            passwd.write(line + "\n")
    return need


def locked_file(case):
    """A file of another owner that nobody may read."""
    path = case.root / "locked"
    path.write_text("secret of another")
    os.chown(path, 4242, 4242)
    path.chmod(0)
    on_host = chrooted not in CONTROLS[case.row.control]
    case.argv.append(path if on_host else "/locked")


def device_in_image(case):
    disk = next(pathlib.Path("/sys/block").iterdir())
    major, minor = map(int, (disk / "dev").read_text().split(":"))
    os.mknod(case.root / "dev/disk", 0o60666, os.makedev(major, minor))
    (case.root / "dev/disk").chmod(0o666)


def caller_group(case):
    case.groups = [4343]
    case.before.append(lambda: os.setgroups([4343]))
    case.argv.append(4343)


def set_all_capabilities(ambient):
    """Makes the permitted capabilities effective and inheritable."""
    status = pathlib.Path("/proc/self/status").read_text()
    own = int(re.search(r"^CapPrm:\s+(\w+)", status, re.M)[1], 16)
    low, high = own & 0xffffffff, own >> 32
    if libc.capset(struct.pack("<Ii", CAPABILITY_VERSION_3, 0),
                   struct.pack("<6I", low, low, low, high, high, high)):
        raise OSError(ctypes.get_errno(), "capset")
    if ambient:
        for capability in range(own.bit_length()):
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def inheritable_capabilities(case):
    """The caller is root with all capabilities inheritable."""
    case.before.append(lambda: set_all_capabilities(False))


def ambient_capabilities(case):
    """The caller is not root, but has root's capabilities, ambient."""
    def become():
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        as_user(case)
        set_all_capabilities(True)
    case.before.append(become)


def sticky_capabilities(case):
    """The caller is root, and a change of uid takes nothing away."""
    def become():
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
        set_all_capabilities(True)
    case.before.append(become)


def secret_environment(case):
    case.env |= {"SECRET_TOKEN": "hunter2", "BASH_ENV": "/tmp/x"}


def newer_kernel(case):
    """A kernel that knows more numbers than the policy: 471 is the newest
    that was reviewed."""
    case.prefix = [BUILD / "tools/other-kernel", 472]


def older_landlock(abi):
    """A kernel whose Landlock says that it has this ABI."""
    def need(case):
        case.launcher_prefix = [BUILD / "tools/other-kernel",
                                f"landlock={abi}"]
    return need


def no_landlock(case):
    """A kernel without Landlock."""
    case.launcher_prefix = [
        BUILD / "tools/without",
        "landlock_create_ruleset,landlock_restrict_self=ENOSYS"]


def soft_limit(case):
    """A limit that only looks like one: the hard limit is higher."""
    case.before.append(lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                  (64, 1024)))


def core_limit(case):
    """Core dumps are on, as on a developer's machine."""
    case.before.append(lambda: resource.setrlimit(
        resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))


def mover(case):
    """A process of the same uid outside, which moves the directory that the
    attempt works in to another place."""
    case.argv.append(case.secret)
    (case.scratch / "moved").mkdir()
    (case.scratch / "moved").chmod(0o777)

    def move(process):
        for pid in processes_of(case.uid):
            place = os.readlink(f"/proc/{pid}/cwd")
            if place.endswith("/tmp/inner"):
                subprocess.run(["mv", place, case.scratch / "moved/inner"],
                               user=case.uid, group=case.uid,
                               extra_groups=[], capture_output=True,
                               check=False)
        process.stdin.write("x")
        process.stdin.flush()
    case.during = move


def killer(case):
    """Kills the launcher once the attempt is ready."""
    def kill(process):
        process.kill()
    case.during = kill


def own_uid(case):
    """The uid is one that the jail has for itself."""
    case.options.append(f"--uid-pool={case.uid}-{case.uid}")


def queue_name(case):
    name = f"/jail-escape-{case.uid}"
    case.argv.append(name)
    case.stack.callback(libc.mq_unlink, name.encode())


def shared_memory(case):
    """A segment of the same uid's, made outside."""
    made = subprocess.run(["ipcmk", "-M", "4096", "-p", "0600"],
                          user=case.uid, group=case.uid, extra_groups=[],
                          capture_output=True, text=True, check=True)
    segment = made.stdout.split()[-1]
    case.stack.callback(subprocess.run, ["ipcrm", "-m", segment], check=False)
    case.argv.append(segment)


# What an attempt leaves behind; each tells whether anything is left.

def processes_left(case):
    """Those that are killed may take a while to die on a busy machine; outside
    nobody kills them."""
    until = time.monotonic() + (10 if case.is_inside else 0.5)
    while is_any_alive(case.uid):
        if time.monotonic() > until:
            return True
        time.sleep(0.02)
    return False


def memory_left(case):
    rows = pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    ids = [row.split()[1] for row in rows if row.split()[7] == str(case.uid)]
    for segment in ids:
        subprocess.run(["ipcrm", "-m", segment], check=False)
    return bool(ids)


def queue_left(case):
    name = case.argv[-1].encode()
    return libc.mq_unlink(name) == 0


def terminal_is_frozen(case):
    os.set_blocking(case.terminal, False)
    try:
        os.write(case.terminal, b"x")
    except BlockingIOError:
        return True
    return False


def terminal_is_exclusive(case):
    answer = fcntl.ioctl(case.terminal, TIOCGEXCL, bytes(4))
    return any(answer)


def terminal_modes_differ(case):
    return termios.tcgetattr(case.terminal) != case.modes
