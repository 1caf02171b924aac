"""Docker's default seccomp profile, as its documentation describes it, arranged
by us: all calls are allowed but those of these tables, some of them in a
container that has a capability, on a kernel or a machine, or for some
arguments."""

import json

# Refused whatever the container may do.
NEVER = """_sysctl add_key afs_syscall create_module epoll_ctl_old epoll_wait_old
file_getattr file_setattr get_kernel_syms getpmsg io_uring_enter
io_uring_register io_uring_setup kexec_file_load kexec_load keyctl listns
lsm_get_self_attr lsm_list_modules lsm_set_self_attr migrate_pages move_pages
nfsservctl open_tree_attr pivot_root putpmsg query_module request_key
rseq_slice_yield security swapoff swapon sysfs tuxcall uprobe uretprobe uselib
userfaultfd ustat vserver""".split()

# Allowed with a capability.
BY_CAPABILITY = {
    "CAP_DAC_READ_SEARCH": ["open_by_handle_at"],
    "CAP_SYS_ADMIN": """bpf clone clone3 fanotify_init fsconfig fsmount fsopen
        fspick lookup_dcookie mount mount_setattr move_mount open_tree
        perf_event_open quotactl quotactl_fd setdomainname sethostname setns
        syslog umount umount2 unshare""".split(),
    "CAP_SYS_BOOT": ["reboot"],
    "CAP_SYS_CHROOT": ["chroot"],
    "CAP_SYS_MODULE": ["delete_module", "finit_module", "init_module"],
    "CAP_SYS_PACCT": ["acct"],
    "CAP_SYS_PTRACE": """kcmp pidfd_getfd process_madvise process_vm_readv
        process_vm_writev ptrace""".split(),
    "CAP_SYS_RAWIO": ["iopl", "ioperm"],
    "CAP_SYS_TIME": ["settimeofday", "stime", "clock_settime",
                     "clock_settime64"],
    "CAP_SYS_TTY_CONFIG": ["vhangup"],
    "CAP_SYS_NICE": """get_mempolicy mbind set_mempolicy
        set_mempolicy_home_node""".split(),
    "CAP_SYSLOG": ["syslog"],
    "CAP_BPF": ["bpf"],
    "CAP_PERFMON": ["perf_event_open"],
}
SINCE_KERNEL = {"4.8": ["process_vm_readv", "process_vm_writev", "ptrace"]}
BY_MACHINE = {
    ("amd64", "x32"): ["arch_prctl"],
    ("amd64", "x32", "x86"): ["modify_ldt"],
    ("arm", "arm64"): ["arm_fadvise64_64", "arm_sync_file_range",
                       "sync_file_range2", "breakpoint", "cacheflush",
                       "set_tls"],
    ("s390", "s390x"): ["s390_pci_mmio_read", "s390_pci_mmio_write",
                        "s390_runtime_instr"],
    ("riscv64",): ["riscv_flush_icache"],
}
# Calls that only 32-bit machines have are on the list too.
OTHERS = """_llseek _newselect chown32 clock_gettime64 fcntl64 fstat64 fstatat64
ftruncate64 futex_time64 getegid32 geteuid32 getgid32 getuid32 ipc lstat64
mmap2 ppoll_time64 recv send sendfile64 setgid32 sigreturn socketcall stat64
statfs64 truncate64 ugetrlimit waitpid""".split()

PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff]
NAMESPACE_FLAGS = 0x7e020000
FAMILIES_REFUSED = [38, 40]  # AF_ALG, AF_VSOCK


def argument(index, operator, value, two=0):
    return {"index": index, "value": value, "valueTwo": two,
            "op": f"SCMP_CMP_{operator}"}


def allow(names, **more):
    return {"names": names, "action": "SCMP_ACT_ALLOW", **more}


def conditional():
    """Names that are not allowed just so."""
    return set(NEVER) | {"personality", "socket"} | {
        name for table in (BY_CAPABILITY, SINCE_KERNEL, BY_MACHINE)
        for names in table.values() for name in names}


def profile(every_name):
    """The profile as text, over all names that there are."""
    plain = sorted((set(every_name) | set(OTHERS)) - conditional())
    rules = [allow(plain)]
    rules += [allow(names, includes={"caps": [cap]})
              for cap, names in BY_CAPABILITY.items()]
    rules += [allow(names, includes={"minKernel": kernel})
              for kernel, names in SINCE_KERNEL.items()]
    rules += [allow(names, includes={"arches": list(machines)})
              for machines, names in BY_MACHINE.items()]
    rules += [allow(["personality"], args=[argument(0, "EQ", value)])
              for value in PERSONALITIES]
    rules.append(allow(["socket"], args=[argument(0, "LT", 38)]))
    rules.append(allow(["socket"], args=[argument(0, "EQ", 39)]))
    rules.append(allow(["socket"], args=[argument(0, "GT", 40)]))
    without = {"caps": ["CAP_SYS_ADMIN"]}
    rules.append(allow(
        ["clone"], excludes={**without, "arches": ["s390", "s390x"]},
        args=[argument(0, "MASKED_EQ", NAMESPACE_FLAGS)]))
    rules.append({"names": ["clone3"], "action": "SCMP_ACT_ERRNO",
                  "errnoRet": 38, "excludes": without})
    return json.dumps({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "archMap": [
            {"architecture": "SCMP_ARCH_X86_64",
             "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
            {"architecture": "SCMP_ARCH_AARCH64",
             "subArchitectures": ["SCMP_ARCH_ARM"]},
            {"architecture": "SCMP_ARCH_S390X",
             "subArchitectures": ["SCMP_ARCH_S390"]}],
        "syscalls": rules}, indent=1)
