// The system-call filter of a judged program: a second wall behind the namespaces, and the only one in the tier "none".
// A refused call fails with EPERM, so that a harmless program that merely tries goes on.
#pragma once

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace filter {

// Never needed by a compiler or by a judged program: other processes, the network, shared memory that no limit counts.
inline std::vector<long> always_refused() {
    return {SYS_kill,          SYS_tkill,       SYS_setsid,        SYS_setpgid,           SYS_rt_sigqueueinfo,
            SYS_ptrace,        SYS_process_vm_readv, SYS_process_vm_writev, SYS_rt_tgsigqueueinfo, SYS_socket,
            SYS_socketpair,    SYS_bind,        SYS_connect,       SYS_shmget,            SYS_shmat,
            SYS_msgget,        SYS_semget,      SYS_mq_open,       SYS_memfd_create,      SYS_add_key,
            SYS_request_key,   SYS_keyctl,      SYS_bpf,           SYS_perf_event_open,   SYS_userfaultfd,
            SYS_mount,         SYS_umount2,     SYS_pivot_root,    SYS_chroot,            SYS_unshare,
            SYS_setns,         SYS_open_by_handle_at, SYS_sched_setscheduler, SYS_setpriority,
            SYS_sched_setattr, SYS_inotify_init1, SYS_fanotify_init,
#ifdef SYS_io_uring_setup
            SYS_io_uring_setup,
#endif
#ifdef SYS_pidfd_open
            SYS_pidfd_open,    SYS_pidfd_send_signal,
#endif
#ifdef SYS_openat2
            SYS_openat2,
#endif
    };
}

// Refused to a program that runs (a compiler must write its output): everything that changes the file system.
inline std::vector<long> refused_to_programs() {
    return {SYS_truncate, SYS_mkdirat,  SYS_unlinkat,  SYS_renameat2, SYS_linkat,       SYS_symlinkat, SYS_fchmodat,
            SYS_fchmod,   SYS_fchownat, SYS_fchown,    SYS_mknodat,   SYS_utimensat,    SYS_setxattr,  SYS_fsetxattr,
            SYS_lsetxattr, SYS_removexattr, SYS_fremovexattr, SYS_lremovexattr,
#ifdef SYS_unlink
            SYS_creat,    SYS_mkdir,    SYS_rmdir,     SYS_unlink,    SYS_rename,       SYS_renameat,  SYS_link,
            SYS_symlink,  SYS_chmod,    SYS_chown,     SYS_lchown,    SYS_mknod,        SYS_utime,     SYS_utimes,
            SYS_futimesat,
#endif
    };
}

inline sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset)); }
inline sock_filter answer(unsigned value) { return BPF_STMT(BPF_RET | BPF_K, value); }

constexpr unsigned REFUSE = SECCOMP_RET_ERRNO | EPERM;

inline size_t argument(int index) { return offsetof(seccomp_data, args) + 8 * static_cast<size_t>(index); }

inline void refuse_call(std::vector<sock_filter>& code, long number, unsigned how = REFUSE) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1));
    code.push_back(answer(how));
}

// The call `number` only with the calling process (or 0) as its first argument.
inline void only_on_itself(std::vector<sock_filter>& code, long number) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 5));
    code.push_back(load(argument(0)));
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(getpid()), 2, 0));
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0));
    code.push_back(answer(REFUSE));
    code.push_back(load(offsetof(seccomp_data, nr)));
}

constexpr unsigned WRITING = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
constexpr unsigned NAMESPACES = 0x7e020000;  // CLONE_NEW*: of mounts, control groups, names, IPC, users, processes, network

// The call `number` with any of `flags` in argument `index`.
inline void refuse_flags(std::vector<sock_filter>& code, long number, int index, unsigned flags) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 4));
    code.push_back(load(argument(index)));
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1));
    code.push_back(answer(REFUSE));
    code.push_back(load(offsetof(seccomp_data, nr)));
}

// Installs the filter for this process and its children; false where the kernel has none.
inline bool install(bool program) {
#if defined(__x86_64__)
    constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
    constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
    constexpr unsigned architecture = 0;
    return false;
#endif
    std::vector<sock_filter> code;
    code.push_back(load(offsetof(seccomp_data, arch)));
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0));
    code.push_back(answer(REFUSE));
    code.push_back(load(offsetof(seccomp_data, nr)));
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));  // the x32 doubles of every call
    code.push_back(answer(REFUSE));
    for (long number : always_refused()) refuse_call(code, number);
    only_on_itself(code, SYS_tgkill);  // abort() and raise() use it
    only_on_itself(code, SYS_prlimit64);
    refuse_flags(code, SYS_clone, 0, NAMESPACES);
#ifdef SYS_clone3
    refuse_call(code, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);  // its flags are in memory; libraries then take clone
#endif
    if (program) {
        for (long number : refused_to_programs()) refuse_call(code, number);
        refuse_flags(code, SYS_openat, 2, WRITING);
#ifdef SYS_open
        refuse_flags(code, SYS_open, 1, WRITING);
#endif
    }
    code.push_back(answer(SECCOMP_RET_ALLOW));
    sock_fprog prog = {static_cast<unsigned short>(code.size()), code.data()};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

}  // namespace filter
