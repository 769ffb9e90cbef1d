"""Evidence from outside: what is asked of others over the network, and kept with the log."""
