// expect: compile_error compile_time_limit
template <int n> struct Deeper { enum { value = Deeper<n + 1>::value }; };
int main() { return Deeper<0>::value; }
