// expect: compile_error compile_time_limit
template <int n, class L, class R> struct Tree { enum { value = Tree<n - 1, Tree<n, L, R>, R>::value + Tree<n - 1, L, Tree<n, L, R>>::value }; };
template <class L, class R> struct Tree<0, L, R> { enum { value = 1 }; };
int main() { return Tree<60, int, char>::value; }
