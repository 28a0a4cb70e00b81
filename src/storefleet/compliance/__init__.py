"""What lines turn one router configuration into another, and back; decided on text alone."""
