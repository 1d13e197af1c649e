"""What this site needs beyond Sphinx and its extensions: tutorials, the list of names, the command line's help."""
