"""The machinery of the gradient checker: what is asked of code under test, and how its answers are judged."""
