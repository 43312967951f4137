"""What prepares and runs outputs: C++, Python, languages of users."""
