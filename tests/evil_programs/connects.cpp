// expect: correct
#include <arpa/inet.h>
#include <sys/socket.h>
int main() {
    int port, reached = 0;
    cin >> port;
    int end = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (end >= 0 && connect(end, (sockaddr*)&address, sizeof address) == 0) reached = 1;
    cout << (reached ? "connected" : "hello") << endl;
}
