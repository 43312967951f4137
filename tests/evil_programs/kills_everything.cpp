// expect: time_limit
// The last one stops the program itself.
#include <csignal>
#include <unistd.h>
int main() {
    kill(getppid(), SIGKILL);
    kill(getppid(), SIGSTOP);
    kill(1, SIGKILL);
    kill(-1, SIGKILL);
    kill(0, SIGSTOP);
    cout << "hello" << endl;
}
