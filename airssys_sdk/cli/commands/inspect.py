"""`airssys-sdk inspect`: what a component imports, exports and holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.session import Session, session
from airssys_sdk.cli.text import indent, safe_line

if TYPE_CHECKING:
    from airssys_sdk.cli.description import Description, Part, Port

_NO_NAME = "root:component/root"
"""What wasm-tools calls the world of a component, which does not keep the name it had."""


@command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--all", "everything", is_flag=True, help="Show also what the guest's toolchain added for itself."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def cli(file: Path, everything: bool, as_json: bool) -> None:
    """Show the world, imports, exports, sizes and producers of the component FILE."""
    from airssys_sdk.cli.description import describe

    description = describe(file)
    shared = session()
    if as_json:
        shared.json({**dataclasses.asdict(description), "path": str(description.path)})
        return
    from airssys_sdk.manifest import format_size

    shared.styled([(safe_line(str(file)), "green"), (f"  component, {format_size(description.size)}", None)])
    if description.world != _NO_NAME:
        shared.out(f"world {description.world}")
    if description.actor:
        shared.out("runs under supervision: it exports airssys:core/component-lifecycle")
    _ports(shared, "imports", description.imports, everything)
    _ports(shared, "exports", description.exports, everything)
    _parts(shared, description.parts, everything)
    _producers(shared, description)


def _ports(shared: Session, title: str, ports: Iterable[Port], everything: bool) -> None:
    shown = [port for port in ports if everything or not port.toolchain]
    hidden = [port for port in ports if port.toolchain and not everything]
    shared.out("")
    shared.styled([(title, "blue"), ("" if shown else ": none of the author's", None)])
    for port in shown:
        if port.kind == "interface":
            shared.styled(
                [("  interface ", None), (port.name, "cyan"), ("" if port.wit else "  (empty)", None)]
            )
            if port.wit:
                shared.out(indent(port.wit.replace("\n\n", "\n"), "    "))
        else:
            shared.out(indent(port.wit, "  "))
    if hidden:
        wasi = sum(port.name.startswith("wasi:") for port in hidden)
        said = [
            f"{wasi} of WASI" if wasi else "",
            f"{len(hidden) - wasi} of its own" if len(hidden) > wasi else "",
        ]
        shared.out(
            f"  besides, by the guest's toolchain: {' and '.join(filter(None, said))} (--all shows them)"
        )


def _parts(shared: Session, parts: tuple[Part, ...], everything: bool) -> None:
    from airssys_sdk.manifest import format_size

    shared.out("")
    shared.styled([("parts", "blue")])
    ordered = sorted(parts, key=lambda part: -part.size)
    shown = ordered if everything else ordered[:5]
    for part in shown:
        shared.out(f"  {format_size(part.size):>9}  {part.kind} {safe_line(part.name or '(unnamed)')}")
    rest = ordered[len(shown) :]
    if rest:
        shared.out(
            f"  {format_size(sum(part.size for part in rest)):>9}  {len(rest)} more (--all shows them)"
        )


def _producers(shared: Session, description: Description) -> None:
    shared.out("")
    shared.styled([("producers", "blue"), ("" if description.producers else "  none named", None)])
    for role, makers in description.producers.items():
        named = ", ".join(safe_line(f"{name} {version}") for name, version in makers.items())
        shared.out(f"  {safe_line(role)}: {named}")
