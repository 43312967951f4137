// expect: correct
int main() {
    string word;
    while (cin >> word) {
    }
    int more = 7;
    cin >> more;
    for (int i = 0; i < 1000; ++i) getline(cin, word), getchar();
    cout << "hello" << endl;
}
