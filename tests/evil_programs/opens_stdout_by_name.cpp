// expect: correct
// Nothing evil: the names of the standard streams.
#include <unistd.h>
int main() {
    int port = 0;
    ifstream("/dev/stdin") >> port;
    ofstream("/dev/stderr") << "words" << endl;
    bool good = port > 0 && freopen("/proc/self/fd/1", "w", stdout) && freopen("/dev/fd/1", "w", stdout);
    good = good && freopen("/dev/stdout", "w", stdout);
    ofstream("/dev/null") << "nothing";
    printf(good ? "hello\n" : "refused\n");
}
