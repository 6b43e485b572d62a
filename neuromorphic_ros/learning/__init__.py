"""Training procedures: what turns data and a network into a network that has learned."""
