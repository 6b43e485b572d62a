"""The same networks in the frameworks that others use and in C, to compare with."""
