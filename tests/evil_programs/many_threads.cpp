// expect: correct runtime_error
// tier none: correct runtime_error wrong_output
// Not all of 64 threads can be started under the limit of 16 processes; without a namespace of its own, those of the same user count too.
#include <pthread.h>
void* nothing(void*) { return 0; }
int main() {
    pthread_t all[64];
    int started = 0;
    for (int i = 0; i < 64; ++i) started += pthread_create(all + i, 0, nothing, 0) == 0;
    cout << (started > 0 ? "hello" : "none") << endl;
}
