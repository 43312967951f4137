// expect: compile_error compile_time_limit
#define A(x) x x x x x x x x x x
#define B(x) A(A(A(A(x))))
int main() { int a = 0; B(B(a += a * 3;)) return a; }
