// A read-only root of the tier "unshare": made here by the supervisor, which is root of its own user namespace only.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <string>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace root {

struct Bind {
    std::string path;  // the same inside and outside
    bool writable;
};

[[noreturn]] inline void fail(const std::string& what) {
    fprintf(stderr, "supervisor: cannot %s: %s\n", what.c_str(), strerror(errno));
    _exit(70);
}

inline void check(bool good, const std::string& what) {
    if (!good) fail(what);
}

inline void make_folders(const std::string& path) {
    for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
        mkdir(path.substr(0, at).c_str(), 0755);
    }
}

inline void set_attributes(const std::string& path, unsigned long long on, bool below) {
    mount_attr attributes = {};
    attributes.attr_set = on;
    long done = syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), below ? AT_RECURSIVE : 0, &attributes, sizeof attributes);
    check(done == 0, "make " + path + " read-only");
}

inline void place(const Bind& bind) {
    struct stat kind;
    std::string source = "/outside" + bind.path, target = "/inside" + bind.path;
    check(lstat(source.c_str(), &kind) == 0, "find " + bind.path);
    make_folders(target);
    if (S_ISLNK(kind.st_mode)) {  // merged-usr systems: /lib -> usr/lib
        char aim[4096] = {};
        check(readlink(source.c_str(), aim, sizeof aim - 1) > 0, "read the link " + bind.path);
        check(symlink(aim, target.c_str()) == 0, "make the link " + bind.path);
        return;
    }
    if (S_ISDIR(kind.st_mode)) {
        mkdir(target.c_str(), 0755);
    } else {
        close(open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    }
    check(mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0, "bind " + bind.path);
    bool device = bind.path.rfind("/dev/", 0) == 0;
    unsigned long long on = MOUNT_ATTR_NOSUID | (bind.writable ? 0 : MOUNT_ATTR_RDONLY) | (device ? 0 : MOUNT_ATTR_NODEV);
    set_attributes(target, on, true);
}

inline void drop_privileges() {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) prctl(PR_CAPBSET_DROP, capability);
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    check(syscall(SYS_capset, &header, none) == 0, "drop the capabilities");
}

// Leaves the host's file system for one that holds `binds` alone, then gives up every capability.
inline void enter(const std::vector<Bind>& binds) {
    check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make the mounts private");
    check(mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755") == 0, "mount a tmpfs");
    check(mkdir("/tmp/outside", 0755) == 0 && mkdir("/tmp/inside", 0755) == 0, "make folders");
    check(syscall(SYS_pivot_root, "/tmp", "/tmp/outside") == 0 && chdir("/") == 0, "enter the tmpfs");
    check(mount("/inside", "/inside", nullptr, MS_BIND, nullptr) == 0, "prepare the root");
    for (const Bind& bind : binds) place(bind);
    for (const char* name : {"/inside/proc", "/inside/dev"}) mkdir(name, 0755);
    check(mount("proc", "/inside/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0, "mount /proc");
    int most = open("/inside/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
    if (most >= 0) check(write(most, "0", 1) == 1 && close(most) == 0, "forbid further namespaces");
    check(symlink("/proc/self/fd", "/inside/dev/fd") == 0 && symlink("/proc/self/fd/0", "/inside/dev/stdin") == 0 &&
              symlink("/proc/self/fd/1", "/inside/dev/stdout") == 0 && symlink("/proc/self/fd/2", "/inside/dev/stderr") == 0, "make /dev");
    check(chdir("/inside") == 0 && syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0, "enter the root");
    check(chdir("/") == 0, "enter /");
    set_attributes("/", MOUNT_ATTR_RDONLY, false);
    set_attributes("/proc", MOUNT_ATTR_RDONLY, false);
    drop_privileges();
}

}  // namespace root
