"""One thin module a rule: read, call the library, write."""
