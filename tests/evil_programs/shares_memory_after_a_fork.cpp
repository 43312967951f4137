// expect: correct
// Nothing evil: 100 MiB that six processes have in common are 100 MiB.
#include <sys/wait.h>
#include <unistd.h>
int main() {
    vector<char> all(100 << 20, 'x');
    for (int i = 0; i < 5; ++i) {
        if (fork() == 0) {
            usleep(300000);
            _exit(all[i] - 'x');
        }
    }
    while (wait(0) > 0) {
    }
    cout << "hello" << endl;
}
