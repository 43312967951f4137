// expect: time_limit
#include <csignal>
int main() {
    for (int number = 1; number < 65; ++number) signal(number, SIG_IGN);
    volatile unsigned long n = 0;
    for (;;) n = n + 1;
}
