"""Which names of a names file go on when an interface's version leaves a world and another one comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from airssys_sdk.wit.names import camel, snake


def successors(
    known: Mapping[str, str], present: Collection[str], modules: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The keys of interfaces or resources that left the world, each with the key of the version that came.

    A name with a version in it is left out: it must never stand for another version.

    Args:
        known: names by interface, or by resource.
        present: the keys of the world.
        modules: for resources, the modules of the interfaces, after which their classes may be called.
    """
    gone = {
        unversioned(key): key
        for key, name in known.items()
        if key not in present and not _holds_version(key, name, modules)
    }
    came = [key for key in sorted(present) if key not in known]
    first = {unversioned(key): key for key in reversed(came)}
    return {gone[path]: key for path, key in first.items() if path in gone}


def agree(
    moving: dict[str, str],
    known: Mapping[str, str],
    across: dict[str, str],
    known_across: Mapping[str, str],
    present_across: Collection[str],
) -> None:
    """Take out of the successors of one direction what would give a name of the other one to another interface.

    Args:
        moving: the successors of this direction; changed in place.
        known: the names of this direction.
        across: the successors of the other direction; a version that left it earlier is added, to go on with its name.
        known_across: the names of the other direction.
        present_across: the interfaces that the world has in the other direction.
    """
    for old, new in list(moving.items()):
        holders = [key for key, name in known_across.items() if name == known[old]]
        others = [key for key in holders if across.get(key, key) != new]
        left = [key for key in others if key not in present_across and unversioned(key) == unversioned(new)]
        if left == others and (not left or (len(left) == 1 and new not in {*known_across, *across.values()})):
            across.update((key, new) for key in left)
        else:
            del moving[old]


def renamed_keys(known: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """The names, under the keys that go on for theirs."""
    return {new.get(key, key): name for key, name in known.items()}


def unversioned(key: str) -> str:
    """`namespace:package/interface#resource`, without the version."""
    path, _, version = key.partition("@")
    _, mark, resource = version.partition("#")
    return path + mark + resource


def _holds_version(key: str, name: str, modules: Mapping[str, str] | None) -> bool:
    interface = key.partition("#")[0]
    version = interface.partition("@")[2]
    if not version:
        return False
    if modules is None:
        return f"_{snake(version.replace('.', '-'))}_" in f"_{name}_"
    module = modules.get(interface)
    return module is not None and _holds_version(interface, module, None) and name.startswith(camel(module))
