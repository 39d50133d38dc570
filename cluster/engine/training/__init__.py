"""How the bundled encoder is made: ``python -m cluster.engine.training``."""
