// The filter of system calls for compilers and judged programs: what reaches other processes, memory that no limit
// counts, and what neither of them ever needs. Behind namespaces it is a second wall. Where there are none it is no wall:
// there it keeps mistakes such as kill(-1) within the program's own process group, which dies as a whole.
// A refused call fails with EPERM, so that a harmless program that merely tries goes on.
#pragma once

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <initializer_list>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace filter {

using Code = std::vector<sock_filter>;

// Calls of Linux 5.1 and later have one number on every processor, and older headers no name for them.
constexpr long PIDFD_SEND_SIGNAL = 424, IO_URING_SETUP = 425, PIDFD_OPEN = 434, CLONE3 = 435, PIDFD_GETFD = 438,
               PROCESS_MADVISE = 440, MEMFD_SECRET = 447, LAST_KNOWN = 462;

constexpr long REFUSED[] = {
    // other processes
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, PROCESS_MADVISE, PIDFD_OPEN, PIDFD_SEND_SIGNAL, PIDFD_GETFD,
    SYS_setpriority, SYS_ioprio_set, SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr, SYS_unshare, SYS_setns,
    // the network, and descriptors on their way from process to process
    SYS_socket, SYS_bind, SYS_connect, SYS_setsockopt, SYS_sendmsg, SYS_sendmmsg,
    // memory that no limit counts, some of it there for good
    SYS_memfd_create, MEMFD_SECRET, SYS_vmsplice, SYS_io_setup, IO_URING_SETUP, SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semop, SYS_semtimedop, SYS_semctl,
    SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink,
    // what the kernel has been attacked by
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_inotify_init1, SYS_fanotify_init,
#ifdef SYS_inotify_init
    SYS_inotify_init,
#endif
};

// Refused to programs, not to compilers. Locks reach whoever has the same library open, and a range takes memory of the
// kernel; the times of a file may be set by all who may write it, such as /dev/null.
constexpr long TOUCHING[] = {
    SYS_flock, SYS_utimensat,
#ifdef SYS_utime
    SYS_utime, SYS_utimes, SYS_futimesat,
#endif
};

constexpr unsigned REFUSE = SECCOMP_RET_ERRNO | EPERM, UNKNOWN = SECCOMP_RET_ERRNO | ENOSYS;

inline sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset)); }
inline sock_filter answer(unsigned value) { return BPF_STMT(BPF_RET | BPF_K, value); }
inline sock_filter jump(unsigned how, unsigned value, size_t yes, size_t no) {
    return BPF_JUMP(BPF_JMP | how | BPF_K, value, static_cast<unsigned char>(yes), static_cast<unsigned char>(no));
}

inline Code any_of(unsigned flags) { return {jump(BPF_JSET, flags, 0, 1), answer(REFUSE)}; }

inline Code all_of(unsigned flags) {
    return {BPF_STMT(BPF_ALU | BPF_AND | BPF_K, flags), jump(BPF_JEQ, flags, 0, 1), answer(REFUSE)};
}

inline Code one_of(std::initializer_list<unsigned> values) {
    Code code;
    for (unsigned value : values) code.insert(code.end(), {jump(BPF_JEQ, value, 0, 1), answer(REFUSE)});
    return code;
}

inline Code all_but(std::initializer_list<unsigned> values) {
    Code code;
    size_t left = values.size();
    for (unsigned value : values) code.push_back(jump(BPF_JEQ, value, left--, 0));
    code.push_back(answer(REFUSE));
    return code;
}

inline void refuse(Code& code, long number, unsigned how = REFUSE) {
    code.insert(code.end(), {jump(BPF_JEQ, static_cast<unsigned>(number), 0, 1), answer(how)});
}

// The call `number` where its argument `index` (from 0) is as `test` says. All these arguments have 32 bits.
inline void refuse(Code& code, long number, size_t index, const Code& test) {
    code.push_back(jump(BPF_JEQ, static_cast<unsigned>(number), 0, test.size() + 2));
    code.push_back(load(offsetof(seccomp_data, args) + 8 * index));
    code.insert(code.end(), test.begin(), test.end());
    code.push_back(load(offsetof(seccomp_data, nr)));
}

inline void refuse_arguments(Code& code) {
    constexpr unsigned NAMESPACES = 0x7e020000;  // CLONE_NEW*: mounts, control groups, names, IPC, users, processes, network
    constexpr unsigned SOCKET_OWNER = 0x8901, SOCKET_GROUP = 0x8902;  // FIOSETOWN, SIOCSPGRP of the kernel
    const unsigned self = static_cast<unsigned>(getpid());
    refuse(code, SYS_clone, 0, any_of(NAMESPACES));
    refuse(code, SYS_prlimit64, 0, all_but({0, self}));
    refuse(code, SYS_sched_setaffinity, 0, all_but({0, self}));
    // memory of a process that need not have it in its page tables: the watch does not see it
    refuse(code, SYS_mmap, 3, all_of(MAP_SHARED | MAP_ANONYMOUS));
    refuse(code, SYS_mmap, 3, any_of(MAP_HUGETLB));
    // signals to whoever is named as the owner, a delay for whoever opens the file, larger buffers in the kernel
    refuse(code, SYS_fcntl, 1, one_of({F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ}));
    refuse(code, SYS_ioctl, 1, one_of({SOCKET_OWNER, SOCKET_GROUP}));
    // a connected pair reaches nobody (asyncio needs one); one for datagrams could be sent to any address
    refuse(code, SYS_socketpair, 0, all_but({AF_UNIX}));
    refuse(code, SYS_socketpair, 1, any_of(SOCK_DGRAM));
}

// Without a namespace of its own: signals to itself only, and no way out of its process group.
inline void refuse_leaving(Code& code) {
    for (long number : {SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo}) {
        refuse(code, number, 0, all_but({0, static_cast<unsigned>(getpid())}));
    }
    for (long number : {SYS_setsid, SYS_setpgid}) refuse(code, number);
}

// Installs the filter for this process and its children; false, with errno, where a refused call is not refused then.
inline bool install(bool own_namespace, bool program) {
#if defined(__x86_64__)
    constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
    constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
    constexpr unsigned architecture = 0;
    return errno = ENOSYS, false;
#endif
    Code code = {load(offsetof(seccomp_data, arch)), jump(BPF_JEQ, architecture, 1, 0), answer(REFUSE)};
    code.push_back(load(offsetof(seccomp_data, nr)));
    code.insert(code.end(), {jump(BPF_JGT, LAST_KNOWN, 0, 1), answer(UNKNOWN)});  // newer calls, and the doubles of x32
    refuse(code, CLONE3, UNKNOWN);  // its flags are in memory; libraries then take clone
    for (long number : REFUSED) refuse(code, number);
    refuse_arguments(code);
    if (!own_namespace) refuse_leaving(code);
    if (program) {
        for (long number : TOUCHING) refuse(code, number);
        refuse(code, SYS_fcntl, 1, one_of({F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW}));
    }
    code.push_back(answer(SECCOMP_RET_ALLOW));
    sock_fprog prog = {static_cast<unsigned short>(code.size()), code.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) != 0) return false;
    bool refused = socket(-1, 0, 0) < 0 && errno == EPERM;  // without the filter: no such family
    if (!refused) errno = ENOSYS;
    return refused;
}

}  // namespace filter
