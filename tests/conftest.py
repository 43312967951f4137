"""A shell that starts the tests in the background has SIGINT ignored, nohup SIGHUP, and children inherit that."""

import signal

for _number, _action in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _action)
