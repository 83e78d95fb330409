"""House style and one module a figure, from table to axes."""
