// expect: correct
// What else takes memory of the kernel that no limit counts: all of it is refused, or ends soon.
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
int main() {
    int ends[2];
    pipe(ends);
    long locks = 0, timers = 0, signals = 0;
    for (long at = 100000; at > 0; at -= 2) {  // a list that grows at its front
        struct flock range = {};
        range.l_type = F_WRLCK, range.l_start = at, range.l_len = 1;
        locks += fcntl(1, F_SETLK, &range) == 0;
    }
    sigevent nothing = {};
    nothing.sigev_notify = SIGEV_NONE;
    timer_t timer;
    while (timers < 20000 && timer_create(CLOCK_MONOTONIC, &nothing, &timer) == 0) ++timers;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, 0);
    while (signals < 20000 && sigqueue(getpid(), SIGRTMIN + 2, sigval()) == 0) ++signals;
    static char page[4096];
    iovec one = {page, 1};
    unsigned long context = 0;
    bool refused = vmsplice(ends[1], &one, 1, 0) < 0 && syscall(SYS_io_setup, 1000, &context) < 0 && syscall(447, 0) < 0 &&
                   fcntl(ends[0], F_SETPIPE_SZ, 1 << 20) < 0 && fallocate(1, FALLOC_FL_KEEP_SIZE, 0, 1000) == 0 &&
                   mmap(0, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) == MAP_FAILED && errno == EPERM;
    ftruncate(1, 0);
    cout << (refused && !locks && timers < 2000 && signals < 2000 ? "hello" : "held") << endl;
}
