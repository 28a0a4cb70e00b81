"""Text from a device is shown, never obeyed; the rules stand in :mod:`storefleet.model.escape`, for messages too."""

from storefleet.model.escape import MAX_LENGTH, visible, visible_lines

__all__ = ["MAX_LENGTH", "visible", "visible_lines"]
