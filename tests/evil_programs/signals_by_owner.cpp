// expect: correct
// SIGIO, or the signal of one's choice, goes to whoever is named as the owner of a pipe or a socket.
#include <csignal>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
int main() {
    int ends[2], pair[2], parent = getppid();
    pipe(ends);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    f_owner_ex owner = {F_OWNER_PID, parent};
    bool refused = fcntl(ends[0], F_SETOWN, parent) < 0 && fcntl(ends[0], F_SETOWN_EX, &owner) < 0 &&
                   fcntl(ends[0], F_SETSIG, SIGKILL) < 0 && fcntl(ends[0], F_SETLEASE, F_RDLCK) < 0 &&
                   fcntl(ends[0], F_NOTIFY, DN_ACCESS) < 0 && ioctl(pair[0], 0x8901, &parent) < 0 &&  // FIOSETOWN
                   ioctl(pair[0], 0x8902, &parent) < 0 && fcntl(pair[0], F_SETOWN, -parent) < 0;
    for (int end : {ends[0], pair[0]}) fcntl(end, F_SETFL, O_ASYNC | O_NONBLOCK);
    write(ends[1], "x", 1);
    write(pair[1], "x", 1);
    cout << (refused ? "hello" : "owned") << endl;
}
