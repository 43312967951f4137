// expect: runtime_error SIGABRT
int main() { cout << "hello" << endl; abort(); }
