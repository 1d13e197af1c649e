"""tinyal's command line as a module, for a machine where the package is not installed."""

import sys

from tinyal.command import main

if __name__ == "__main__":
    sys.exit(main())
