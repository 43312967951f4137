// expect: correct
// What one case does to the supervisor would pass on to the next.
#include <sched.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
int main() {
    int parent = getppid();
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_param least = {};
    rlimit none = {0, 0};
    bool refused = sched_setaffinity(parent, sizeof one, &one) && sched_setscheduler(parent, SCHED_IDLE, &least) &&
                   sched_setparam(parent, &least) && setpriority(PRIO_PROCESS, parent, 19) &&
                   setpriority(PRIO_USER, getuid(), 19) && syscall(SYS_ioprio_set, 1, parent, 3 << 13) &&
                   syscall(SYS_ioprio_set, 3, getuid(), 3 << 13) && prlimit(parent, RLIMIT_NOFILE, &none, 0);
    bool touched = !futimens(2, 0) || !utimensat(AT_FDCWD, "/dev/null", 0, 0) || !flock(0, LOCK_EX);
    bool own = !sched_setaffinity(0, sizeof one, &one) && !prlimit(getpid(), RLIMIT_NOFILE, &none, 0);
    cout << (refused && own && !touched ? "hello" : "slowed") << endl;
}
