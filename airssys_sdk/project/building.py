"""Building a project: generate, build, check, compile; whatever is up to date is skipped."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import math
import shutil
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..component.engine.cache import cache_folder
from ..component.engine.filelock import file_lock
from ..errors import BuildError
from . import state
from .inputs import Tree, inside_tree, source_trees, wit_tree
from .model import Project
from .reporting import Reporter, Silent, Stage

if TYPE_CHECKING:
    from airssys_generator import Merged

    from ..component.engine.profiles import Profile
    from .generating import Generated, Interpretation

_WORK = ".work-"


@dataclasses.dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did.

    Attributes:
        path: the component.
        fresh: everything was up to date; nothing was done.
        seconds: how long it took.
        built: how often componentize-py ran: 0 or 1. It is 0 as well when the component came from the user's cache.
        compiled: how often native code was made: at most once for each profile.
        generated: the generated files that changed, relative to the project's folder.
        merged: what was done to the author's module, because the WIT changed.
    """

    path: Path
    fresh: bool
    seconds: float
    built: int = 0
    compiled: int = 0
    generated: tuple[str, ...] = ()
    merged: Merged | None = None


def build(
    project: Project,
    *,
    reporter: Reporter | None = None,
    cache: Path | None = None,
    precompile: bool = True,
    profiles: Sequence[Literal["plain", "metered"]] = (),
) -> BuildResult:
    """Build a project's component into `dist/NAME.wasm`, check it against its world, compile it.

    An interrupt ends what runs and leaves `dist` as it was. Two builds of one project take turns.

    Args:
        project: the project.
        reporter: hears about the stages.
        cache: the user's cache folder; by default the one of the compile cache.
        precompile: make native code.
        profiles: for which of the engine's profiles: `plain` for programs that load the component without limits, `metered` for
            `call` and for limits on fuel and time. By default the one of the manifest, which `run` uses. A component with asynchronous
            functions is compiled for the only profile that takes it instead.

    Raises:
        BuildError: the sources are at fault, or a folder of the project cannot be read or written.
        ValidationError: the WIT is wrong, or the component does not fit its world (`WorldMismatch`).
        ToolMissingError: componentize-py or wasm-tools is not installed.
    """
    started = time.perf_counter()
    told = reporter or Silent()
    try:
        project.dist.mkdir(exist_ok=True)
        with _turn(project):
            chosen = (*dict.fromkeys(profiles or (project.manifest.runtime.profile,)),) if precompile else ()
            return _Build(project, told, cache, chosen).run(started)
    except OSError as error:
        raise BuildError(
            f"the build cannot read or write a file: {error.strerror or error}",
            where=str(error.filename) if error.filename else project.shown(project.dist),
        ) from error


def _turn(project: Project) -> AbstractContextManager[object]:
    """Wait until no other process builds this project. The lock's file stays: others may wait for it."""
    return file_lock(project.dist / ".lock", patience=math.inf, waiting=lambda: None)


class _Build:
    """One build, with the project's lock held."""

    def __init__(
        self, project: Project, reporter: Reporter, cache: Path | None, profiles: tuple[Profile, ...]
    ) -> None:
        self.project = project
        self.reporter = reporter
        self.cache = cache
        self.profiles = profiles
        self.entry = inside_tree().digest()

    def run(self, started: float) -> BuildResult:
        project = self.project
        current = self._is_current()
        outcome: Generated | None = None
        built = 0
        if current:
            for stage, detail in self._details():
                self._fresh(stage, detail)
        else:
            self._sweep()
            outcome, built = self._make()
        compiled = sum(self._compile(profile) for profile in self.profiles)
        fresh = current and not compiled
        seconds = time.perf_counter() - started
        result = BuildResult(project.wasm, fresh, seconds, built, compiled)
        if outcome is None:
            return result
        return dataclasses.replace(result, generated=outcome.changed, merged=outcome.merged)

    def _is_current(self) -> bool:
        try:
            return state.is_current(self.project, state.project_state(self.project, self.entry))
        except BuildError:
            return False  # a folder is missing: generating may make it, and if not, building says so

    def _make(self) -> tuple[Generated, int]:
        """Generate, build and check; `dist` changes only when all is well."""
        from .generating import generate_project, interpret

        project = self.project
        with self._stage("generate", project.manifest.component.world) as stage:
            outcome = generate_project(project, forgiving=True)
            stage.fresh = not outcome.changed
        work = Path(tempfile.mkdtemp(prefix=_WORK, dir=project.dist))
        try:
            before = state.project_state(project, self.entry)
            wit = wit_tree(project).copied(work / "wit")
            sources = source_trees(project)
            path = (*sources, state.guest_tree())
            copies = tuple(tree.copied(work / "path" / str(at)) for at, tree in enumerate(path, start=1))
            interpretation = interpret(project)
            wasm, built = self._component(work, wit, copies, interpretation)
            self._check(wasm, interpretation)
            digest = hashlib.sha256(wasm.read_bytes()).hexdigest()
            wasm.replace(project.wasm)
            # What changed while the build ran is not in it: the note then fits no later state, and the next build runs.
            state.remember(project, before, digest)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return outcome, built

    def _component(
        self, work: Path, wit: Tree, path: tuple[Tree, ...], interpretation: Interpretation
    ) -> tuple[Path, int]:
        """The component, below `work`: from the user's cache, or built; and how often componentize-py ran."""
        from .build_cache import BuildCache

        project = self.project
        key = state.inputs_key(project, wit, path, self.entry, interpretation.options)
        root = _user_cache(self.cache)
        store = None if root is None else BuildCache(root)
        with self._stage("build", project.shown(project.wasm)) as stage:
            cached = store.load(key) if store is not None else None
            if cached is not None:
                stage.fresh = True
                found = work / "cached.wasm"
                found.write_bytes(cached)
                return found, 0
            from .toolchain import Job, componentize

            job = Job(
                app=project.app,
                world=interpretation.world.path,
                wit=wit,
                features=project.manifest.build.features,
                path=path,
                exports=interpretation.exports,
                mends=interpretation.mends,
                options=interpretation.options,
                stub_wasi=project.manifest.build.wasi == "stub",
            )
            wasm = componentize(job, work)
            if store is not None:
                store.store(key, wasm.read_bytes())
            return wasm, 1

    def _check(self, wasm: Path, interpretation: Interpretation) -> None:
        from .check import check_component

        project = self.project
        with self._stage("check", interpretation.world.path):
            check_component(
                wasm,
                interpretation.resolve,
                interpretation.world,
                wasi=project.manifest.build.wasi,
                shown=project.shown(project.wasm),
            )

    def _compile(self, profile: Profile) -> int:
        """Make the native code for a profile, unless it is there; how often the compiler ran."""
        from ..component.bulk.kept import is_kept
        from ..component.engine.cache import Cache, default_cache

        project, bulk = self.project, self._bulk(profile)
        cache = default_cache() if self.cache is None else Cache(self.cache / "compiled")
        before = cache.counters.compiled
        known = is_kept(state.digest(project), profile, cache, bulk=bulk)
        if not known and self._is_asynchronous():
            profile = "concurrent"  # the only one that takes it
            known = is_kept(state.digest(project), profile, cache, bulk=bulk)
        with self._stage("compile", f"{project.shown(project.wasm)} ({profile})") as stage:
            if known:
                stage.fresh = True
                return 0
            from ..component.hosting.loaded import Component

            Component.open(project.wasm, profile=profile, cache=cache, bulk=bulk)
            stage.fresh = cache.counters.compiled == before
        return cache.counters.compiled - before

    def _bulk(self, profile: Profile) -> bool:
        """Whether those who use this profile let lists of numbers pass through adapters: whoever runs it keeps to the manifest's limits."""
        from ..component.running.limits import Limits

        manifest = self.project.manifest
        if profile == "plain" != manifest.runtime.profile:
            return True  # a program that loads it, without limits
        asked = manifest.limits
        return Limits(fuel=asked.fuel if profile == "metered" else None, memory=asked.memory).bulk

    def _is_asynchronous(self) -> bool:
        from .asynchronous import is_asynchronous
        from .generating import interpret

        return is_asynchronous(interpret(self.project).world)

    def _sweep(self) -> None:
        """Remove what a killed build left; the lock says that no other one runs."""
        for left in self.project.dist.glob(f"{_WORK}*"):
            shutil.rmtree(left, ignore_errors=True)

    def _details(self) -> tuple[tuple[Stage, str], ...]:
        project = self.project
        world, wasm = project.manifest.component.world, project.shown(project.wasm)
        return ("generate", world), ("build", wasm), ("check", world)

    def _fresh(self, stage: Stage, detail: str) -> None:
        self.reporter.stage(stage, detail)
        self.reporter.done(stage, fresh=True, seconds=0.0)

    @contextlib.contextmanager
    def _stage(self, name: Stage, detail: str) -> Generator[_Running, None, None]:
        self.reporter.stage(name, detail)
        running = _Running()
        started = time.perf_counter()
        yield running
        self.reporter.done(name, fresh=running.fresh, seconds=time.perf_counter() - started)


def _user_cache(given: Path | None) -> Path | None:
    """The user's cache folder; None for a user without a home folder."""
    try:
        return given or cache_folder()
    except RuntimeError:
        return None


class _Running:
    """A stage that runs; it may turn out that nothing had to be done."""

    __slots__ = ("fresh",)

    def __init__(self) -> None:
        self.fresh = False
