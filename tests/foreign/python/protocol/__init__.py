"""The protocol in Python, on libraries that this project did not write."""
