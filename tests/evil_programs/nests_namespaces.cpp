// expect: correct
#include <sched.h>
#include <sys/mount.h>
int main() {
    bool refused = unshare(CLONE_NEWUSER) != 0 && mount("none", "/proc", "tmpfs", 0, "") != 0;
    cout << (refused ? "hello" : "nested") << endl;
}
