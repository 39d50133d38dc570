"""Medestanders: municipalities find others with the same idea, get in contact, and share experience and costs.

The verbs stand here, one module per room; `cluster.engine` is the workshop, `cluster.web` the door.
"""
