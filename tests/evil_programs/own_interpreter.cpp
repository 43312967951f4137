// expect: runtime_error cannot be started
// The kernel refuses to start it; that must not look like a fault of the evaluator, which would end the evaluation.
asm(".section .interp,\"a\",@progbits\n.string \"/no/such/loader\"\n.text");
int main() { cout << "hello" << endl; }
