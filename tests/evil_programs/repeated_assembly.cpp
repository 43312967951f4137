// expect: compile_error compile_time_limit
asm(".rept 100000000\nnop\n.endr\n");
int main() { }
