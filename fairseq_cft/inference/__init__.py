"""Trained models in use: packed into a folder, loaded from it, asked from Python or on the command line."""
