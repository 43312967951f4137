// expect: time_limit
// Whoever inherits orphans is kept busy burying them.
#include <sys/wait.h>
#include <unistd.h>
int main() {
    for (;;) {
        int child = fork();
        if (child == 0) {
            for (int i = 0; i < 5; ++i) if (fork() == 0) _exit(0);
            _exit(0);
        }
        if (child > 0) waitpid(child, 0, 0);
    }
}
