// expect: correct
// CLONE_PARENT: not a child of the program, but of whoever has started it.
#include <csignal>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
int main() {
    for (int i = 0; i < 5; ++i) {
        if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0) for (;;) sleep(100);
    }
    cout << "hello" << endl;
}
