// expect: memory_limit time_limit
// tier none: correct time_limit
// The kernel holds what is on its way between the ends of socket pairs.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
int main() {
    int filled[2];
    pipe(filled);
    vector<char> half(128 << 20, 'x');
    for (int i = 0; i < 14; ++i) {
        if (fork() == 0) {
            static char all[4096];
            int ends[2];
            for (int k = 0; k < 29 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0; ++k) {
                for (int end : ends) {
                    fcntl(end, F_SETFL, O_NONBLOCK);
                    while (write(end, all, sizeof all) > 0) {
                    }
                }
            }
            write(filled[1], "x", 1);
            for (;;) sleep(100);
        }
    }
    char byte;
    for (int i = 0; i < 14; ++i) read(filled[0], &byte, 1);
    usleep(300000);
    cout << "hello" << endl;
}
