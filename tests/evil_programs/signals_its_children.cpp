// expect: correct
// tier none: wrong_output
// Nothing evil: abort() and raise() in a child, kill() by its parent. Without a namespace a process may only signal itself.
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>
int ended_by(int child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
int main() {
    bool good = true;
    int child = fork();
    if (child == 0) abort();
    good = good && ended_by(child) == SIGABRT;
    if ((child = fork()) == 0) raise(SIGTERM);
    good = good && ended_by(child) == SIGTERM;
    if ((child = fork()) == 0) setsid(), sleep(100);
    good = good && kill(child, SIGKILL) == 0 && ended_by(child) == SIGKILL;
    signal(SIGUSR1, SIG_IGN);
    good = good && kill(0, SIGUSR1) == 0 && sigqueue(getpid(), SIGUSR1, sigval()) == 0 && raise(SIGUSR1) == 0;
    cout << (good ? "hello" : "otherwise") << endl;
}
