// expect: runtime_error SIGFPE
int main() { volatile int zero = 0; cout << "hello" << endl; return 7 / zero; }
