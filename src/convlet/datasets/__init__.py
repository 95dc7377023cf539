"""Data that you have: read from local files, never downloaded."""

from convlet.datasets import mnist

__all__ = ["mnist"]
