// expect: correct
#include <fcntl.h>
#include <unistd.h>
int main() {
    bool clean = true;
    for (int file = 3; file < 1024; ++file) if (fcntl(file, F_GETFD) != -1) clean = false;
    for (char** name = environ; *name; ++name) if (string(*name).substr(0, 4) != "PWD=") clean = false;
    cout << (clean ? "hello" : "inherited") << endl;
}
