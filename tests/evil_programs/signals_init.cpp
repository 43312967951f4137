// expect: correct
// The first process of a namespace takes no signal that it has no handler for; ours has one for SIGCHLD.
#include <csignal>
#include <unistd.h>
int main() {
    for (int number = 1; number < 65; ++number) kill(1, number);
    for (int i = 0; i < 10000; ++i) kill(1, SIGCHLD);
    cout << "hello" << endl;
}
