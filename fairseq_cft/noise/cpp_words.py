"""Which words of a line are types, keywords, names of the library, names of the program, or literals."""

from collections.abc import Callable, Iterable

from ..formats.line_format import NEWLINE_WORD

Draw = Callable[[], float]  # uniform numbers from [0, 1)

# what a wrong type is replaced by
COMMON_TYPES = ("int", "long", "float", "double", "char", "string", "bool")
TYPES = frozenset({*COMMON_TYPES, "short", "unsigned", "signed", "wchar_t", "char8_t", "char16_t", "char32_t"})

_KEYWORDS = """
    alignas alignof and and_eq asm auto bitand bitor break case catch class compl concept const const_cast consteval
    constexpr constinit continue co_await co_return co_yield decltype default delete do dynamic_cast else enum
    explicit export extern false for friend goto if inline mutable namespace new noexcept not not_eq nullptr operator
    or or_eq private protected public register reinterpret_cast requires return sizeof static static_assert
    static_cast struct switch template this thread_local throw true try typedef typeid typename union using virtual
    void volatile while xor xor_eq define include ifdef ifndef endif undef pragma NULL EOF endl
"""
KEYWORDS = frozenset(_KEYWORDS.split())

# Library names that programs use without declaring them. A name typo changes the program's own names, not these.
_LIBRARY = """
    std cin cout cerr clog getline get put gets puts printf scanf sprintf sscanf fprintf getchar putchar fflush ignore
    flush stdin stdout stderr freopen ios ios_base sync_with_stdio tie fixed setprecision setw setfill hex oct dec
    boolalpha vector map set pair queue stack deque list array bitset multiset multimap unordered_map unordered_set
    priority_queue tuple iterator string stringstream istringstream ostringstream less greater function size_t int64_t
    int32_t uint64_t size length begin end rbegin rend cbegin cend push_back pop_back emplace_back push_front
    pop_front push pop top front back insert erase find rfind count clear empty resize reserve assign substr append at
    c_str compare replace swap first second make_pair make_tuple emplace lower_bound upper_bound equal_range
    binary_search find_first_of find_last_of sort stable_sort reverse unique max min max_element min_element
    accumulate next_permutation prev_permutation fill memset memcpy strlen strcmp strcpy strcat strchr strstr abs fabs
    labs llabs sqrt sqrtl cbrt pow powl floor ceil round trunc log log2 log10 exp sin cos tan asin acos atan atan2
    hypot gcd __gcd lcm __builtin_popcount exit rand srand time clock tolower toupper isalpha isdigit isalnum isupper
    islower isspace ispunct stoi stol stoll stod to_string atoi atol transform for_each count_if find_if all_of any_of
    none_of iota distance advance next prev move malloc calloc free npos main numeric_limits INT_MAX INT_MIN LLONG_MAX
    LONG_MAX
"""
LIBRARY = frozenset(_LIBRARY.split())

_RESERVED = TYPES | KEYWORDS | LIBRARY
_SHORT = 8  # longest name in the pool


def is_name(word: str) -> bool:
    """Whether it is a name that the program gave to something: a variable, function, type, macro."""
    first = word[0]
    if word in _RESERVED or not (first.isalpha() or first in "_$"):
        return False
    return word != NEWLINE_WORD and '"' not in word and "'" not in word


def is_literal(word: str) -> bool:
    """Whether it is a number, a string or a character."""
    return word[0] in "0123456789\"'" or (word[0] == "." and word[1:2].isdigit())


class Pool:
    """What stands in for a right name: the program's names of at most 8 characters, now and then its literals too."""

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        self._words = words
        self._names: list[str] | None = None
        self._literals: list[str] = []

    def draw(self, draw: Draw, *, instead_of: str | None = None) -> str | None:
        """A name (or literal) other than ``instead_of``; None if there is none."""
        if self._names is None:
            distinct = dict.fromkeys(self._words())  # in the order of the program: a set's would differ from run to run
            self._names = [word for word in distinct if len(word) <= _SHORT and is_name(word)]
            self._literals = [word for word in distinct if is_literal(word)]
        candidates = self._names + self._literals if draw() < 0.5 else self._names
        if not candidates:
            return None
        found = candidates[int(draw() * len(candidates))]
        return found if found != instead_of else None
