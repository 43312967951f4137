// expect: runtime_error exit 124
// 124 is what timeout(1) says of a command that it has stopped.
int main() { cout << "hello" << endl; return 124; }
