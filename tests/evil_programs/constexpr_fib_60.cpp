// expect: compile_error compile_time_limit
constexpr long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
template <long n> struct Keep { enum : long { value = n }; };
constexpr long mix(long n, long salt) { return n < 2 ? n + salt : mix(n - 1, salt * 31 + 1) + mix(n - 2, salt * 17 + 3); }
int main() { return Keep<mix(60, fib(60))>::value; }
