// expect: time_limit
#include <unistd.h>
int main() { close(0); close(1); close(2); for (;;) sleep(1000); }
