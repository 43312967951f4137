// expect: correct
#include <sys/shm.h>
int main() { cout << (shmget(IPC_PRIVATE, 1 << 28, IPC_CREAT | 0600) < 0 ? "hello" : "shared") << endl; }
