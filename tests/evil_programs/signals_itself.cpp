// expect: correct
// Nothing evil, and possible in every tier.
#include <csignal>
#include <pthread.h>
#include <unistd.h>
volatile sig_atomic_t seen = 0;
void count(int) { seen = seen + 1; }
int main() {
    signal(SIGUSR1, count);
    raise(SIGUSR1);
    kill(getpid(), SIGUSR1);
    kill(0, SIGUSR1);
    pthread_kill(pthread_self(), SIGUSR1);
    sigqueue(getpid(), SIGUSR1, sigval());
    cout << (seen == 5 ? "hello" : "lost") << endl;
}
