// expect: correct
#include <csignal>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
int main() {
    bool refused = unshare(CLONE_NEWUSER) != 0 && mount("none", "/proc", "tmpfs", 0, "") != 0;
    unsigned long long flags_and_signal[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    if (child > 0) refused = false;
    child = syscall(SYS_clone3, flags_and_signal, sizeof flags_and_signal);
    if (child == 0) _exit(0);
    if (child > 0) refused = false;
    cout << (refused ? "hello" : "nested") << endl;
}
