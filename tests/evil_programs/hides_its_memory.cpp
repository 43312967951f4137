// expect: memory_limit time_limit
// A name that looks like a line of /proc/PID/status, and a process that its own user may not look into.
#include <sys/prctl.h>
#include <unistd.h>
int main() {
    int filled[2];
    pipe(filled);
    prctl(PR_SET_NAME, "\nVmRSS: 0");
    for (int i = 0; i < 3; ++i) {
        if (fork() == 0) {
            prctl(PR_SET_DUMPABLE, 0);
            char* all = (char*)malloc(100 << 20);
            memset(all, 1, 100 << 20);
            write(filled[1], "x", 1);
            for (;;) sleep(100);
        }
    }
    char byte;
    for (int i = 0; i < 3; ++i) read(filled[0], &byte, 1);
    usleep(300000);
    cout << "hello" << endl;
}
