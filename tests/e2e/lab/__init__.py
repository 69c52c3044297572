"""A mail world with one fault in it: two ends of a wire, a resolver, servers that keep to a script."""
