// expect: correct
// The supervisor holds the ends of the pipes to the evaluator, and runs under the same user.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <unistd.h>
int main() {
    bool refused = true;
    string parent = "/proc/" + to_string(getppid());
    for (int file = 0; file < 20; ++file) {
        if (open((parent + "/fd/" + to_string(file)).c_str(), O_RDONLY | O_NONBLOCK) >= 0) refused = false;
    }
    for (const char* name : {"/mem", "/environ", "/maps"}) {
        if (open((parent + name).c_str(), O_RDONLY) >= 0) refused = false;
    }
    if (ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0) refused = false;
    cout << (refused ? "hello" : "reached") << endl;
}
