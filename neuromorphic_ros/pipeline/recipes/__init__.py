"""Recipes: from the data of a task to a network that was trained and measured on it."""
