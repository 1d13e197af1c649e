"""The strict device's ``xp.lib``: only ``stride_tricks``, the views that one makes by hand."""

import types

from numpy.lib import stride_tricks as host

from .functions import DeviceFunction
from .surface import SURFACE

stride_tricks = types.SimpleNamespace(
    **{
        name: DeviceFunction(name, getattr(host, name), text)
        for name, text in SURFACE["stride_tricks"].items()
    }
)
