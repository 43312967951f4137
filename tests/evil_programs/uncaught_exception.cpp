// expect: runtime_error SIGABRT
int main() { cout << "hello" << endl; vector<int> none; return none.at(3); }
