"""Damaged, hostile and unlucky files: each is read rightly or refused in one line, and nothing is left behind."""
