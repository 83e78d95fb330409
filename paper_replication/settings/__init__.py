"""One validated section of the config a module, so that a rule depends on its own section alone."""
