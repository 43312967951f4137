// expect: memory_limit runtime_error
// Each child keeps what its parent has filled and given up, without ever touching it.
#include <sys/mman.h>
#include <unistd.h>
int main() {
    size_t size = 100u << 20;
    for (int i = 0; i < 3; ++i) {
        char* all = (char*)mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (all == MAP_FAILED) return 1;
        memset(all, 1, size);
        if (fork() == 0) sleep(100);
        munmap(all, size);
    }
    usleep(300000);
    cout << "hello" << endl;
}
