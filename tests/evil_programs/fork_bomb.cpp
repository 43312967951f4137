// expect: time_limit runtime_error
#include <unistd.h>
int main() { for (;;) fork(); }
