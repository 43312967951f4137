// expect: time_limit
// The first thread ends, the second goes on.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
void* spin(void*) { volatile unsigned long n = 0; for (;;) n = n + 1; }
int main() {
    pthread_t thread;
    pthread_create(&thread, 0, spin, 0);
    syscall(SYS_exit, 0);
}
