// expect: correct
// A pair of stream sockets is allowed and reaches nobody; one for datagrams could be sent to any address.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main() {
    int pair[2];
    bool refused = true;
    // SOCK_DGRAM, SOCK_RAW; 30: TIPC
    for (int kind : {2, 3, 2 | SOCK_NONBLOCK}) refused = refused && socketpair(AF_UNIX, kind, 0, pair) < 0;
    for (int family : {AF_INET, AF_NETLINK, 30}) refused = refused && socketpair(family, SOCK_STREAM, 0, pair) < 0;
    bool given = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0;
    sockaddr_un place = {AF_UNIX, "/run/systemd/notify"};
    refused = refused && connect(pair[0], (sockaddr*)&place, sizeof place) < 0 && bind(pair[0], (sockaddr*)&place, sizeof place) < 0 &&
              sendto(pair[0], "x", 1, 0, (sockaddr*)&place, sizeof place) < 0 && listen(pair[0], 1) < 0;
    msghdr message = {};
    refused = refused && sendmsg(pair[0], &message, 0) < 0;
    cout << (refused && given ? "hello" : "reached") << endl;
}
