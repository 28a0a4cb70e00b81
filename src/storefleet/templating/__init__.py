"""Templates of the fleet's own files: sandboxed, strict about undefined names, and exact about types.

Text from a device is data and never becomes a template.
"""
