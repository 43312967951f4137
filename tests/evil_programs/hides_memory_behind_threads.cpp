// expect: memory_limit time_limit
// A process whose first thread has ended shows no memory of its own.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
int filled[2];
void* hold(void*) {
    usleep(20000);
    char* all = (char*)malloc(100 << 20);
    memset(all, 1, 100 << 20);
    write(filled[1], "x", 1);
    for (;;) sleep(100);
}
int main() {
    pipe(filled);
    for (int i = 0; i < 3; ++i) {
        if (fork() == 0) {
            pthread_t thread;
            pthread_create(&thread, 0, hold, 0);
            syscall(SYS_exit, 0);
        }
    }
    char byte;
    for (int i = 0; i < 3; ++i) read(filled[0], &byte, 1);
    usleep(300000);
    cout << "hello" << endl;
}
