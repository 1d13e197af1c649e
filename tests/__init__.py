"""Tests of tinynn and tinyal."""
