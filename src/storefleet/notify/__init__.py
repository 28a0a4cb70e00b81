"""Telling people and other systems what a night brought: which events there are, who gets them, and how they travel."""
