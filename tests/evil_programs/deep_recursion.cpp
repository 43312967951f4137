// expect: correct
// Nothing evil: the stack may take what memory there is.
int depth(int n) { return n ? depth(n - 1) + 1 : 0; }
int main() { cout << (depth(1000000) == 1000000 ? "hello" : "lost") << endl; }
