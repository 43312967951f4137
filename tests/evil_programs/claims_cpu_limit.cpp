// expect: runtime_error SIGXCPU
#include <csignal>
int main() { raise(SIGXCPU); }
