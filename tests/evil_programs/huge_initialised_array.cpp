// expect: compile_error compile_time_limit
char all[1 << 30] = {1};
int main() { cout << all[0]; }
