// expect: correct
// The same calls by their 32-bit numbers, with garbage in the upper halves of arguments, and calls of later kernels.
#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
int main() {
    long garbage = 1L << 40, parent = getppid();
    rlimit limit;
    int ends[2];
    pipe(ends);
    bool refused = syscall(SYS_prlimit64, parent | garbage, RLIMIT_NOFILE, 0, &limit) < 0 &&
                   syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | garbage, -1, 0) == -1 &&
                   syscall(SYS_fcntl, ends[0], F_SETOWN | garbage, parent) < 0 && syscall(999) < 0 && errno == ENOSYS;
#ifdef __x86_64__
    long result = 0;
    asm volatile("int $0x80" : "=a"(result) : "a"(20L), "b"(0L) : "memory");  // getpid
    refused = refused && result < 0 && syscall(0x40000000 + SYS_getpid) < 0;
#endif
    cout << (refused ? "hello" : "open") << endl;
}
