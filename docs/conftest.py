"""The test run takes the examples on the pages; the code that builds the site needs Sphinx, and has its own tests."""

collect_ignore_glob = ["conf.py", "_*", "reference/api/*", "tutorials/*.ipynb"]
