// expect: runtime_error SIGXFSZ
#include <csignal>
int main() { cout << "hello" << endl; raise(SIGXFSZ); }
