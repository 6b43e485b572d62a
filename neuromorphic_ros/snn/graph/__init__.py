"""Spiking networks on graphs: of events as they come, and of given nodes and edges."""
