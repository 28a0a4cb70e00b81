"""The values that every layer shares: frozen, unknown fields refused, versioned where they leave the process."""
