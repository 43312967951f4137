// expect: compile_error
int almost() { return 0; }
