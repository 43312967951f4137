// expect: compile_error
#error No space left on device
int main() { }
