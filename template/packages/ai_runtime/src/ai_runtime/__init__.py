"""The runtime that every service of this repository shares."""
