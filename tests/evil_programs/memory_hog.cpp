// expect: memory_limit runtime_error
int main() {
    vector<vector<char>> all;
    for (;;) all.push_back(vector<char>(1 << 24, 'x'));
}
