// expect: wrong_output
int main() { cout << string(900000, 'x') << endl; }
