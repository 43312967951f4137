// expect: compile_error compile_time_limit
#include "/dev/zero"
int main() { }
