"""Smaller networks out of trained ones: fewer units and channels, factored matrices."""
