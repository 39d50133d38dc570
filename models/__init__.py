"""The nouns of the house: frozen dataclasses, enumerations and refusals. Standard library only."""
