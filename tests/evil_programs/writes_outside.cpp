// expect: correct
// tier none: wrong_output
// Every attempt must fail: what one leaves behind is found by the test.
#include <sys/stat.h>
#include <unistd.h>
int main() {
    const char* places[] = {"/tmp/cft-evil-was-here", "/var/tmp/cft-evil-was-here", "/dev/shm/cft-evil-was-here",
                            "cft-evil-was-here", "../cft-evil-was-here", "/cft-evil-was-here", "/usr/lib/cft-evil-was-here"};
    bool refused = true;
    for (const char* place : places) {
        ofstream file(place);
        file << "evil" << flush;
        if (file) refused = false;
        if (mkdir(place, 0777) == 0 || symlink("/etc/passwd", place) == 0) refused = false;
    }
    if (unlink("/proc/self/exe") == 0 || chmod("/proc/self/exe", 0) == 0) refused = false;
    cout << (refused ? "hello" : "written") << endl;
}
