// expect: compile_error
// tier none: wrong_output
asm(".data\n.global text\ntext: .incbin \"/etc/passwd\"\n.byte 0\n");
extern char text[];
int main() { cout << text; }
