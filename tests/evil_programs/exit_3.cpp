// expect: runtime_error exit 3
int main() { cout << "hello" << endl; return 3; }
