"""The dashboard: reads the farm's state and shows it; changes nothing."""

import sys
from typing import Any, cast

# Dash prepares for notebooks wherever IPython is installed, and Kedro brings it: 20 MB in a server
# that no notebook will ever start. `None` makes the import fail, which Dash takes for an answer.
cast("dict[str, Any]", sys.modules).setdefault("IPython", None)
