// expect: correct
#include <unistd.h>
int main() {
    cout << "hello" << endl;
    if (fork() == 0) {
        setsid();
        if (fork() == 0) for (;;) sleep(1000);
        _exit(0);
    }
}
