"""The page on which a person labels: things to label, a journal of answers, a service, and what a browser shows."""
