"""Each attempt of this directory, outside and inside.

Outside, in a plain chroot with the same uid or whatever else is the fair
control, it must succeed: else it proves nothing.  Inside it must be refused in
the way that the table says, from a directory (-r), from an image of others,
which is unpacked (-i), and from one of ours, which is mounted."""

import contextlib
import dataclasses
import json
import pathlib
import re
import shutil
import signal
import socket
from dataclasses import dataclass

import pytest

import escape.confederates as help_
from conftest import BUILD, landlock_abi
from escape.confederates import (
    abstract_listener, ambient_capabilities, block_device_on_stdin,
    caller_group, core_limit, device_in_image, directory_at, directory_handle,
    hierarchy, inheritable_capabilities, killer, locked_file, older_landlock,
    loopback_listener, loose_modes, memory_left, mover,
    newer_kernel, no_landlock, number, outsider, own_uid, outsider_in_group, owned_by_user,
    path_listener, private_mounts, processes_left, program_capabilities,
    program_mode, queue_left, queue_name, secret_environment, secret_path,
    shared_memory, soft_limit, socket_with_directory_at,
    sticky_capabilities, stranger,
    terminal, terminal_is_exclusive, terminal_is_frozen, terminal_modes_differ,
    terminal_on_stdout, user_line, working_directory)

DIRECTORY, IMAGE, HOST, IN_PLACE = "-r", "-i", "-r /", "--exec"
MOUNTED = "-i mounted"  # every row that has IMAGE, which is unpacked
MOUNT_WORDS = ("a mount that the image's jails share", "a mount of its own")


@dataclass(frozen=True)
class Row:
    """One attempt.

    name: of the test, and of the program unless that is given.
    control: where it succeeds; see CONTROLS.
    layer: what stops it; the first to do so.  behind: what would stop it
    next.  With nothing behind it, a launcher without that layer must let the
    attempt succeed.
    refusal: how it ends inside, word for word or by regular expression.  by:
    another refusal for one kind of root.
    needs: confederates, in the order of their arguments.
    twice: it is run twice, and the second time counts.
    later: what will stop it; until then the attempt succeeds inside, too, and
    that is what the test asserts.
    left: it succeeds if this says that something is left behind.
    namespaces: --ns."""
    name: str
    control: str
    layer: str
    refusal: str
    needs: tuple = ()
    program: str = ""
    roots: tuple = (DIRECTORY, IMAGE)
    options: tuple = ()
    user: str = ""
    by: tuple = ()
    behind: str = ""
    twice: bool = False
    later: str = ""
    left: object = None
    control_prefix: tuple = ()
    namespaces: str = "none"  # so that the other layers stand alone

    def all_roots(self):
        """--exec has no supervisor, cgroup or relay, and stays in the caller's
        session; all other layers are the same."""
        roots = self.roots
        # What is to be mounted cannot even hold a block device.
        if IMAGE in roots and device_in_image not in self.needs:
            roots = (*roots, MOUNTED)
        if DIRECTORY not in roots or self.later or self.layer in (
                "supervisor", "watcher", "session", "cgroup",
                "output") or \
                "pid" in self.namespaces:
            return roots
        return (*roots, IN_PLACE)

    def expected(self, root):
        return dict(self.by).get(root, self.refusal)


PARENT = ("sh", "-c", '"$@"; exit $?', "sh")
ANY_CHILD = ("python3", "-c", "import os, sys\n"
             "os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])\n"
             "os._exit(os.waitstatus_to_exitcode(os.wait()[1]))")
NO_XATTRS = r"launcher: .*it has file capabilities, which are never unpacked;.*"
# A launcher that takes whatever number it finds, and lets it overflow.
NAIVE = ("python3", "-c", """
import ctypes, os, sys
root, name = sys.argv[1:3]
ids = [name, "36"]
for line in open(root + "/etc/passwd"):
    if line.split(":")[0] == name:
        ids = line.split(":")[2:4]
uid, gid = [ctypes.c_uint(int(id.strip("# "), 0)) for id in ids]
os.chroot(root)
os.chdir("/")
libc = ctypes.CDLL(None)
libc.setresgid(gid, gid, gid)
libc.setresuid(uid, uid, uid)
os.execv(sys.argv[3], sys.argv[3:])
""", "{root}", "{user}")
INSECURE = ("--insecure",)
UNSCOPED = ("--landlock", "none")
SAME_UID = "own pid namespace, Landlock scope, or a uid for each run"
SAME_UID_IPC = "own ipc namespace, or a uid for each run"

PASSWD_LINES = (
    ("passwd", "evil:x:0:0::/:/bin/sh"),
    ("gid", "evil:x:4242:0::/:/bin/sh"),
    ("minus_one", "evil:x:4294967295:36::/:/bin/sh"),
    ("overflow", "evil:x:4294967296:36::/:/bin/sh"),
    ("long_overflow", "evil:x:18446744073709551616:36::/:/bin/sh"),
    ("negative", "evil:x:-1:36::/:/bin/sh"),
)
ROOT_NUMBERS = ("0", "#0", "+0", "-0", "0x0", " 0", "-1", "4294967295",
                "4294967296", "18446744073709551616")

TABLE = [
    # The root, and what the caller left open
    Row("read_host_file", "host user", "root", "ENOENT", (secret_path,)),
    Row("dotdot", "host user", "root", "ENOENT", (secret_path,)),
    Row("inherited_cwd", "user", "root", "ENOENT", (working_directory,),
        behind="ids"),
    Row("second_chroot", "root", "seccomp", "SIGSYS", (secret_path,),
        behind="ids"),
    Row("second_chroot_by_root", "root", "seccomp", "SIGSYS", (secret_path,),
        program="second_chroot", user="0", options=("--allow-root",),
        behind="caps"),
    Row("fd_directory", "user", "fds", "EBADF", (directory_at(3),)),
    Row("fd_directory_high", "user", "fds", "EBADF", (directory_at(777),),
        program="fd_directory"),
    Row("fd_search", "user", "fds", "EBADF", (directory_at(777),)),
    Row("stdin_directory", "user", "caller",
        "launcher: .*standard input is a directory.*", (directory_at(0),),
        program="std_directory"),
    Row("stderr_directory", "user", "caller", "launcher: ", (directory_at(2),),
        program="std_directory"),
    Row("std_block_device", "user", "caller",
        "launcher: .*standard input is a block device.*",
        (block_device_on_stdin,)),
    Row("scm_rights", "user", "fds", "EBADF", (socket_with_directory_at(5),)),
    Row("scm_rights_stdin", "user", "fds", "EBADF",
        (socket_with_directory_at(0),), program="scm_rights",
        later="Landlock rules for files; the caller chose the peer"),
    Row("proc_root", "host user", "root", "ENOENT", (outsider, secret_path),
        behind="landlock"),
    Row("proc_root_with_proc", "host user", "namespaces", "ENOENT",
        (outsider, secret_path), program="proc_root", namespaces="pid",
        options=("--proc", "--writable"), behind="landlock"),
    Row("device_nodes", "host root", "root", "ENOENT"),
    Row("write_image", "root", "ids", "EACCES", roots=(DIRECTORY,)),
    Row("write_image_mounted", "root", "root", "EROFS",
        program="write_image", roots=(IMAGE,), behind="ids"),
    Row("write_image_loose", "user", "root", "EROFS", (loose_modes,),
        program="write_image", roots=(IMAGE,), behind="unpacker"),
    Row("earlier_run", "user", "root", "no mark of an earlier run",
        roots=(IMAGE,), twice=True),
    Row("earlier_run_of_directory", "user", "root",
        "no mark of an earlier run", program="earlier_run",
        roots=(DIRECTORY,), twice=True,
        later="an own file system on /tmp and home"),
    Row("moved_directory", "user", "root", "ENOENT", (mover,),
        roots=(IMAGE,)),
    Row("moved_directory_of_caller", "user", "root", "ENOENT", (mover,),
        program="moved_directory", roots=(DIRECTORY,),
        later="Landlock rules for files, or an own mount namespace"),
    Row("open_device", "user", "unpacker", "", (device_in_image,),
        roots=(IMAGE,), by=((IMAGE, r"launcher: .*dev/disk.*"),)),

    # Mounts, devices, handles
    Row("mount_proc", "root", "seccomp", "EPERM", (private_mounts,),
        behind="ids"),
    Row("mount_bind", "root", "seccomp", "EPERM", (private_mounts,),
        behind="ids"),
    Row("mount_fsopen", "root", "seccomp", "ENOSYS", (private_mounts,),
        behind="ids"),
    Row("mount_open_tree", "root", "seccomp", "ENOSYS", (private_mounts,),
        behind="ids"),
    Row("mount_open_tree_attr", "root", "seccomp", "ENOSYS",
        (private_mounts,),
        behind="ids"),
    Row("mount_setattr", "root", "seccomp", "ENOSYS", (private_mounts,),
        behind="ids"),
    Row("mount_list", "root", "seccomp", "ENOSYS"),
    Row("umount", "root", "seccomp", "EPERM",
        behind="ids"),
    Row("pivot_root", "root", "seccomp", "SIGSYS",
        behind="ids"),
    Row("mknod_block", "root", "seccomp", "EPERM",
        behind="ids"),
    Row("mknod_char", "root", "seccomp", "EPERM",
        behind="ids"),
    Row("file_handle", "root", "seccomp", "SIGSYS", (directory_handle,),
        behind="ids"),

    # Processes outside
    Row("ptrace_outsider", "user", "seccomp", "EPERM", (outsider,),
        behind="landlock"),
    Row("ptrace_launcher", "host user", "seccomp", "EPERM",
        control_prefix=PARENT,
        behind="ids"),
    Row("process_vm_read", "user", "seccomp", "EPERM", (outsider,),
        behind="landlock"),
    Row("process_vm_write", "user", "seccomp", "EPERM", (outsider,),
        behind="landlock"),
    Row("pidfd_getfd", "user", "seccomp", "EPERM", (outsider,),
        behind="landlock"),
    Row("kcmp_outsider", "user", "seccomp", "ENOSYS", (outsider,),
        behind="landlock"),
    Row("process_madvise", "root", "seccomp", "ENOSYS", (outsider,),
        behind="caps"),
    Row("move_pages", "user", "seccomp", "ENOSYS", (outsider,),
        behind="landlock"),
    Row("signal_stranger", "root", "ids", "EPERM", (stranger,),
        program="signal_outsider",
        behind="caps"),
    Row("ptrace_outsider_insecure", "user", "landlock", "EPERM", (outsider,),
        program="ptrace_outsider", options=INSECURE),
    Row("ptrace_outsider_old_landlock", "user", "landlock", "EPERM",
        (outsider, older_landlock(2)), program="ptrace_outsider",
        options=INSECURE, roots=(DIRECTORY,)),
    Row("process_vm_write_insecure", "user", "landlock", "EPERM", (outsider,),
        program="process_vm_write", options=INSECURE),
    Row("signal_outsider", "user", "landlock", "EPERM", (outsider,)),
    *(Row(f"signal_outsider_{name}", "user", "ids", "EPERM",
          (outsider, need), program="signal_outsider", later=SAME_UID)
      for name, need in (("no_landlock", no_landlock),
                         ("old_landlock", older_landlock(5)))),
    Row("signal_stranger_pidfd", "root", "ids", "EPERM", (stranger,),
        program="signal_outsider_pidfd",
        behind="caps"),
    Row("signal_launcher", "host user", "ids", "EPERM",
        control_prefix=PARENT, behind="landlock"),
    Row("signal_outsider_pidfd", "user", "landlock", "EPERM", (outsider,)),
    Row("signal_everyone", "user", "landlock", "the outsider lives",
        (outsider,)),
    Row("signal_group", "user", "session", "EPERM",
        (outsider_in_group,), options=UNSCOPED),
    Row("prlimit_outsider", "user", "seccomp", "EPERM", (outsider,)),
    Row("affinity_outsider", "user", "seccomp", "EPERM", (outsider,)),
    Row("nice_outsider", "user", "seccomp", "EPERM", (outsider,)),
    Row("nice_everyone", "user", "seccomp", "EPERM", (outsider,)),
    Row("ioprio_outsider", "user", "seccomp", "EPERM", (outsider,)),
    Row("ioprio_everyone", "user", "seccomp", "EPERM", (outsider,)),
    Row("scheduler_outsider", "user", "seccomp", "EPERM", (outsider,)),
    Row("owner_signal", "user", "seccomp", "EPERM", (outsider,),
        behind="landlock"),
    Row("owner_signal_ex", "user", "seccomp", "EPERM", (outsider,),
        behind="landlock"),
    Row("owner_signal_ioctl", "user", "seccomp", "EPERM", (outsider,),
        behind="landlock"),
    Row("shared_memory_outsider", "user", "ids", "EACCES", (shared_memory,),
        later=SAME_UID_IPC),

    *(Row(f"{name}_namespace", "user", "namespaces", refusal, needs,
          program=name, namespaces=kind, options=(*INSECURE, *UNSCOPED))
      for name, kind, refusal, needs in (
          ("signal_outsider", "pid", "ESRCH", (outsider,)),
          ("signal_outsider_pidfd", "pid", "ESRCH", (outsider,)),
          ("ptrace_outsider", "pid", "ESRCH", (outsider,)),
          ("process_vm_write", "pid", "ESRCH", (outsider,)),
          ("prlimit_outsider", "pid", "ESRCH", (outsider,)),
          ("affinity_outsider", "pid", "ESRCH", (outsider,)),
          ("shared_memory_outsider", "ipc", "EINVAL", (shared_memory,)))),
    Row("signal_everyone_namespace", "user", "namespaces", "ESRCH",
        (outsider,), program="signal_everyone",
        namespaces="pid", options=(*INSECURE, *UNSCOPED)),
    Row("connect_loopback_namespace", "user", "namespaces", "ECONNREFUSED",
        (loopback_listener,), program="connect_loopback",
        options=("--net", "private")),
    Row("abstract_socket_namespace", "user", "namespaces", "ECONNREFUSED",
        (abstract_listener(socket.SOCK_STREAM),), program="abstract_socket",
        options=("--net", "private", *UNSCOPED)),
    Row("left_memory_namespace", "user", "namespaces", "nothing is left",
        program="left_memory", left=memory_left, namespaces="ipc"),
    Row("left_queue_namespace", "user", "namespaces", "nothing is left",
        (queue_name,), program="left_queue", left=queue_left,
        namespaces="ipc"),

    # Sockets
    Row("abstract_socket", "user", "landlock", "EPERM",
        (abstract_listener(socket.SOCK_STREAM),)),
    Row("abstract_datagram", "user", "landlock", "EPERM",
        (abstract_listener(socket.SOCK_DGRAM), number(socket.SOCK_DGRAM))),
    Row("abstract_datagram_raw", "user", "landlock", "EPERM",
        (abstract_listener(socket.SOCK_DGRAM), number(socket.SOCK_RAW)),
        program="abstract_datagram"),
    # Where nothing keeps abstract names apart, there are no such sockets
    *(Row(f"abstract_socket_{name}", "user", "seccomp", "EAFNOSUPPORT",
          (abstract_listener(socket.SOCK_STREAM), need),
          program="abstract_socket")
      for name, need in (("no_landlock", no_landlock),
                         ("old_landlock", older_landlock(5)))),
    Row("abstract_socket_unscoped", "user", "seccomp", "EAFNOSUPPORT",
        (abstract_listener(socket.SOCK_STREAM),), program="abstract_socket",
        options=UNSCOPED),
    *(Row(f"abstract_datagram_{name}", "user", "seccomp", "ESOCKTNOSUPPORT",
          (abstract_listener(socket.SOCK_DGRAM), number(kind)),
          program="abstract_datagram", options=UNSCOPED)
      for name, kind in (("unscoped", socket.SOCK_DGRAM),
                         ("raw_unscoped", socket.SOCK_RAW))),
    Row("path_socket", "user", "seccomp", "EAFNOSUPPORT", (path_listener,),
        roots=(DIRECTORY,), options=UNSCOPED),
    Row("path_socket_named", "user", "seccomp", "EAFNOSUPPORT",
        (path_listener,), program="path_socket", roots=(DIRECTORY,),
        later="the caller put the socket into the root"),
    Row("socket_vsock", "user", "seccomp", "EAFNOSUPPORT"),
    Row("socket_alg", "user", "seccomp", "EAFNOSUPPORT"),
    Row("socket_packet", "root", "seccomp", "EAFNOSUPPORT",
        behind="ids"),
    Row("socket_netlink", "user", "seccomp", "EAFNOSUPPORT"),
    Row("socket_high_bits", "user", "seccomp", "EAFNOSUPPORT"),
    Row("socketpair_inet", "user", "seccomp", "EAFNOSUPPORT"),
    Row("connect_loopback", "user", "seccomp", "EAFNOSUPPORT",
        (loopback_listener,)),
    *(Row(f"{name}_net_host", "user", "seccomp", refusal, needs, program=name,
          roots=(DIRECTORY,), options=("--net", "host"))
      for name, refusal, needs in (
          ("socket_vsock", "EAFNOSUPPORT", ()),
          ("socket_alg", "EAFNOSUPPORT", ()))),
    *(Row(f"{name}_net_host", "user", "landlock", "EPERM", needs,
          program=name, roots=(DIRECTORY,), options=("--net", "host"))
      for name, needs in (
          ("abstract_socket", (abstract_listener(socket.SOCK_STREAM),)),
          ("abstract_datagram", (abstract_listener(socket.SOCK_DGRAM),
                                 number(socket.SOCK_DGRAM))))),
    Row("list_interfaces", "user", "seccomp", "ENOTTY"),
    Row("io_uring", "user", "seccomp", "ENOSYS"),

    # Namespaces: --root / is no chroot, in which the kernel would refuse
    Row("userns_unshare", "host user", "seccomp", "EPERM", roots=(HOST,)),
    Row("userns_clone", "host user", "seccomp", "EPERM", roots=(HOST,)),
    Row("userns_clone3", "host user", "seccomp", "ENOSYS", roots=(HOST,)),
    Row("setns_outsider", "root", "seccomp", "SIGSYS",
        (outsider, secret_path),
        behind="ids"),

    # Privileges
    Row("setuid_program", "user", "no_new_privs", "runs as the user",
        (program_mode(0o4755),), program="setid_program",
        by=((IMAGE, r"launcher: .*attempt.*"),),
        behind="seccomp refuses to start without it"),
    Row("setgid_program", "user", "no_new_privs", "runs as the user",
        (program_mode(0o2755),), program="setid_program",
        by=((IMAGE, r"launcher: .*attempt.*"),),
        behind="seccomp refuses to start without it"),
    Row("setuid_program_insecure", "user", "no_new_privs",
        "runs as the user", (program_mode(0o4755),), program="setid_program",
        options=(*INSECURE, *UNSCOPED), roots=(DIRECTORY,)),
    Row("file_capabilities", "user", "bounding", "no capabilities",
        (program_capabilities(False),),
        by=((IMAGE, NO_XATTRS),),
        behind="no_new_privs"),
    Row("file_capabilities_effective", "user", "bounding",
        "status 126, .*it has file capabilities, and the jail has not.*",
        (program_capabilities(True),), program="file_capabilities",
        # mounted nosuid, it has none
        by=((IMAGE, NO_XATTRS), (MOUNTED, "no capabilities")),
        behind="no_new_privs"),
    Row("regain_uid", "forgetful", "ids", "EPERM"),
    Row("regain_gid", "forgetful", "ids", "EPERM"),
    *(Row(f"root_by_{name}", "host root", "spec",
          "launcher: jaillaunch: .*", (user_line(line),), program="be_root",
          user="evil", control_prefix=NAIVE) for name, line in PASSWD_LINES),
    *(Row(f"root_by_number_{i}", "host root", "spec",
          "launcher: jaillaunch: .*", program="be_root", user=text,
          control_prefix=NAIVE, roots=(DIRECTORY,))
      for i, text in enumerate(ROOT_NUMBERS)),
    Row("join_group", "root", "ids", "EPERM",
        behind="caps"),
    Row("caller_groups", "user", "ids", "not in the caller's group",
        (caller_group,)),
    Row("raise_capability", "forgetful", "ids", "EPERM",
        behind="caps"),
    Row("ambient_capability", "root", "ids",
        "launcher: .*layer ids: .*could be regained.*",
        (locked_file, ambient_capabilities), roots=(DIRECTORY,),
        behind="caps"),
    Row("ambient_capability_of_root", "user", "bounding", "EACCES",
        (locked_file, sticky_capabilities), program="ambient_capability",
        roots=(DIRECTORY,),
        behind="ids, caps"),
    Row("root_capability", "root", "caps", "EACCES",
        (locked_file, inheritable_capabilities), roots=(DIRECTORY,),
        user="0", options=("--allow-root",), behind="bounding"),
    Row("root_capability_beyond", "root", "caps", "EACCES",
        (locked_file, inheritable_capabilities), program="root_capability",
        roots=(DIRECTORY,), user="0",
        options=("--allow-root", "--caps", "chown")),
    Row("bounding_set", "user", "bounding", "empty"),
    Row("securebits", "root", "ids", "EPERM",
        behind="caps"),
    Row("clear_no_new_privs", "user", "no_new_privs", "EINVAL",
        behind="seccomp refuses to start without it"),
    Row("raise_limit", "user", "rlimits", "EPERM", (soft_limit,),
        options=("--limit", "nofile=64")),
    Row("fork_bomb", "user", "cgroup", "EAGAIN", (hierarchy("pids"),),
        options=("--limit", "pids=16")),
    Row("fork_bomb_in_place", "user", "rlimits", "EAGAIN",
        program="fork_bomb", roots=(IN_PLACE,),
        options=("--limit", "pids=16")),
    Row("memory_bomb", "user", "cgroup", "a process was killed",
        (hierarchy("memory"),), options=("--limit", "memory=24M")),
    Row("cpu_hog", "user", "cgroup", "little of the processors",
        (hierarchy("cpu"),), options=("--limit", "cpus=0.01")),
    Row("output_flood", "user", "output", "status 137, .*",
        options=("--limit", "output=64K")),
    Row("fill_tmp", "user", "root", "ENOSPC", options=("--limit", "tmp=1M")),
    Row("core_dump", "user", "rlimits", "no core, the limit is 1",
        (core_limit,)),
    Row("environment", "user", "environment", "none of them is set",
        (secret_environment,)),

    # What the kernel offers beyond files and processes
    Row("keyring_add", "user", "seccomp", "ENOSYS"),
    Row("keyring_request", "user", "seccomp", "ENOSYS"),
    Row("keyring_session", "user", "seccomp", "ENOSYS"),
    Row("bpf", "root", "seccomp", "EPERM",
        behind="ids"),
    Row("perf_event", "root", "seccomp", "EPERM"),
    Row("userfaultfd", "root", "seccomp", "EPERM",
        behind="ids"),
    Row("fanotify", "root", "seccomp", "EPERM",
        behind="ids"),
    Row("personality", "user", "seccomp", "EPERM"),
    Row("vmsplice", "user", "seccomp", "ENOSYS"),
    Row("seccomp_listener", "user", "seccomp", "EPERM"),
    Row("prctl_mm", "user", "seccomp", "EPERM"),
    Row("prctl_ptracer", "user", "seccomp", "EPERM"),
    Row("modify_ldt", "user", "seccomp", "ENOSYS"),
    Row("int80", "user", "seccomp", "SIGSYS"),
    Row("number_newer", "host root", "seccomp", "ENOSYS",
        (newer_kernel, number(472)), program="unknown_number"),
    Row("number_far", "host root", "seccomp", "ENOSYS",
        (newer_kernel, number(100000)), program="unknown_number"),
    Row("number_x32", "host root", "seccomp", "ENOSYS",
        (newer_kernel, number(0x40000000 | 520)), program="unknown_number"),
    Row("number_minus_one", "host root", "seccomp", "ENOSYS",
        (newer_kernel, number(-1)), program="unknown_number"),

    # Terminals
    Row("terminal_input", "user", "seccomp", "EPERM", (terminal,)),
    Row("terminal_input_high_bits", "user", "seccomp", "EPERM", (terminal,)),
    Row("terminal_discipline", "user", "seccomp", "EPERM", (terminal,)),
    Row("terminal_paste", "user", "seccomp", "EPERM", (terminal,)),
    Row("terminal_foreground", "user", "session", "ENOTTY", (terminal,),
        later="a terminal of the jail's own"),
    *(Row(f"{name}{of}", "user", "supervisor", "nothing is left", (where,),
          program=name, left=left)
      for name, left in (("terminal_frozen", terminal_is_frozen),
                         ("terminal_exclusive", terminal_is_exclusive),
                         ("terminal_modes", terminal_modes_differ))
      for of, where in (("", terminal), ("_stdout", terminal_on_stdout))),

    # The machine
    Row("reboot", "root", "seccomp", "SIGSYS",
        behind="ids"),
    Row("kexec", "root", "seccomp", "SIGSYS"),
    Row("kexec_file", "root", "seccomp", "SIGSYS"),
    Row("module", "root", "seccomp", "SIGSYS"),
    Row("module_file", "root", "seccomp", "SIGSYS"),
    Row("port_io", "root", "seccomp", "SIGSYS"),
    Row("port_level", "root", "seccomp", "SIGSYS"),
    Row("swap", "root", "seccomp", "SIGSYS",
        behind="ids"),
    Row("set_time", "root", "seccomp", "EPERM",
        behind="ids"),
    Row("set_hostname", "root", "seccomp", "EPERM",
        behind="ids"),
    Row("accounting", "root", "seccomp", "EPERM",
        behind="ids"),
    Row("quota", "user", "seccomp", "EPERM"),
    Row("kernel_log", "root", "seccomp", "EPERM",
        behind="ids"),

    # Set-id files
    Row("setid_chmod", "user", "seccomp", "EPERM"),
    Row("setid_fchmodat2", "user", "seccomp", "EPERM"),
    Row("setid_creat", "user", "seccomp", "EPERM"),
    Row("setid_openat2", "user", "seccomp", "ENOSYS"),
    Row("setid_tmpfile", "user", "seccomp", "EPERM"),
    Row("setid_mknod", "user", "seccomp", "EPERM"),

    # What stays when the program has ended
    Row("leave_daemon", "user", "supervisor", "nothing is left",
        left=processes_left),
    Row("leave_sibling", "user", "supervisor", "nothing is left",
        left=processes_left),
    Row("leave_runner", "user", "supervisor", "nothing is left",
        left=processes_left),
    Row("forged_status", "host user", "supervisor",
        "the program's own status", control_prefix=ANY_CHILD),
    Row("outlive_launcher", "host user", "watcher", "nothing is left",
        (killer,), left=processes_left, control_prefix=PARENT),
    Row("left_memory", "user", "supervisor", "nothing is left",
        left=memory_left, later=SAME_UID_IPC),
    Row("left_queue", "user", "supervisor", "nothing is left", (queue_name,),
        left=queue_left, later=SAME_UID_IPC),
    Row("left_memory_own_uid", "user", "supervisor", "nothing is left",
        (own_uid,), program="left_memory", left=memory_left),
    Row("left_queue_own_uid", "user", "supervisor", "nothing is left",
        (queue_name, own_uid), program="left_queue", left=queue_left),
    *(Row(f"{name}_own_uid", "user", "supervisor", "nothing is left",
          (own_uid,), program=name, left=processes_left)
      for name in ("leave_daemon", "leave_sibling", "leave_runner")),
    Row("outlive_launcher_own_uid", "host user", "watcher", "nothing is left",
        (killer, own_uid), program="outlive_launcher", left=processes_left,
        control_prefix=PARENT),
]

LAYERS = ("cgroup", "output", "session", "fds", "root", "namespaces", "rlimits",
          "bounding", "ids", "caps", "no_new_privs", "landlock", "seccomp")
ALONE = [row for row in TABLE if row.layer in LAYERS and not row.behind
         and not row.later and row.roots[0] != IMAGE]
LANDLOCK = landlock_abi()
BY_NAME = {row.name: row for row in TABLE}
INSIDE = [pytest.param(row, root, id=f"{row.name}-{root}".replace(" ", ""))
          for row in TABLE for root in row.all_roots()]


@contextlib.contextmanager
def prepared(scratch, row):
    if row.layer == "landlock" and LANDLOCK < 6:
        pytest.skip(f"Landlock's scopes need ABI 6, here: {LANDLOCK}")
    with contextlib.ExitStack() as stack:
        case = help_.Case(scratch, row, stack)
        for need in row.needs:
            need(case)
        yield case


def ended(case, result):
    """The outcome; for those that leave something, whether they did."""
    if case.row.left and (result[0] in (0, -9) or not result[1]):
        return "escaped" if case.row.left(case) else "nothing is left"
    return help_.outcome(*result)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_succeeds_outside(scratch, row):
    with prepared(scratch, row) as case:
        for _ in range(1 + row.twice):
            result = help_.run_control(case)
        assert ended(case, result) == "escaped", result


def launch(case, root, launcher=BUILD / "jaillaunch"):
    """The command line."""
    case.is_inside = True
    user = case.row.user or case.uid
    if root == IN_PLACE:
        # A sanitized launcher that fails in the jail has no /proc to look at.
        case.env["ASAN_OPTIONS"] = "detect_leaks=0"
    where, program = [DIRECTORY, case.root], "/attempt"
    if root == IMAGE:
        image = case.scratch / "image.tar"
        help_.make_image(case.root, image)
        where = [IMAGE, image]
    elif root == MOUNTED:
        image = case.scratch / "mountable.tar"
        if not image.exists():  # the second run has the pin of the first
            help_.make_mountable(case.root, image)
        where = [IMAGE, image]
    elif root == HOST:
        where, program = [DIRECTORY, "/"], case.root / "attempt"
    how = ["--exec"] if root == IN_PLACE else \
        ["--report", case.scratch / "report"]
    return [*case.launcher_prefix, launcher, *where, f"--user={user}",
            f"--ns={case.row.namespaces}", *how, *case.options,
            *case.row.options, "--",
            program, *case.argv]


def assert_was_mounted(case, result):
    """Unless the launcher refused, or was killed, and left no report."""
    if result[0] in (125, -signal.SIGKILL):
        return
    said = json.loads((case.scratch / "report").read_text())["root"]
    assert said["from"] in MOUNT_WORDS, said
    assert said["method"] not in ("chroot", "none"), said


@pytest.mark.parametrize("row, root", INSIDE)
def test_is_refused_inside(scratch, row, root):
    with prepared(scratch, row) as case:
        for _ in range(1 + row.twice):
            result = help_.finish(case, case.start(launch(case, root)))
        how = ended(case, result)
        if root == MOUNTED:
            assert_was_mounted(case, result)
        if row.later:
            assert how == "escaped", (result, row.later)
            report = json.loads((case.scratch / "report").read_text())
            assert "for each run" not in row.later or \
                report["user"]["shares_uid"]
        else:
            wanted = row.expected(root)
            assert how == wanted or re.fullmatch(wanted, how, re.S), result


@pytest.mark.parametrize("row", [
    row for row in TABLE if row.namespaces == "none" and
    row.later in ("", SAME_UID, SAME_UID_IPC)], ids=lambda row: row.name)
def test_is_refused_by_default(scratch, row):
    """As it is when nothing is said: with every namespace there is."""
    row = dataclasses.replace(row, namespaces="auto")
    with prepared(scratch, row) as case:
        for _ in range(1 + row.twice):
            result = help_.finish(case, case.start(launch(case, row.roots[0])))
        assert ended(case, result) != "escaped", result


def cannot_be_had_without_root(row):
    """What the launcher refuses then: uid pools, capabilities, cgroups; and
    callers who are half root."""
    return own_uid in row.needs or row.layer in ("unpacker", "cgroup") or \
        "--caps" in " ".join(row.options) or \
        row.name == "ambient_capability_of_root" or \
        row.control_prefix == NAIVE or \
        (row.later and row.later not in (SAME_UID, SAME_UID_IPC))


@pytest.mark.parametrize("row, root", [
    pytest.param(row, root, id=f"{row.name}-{root}") for row in TABLE
    for root in row.roots if root in (DIRECTORY, IMAGE) and
    not cannot_be_had_without_root(row)])
def test_is_refused_without_root(scratch, row, root):
    """The launcher of somebody who is not root: by a user namespace."""
    namespaces = "auto" if row.namespaces == "none" else row.namespaces
    row = dataclasses.replace(row, namespaces=namespaces)
    with prepared(scratch, row) as case:
        scratch.chmod(0o777)
        place = pathlib.Path(f"/tmp/jailwright-{case.uid}")
        case.stack.callback(shutil.rmtree, place, True)
        case.launcher_prefix += ["setpriv", "--reuid", case.uid, "--regid",
                                 case.uid, "--clear-groups"]
        for _ in range(1 + row.twice):
            result = help_.finish(case, case.start(launch(case, root)))
        how = ended(case, result)
        assert how != "escaped", result
        assert not place.exists() or not list(place.iterdir())
        assert not how.startswith("launcher: ") or \
            "launcher: " in row.expected(root), result


@pytest.mark.parametrize("row", ALONE, ids=lambda row: row.name)
def test_needs_its_layer(scratch, row):
    """Taken out of the launcher, the layer takes the refusal with it."""
    launcher = BUILD / "without" / row.layer.replace("_", "")
    with prepared(scratch, row) as case:
        command = launch(case, row.roots[0], launcher)
        if row.layer == "root":
            at = command.index("/attempt")
            command[at] = case.root / "attempt"
        result = help_.finish(case, case.start(command))
        assert ended(case, result) == "escaped", result


def test_each_layer_is_needed_by_an_attempt():
    without = {path.name for path in (BUILD / "without").iterdir()}
    assert {row.layer.replace("_", "") for row in ALONE} == without


def test_the_table_is_complete():
    here = pathlib.Path(__file__).parent
    programs = {path.stem for path in here.glob("*.c")}
    assert {row.program or row.name for row in TABLE} == programs
    assert len(BY_NAME) == len(TABLE)


def test_every_attempt_opens_with_what_stops_it():
    for source in pathlib.Path(__file__).parent.glob("*.c"):
        comment = source.read_text().split("*/")[0]
        assert comment.startswith("/*"), source.name
        assert "Stopped by: " in comment, source.name
