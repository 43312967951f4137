// expect: time_limit
#include <unistd.h>
int main() { for (;;) sleep(1000); }
