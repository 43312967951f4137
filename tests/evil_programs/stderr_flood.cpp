// expect: correct
int main() {
    for (int i = 0; i < 300000; ++i) cerr << "a line of noise, and another one\n";
    cout << "hello\n";
}
