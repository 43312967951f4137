"""Programs as text: how a program is spelled in one line, and how it is cut into tokens."""
