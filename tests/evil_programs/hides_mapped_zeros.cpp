// expect: memory_limit runtime_error
// tier none: memory_limit runtime_error time_limit correct
// The same by a device that everybody has.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
int main() {
    size_t size = 100u << 20;
    int sum = 0, zeros = open("/dev/zero", O_RDONLY);
    for (int i = 0; i < 3; ++i) {
        char* all = (char*)mmap(0, size, PROT_READ, MAP_SHARED, zeros, 0);
        if (all == MAP_FAILED) return 1;
        for (size_t at = 0; at < size; at += 4096) sum += all[at];
        if (fork() == 0) sleep(100);
        munmap(all, size);
    }
    usleep(300000);
    cout << "hello" << endl;
}
