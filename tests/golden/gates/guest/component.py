"""A component of the world `example:weather/reporter@1.3.0`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

from __future__ import annotations

import wit_world
from wit_world import exports
from wit_world.exports import stations
from wit_world.imports import sky


class Station(stations.Station):
    """A place with instruments.

    Since version 1.0.0.
    """

    def __init__(self, name: str) -> None:
        """Since version 1.0.0."""
        raise NotImplementedError("example:weather/stations@1.3.0#[constructor]station")

    def temperature(self) -> float:
        """Since version 1.0.0."""
        raise NotImplementedError(
            "example:weather/stations@1.3.0#[method]station.temperature"
        )

    @classmethod
    def nearest(cls, latitude: float, longitude: float) -> Station:
        """The one next to a place.

        Since version 1.1.0.
        """
        raise NotImplementedError(
            "example:weather/stations@1.3.0#[static]station.nearest"
        )


class Sky(exports.Sky):
    """What is known of the sky.

    Since version 1.0.0.
    """

    def look(self) -> sky.Cover:
        """Look up.

        Since version 1.0.0. Deprecated since version 1.2.0.
        """
        raise NotImplementedError("example:weather/sky@1.3.0#look")

    def measure(self) -> int:
        """Since version 1.2.0."""
        raise NotImplementedError("example:weather/sky@1.3.0#measure")

    def guess(self, hours: int) -> int:
        """Guess.

        Unstable: behind the feature gate `forecast`.

        Raises:
            componentize_py_types.Err: with `str`, for the error case.
        """
        raise NotImplementedError("example:weather/sky@1.3.0#guess")


class WitWorld(wit_world.WitWorld):
    def report(self) -> str:
        """Since version 1.0.0. Deprecated since version 1.1.0."""
        raise NotImplementedError("example:weather/reporter@1.3.0#report")
