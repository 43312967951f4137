// expect: output_limit
int main() { for (;;) cout << "0123456789 0123456789 0123456789\n"; }
