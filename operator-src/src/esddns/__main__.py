"""`python -m esddns`: the same as the command `esddns`."""

import sys

from esddns.cli import main

sys.exit(main())
