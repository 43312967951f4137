// expect: output_limit
#include <csignal>
int main() {
    signal(SIGXFSZ, SIG_IGN);
    for (;;) {
        cout.clear();
        cout << "0123456789 0123456789 0123456789\n" << flush;
    }
}
