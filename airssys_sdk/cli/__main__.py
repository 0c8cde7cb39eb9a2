"""`python -m airssys_sdk.cli`, for where the script is not on PATH."""

import sys

from airssys_sdk.cli import main

if __name__ == "__main__":
    sys.exit(main())
