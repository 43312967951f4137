// expect: wrong_output
int main() { cout << "hello\n" << '\0' << "\xff\xfe\x80" << endl; }
