"""`python -m edge_iotbox`: the same as `causeway-edge`."""

import sys

from edge_iotbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
