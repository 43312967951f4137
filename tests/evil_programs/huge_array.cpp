// expect: runtime_error memory_limit
char all[2000000000];
int main() { cout << "hello" << all[1] << endl; }
