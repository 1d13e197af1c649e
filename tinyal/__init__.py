"""Active learning on tinynn."""
