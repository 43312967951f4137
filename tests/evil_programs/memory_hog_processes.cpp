// expect: memory_limit
// tier none: memory_limit runtime_error time_limit
// Each process stays under its own limit; together they do not.
#include <sys/mman.h>
#include <unistd.h>
int main() {
    for (int i = 0; i < 6; ++i) fork();
    size_t size = 200u << 20;
    char* all = (char*)mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return 1;
    for (;;) memset(all, 1, size);
}
