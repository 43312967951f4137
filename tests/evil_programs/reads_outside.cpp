// expect: correct
// tier none: wrong_output
int main() {
    bool refused = true;
    for (const char* place : {"/etc/passwd", "/etc/hostname", "/home/.", "/root/."}) {
        if (ifstream(place).good()) refused = false;
    }
    cout << (refused ? "hello" : "read") << endl;
}
