"""The job file's content, checked: its sections, and what must fit between them. No torch."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from nas.job_file.baselines import own_architecture
from nas.job_file.sections import (
    BudgetSection,
    CheckpointsSection,
    CostSection,
    DataSection,
    FinalistsSection,
    RecipeSection,
    SearchSection,
    Section,
    TrackingSection,
    Webhook,
    WorkersSection,
    problems,
)
from nas.names import check_name
from search_spaces.errors import SpaceError, SpaceErrors, unknown
from search_spaces.ready import ready_names, ready_space
from search_spaces.space import SearchSpace
from workers.datasets import DataSpec
from workers.recipe import Recipe


class JobSpec(Section):
    """A whole job file."""

    name: str
    seed: int = Field(0, ge=0, lt=2**31)
    data: DataSection = DataSection()
    space: str | dict[str, Any]
    recipe: RecipeSection = RecipeSection()
    cost: CostSection = CostSection()
    search: SearchSection
    budget: BudgetSection = BudgetSection()
    checkpoints: CheckpointsSection = CheckpointsSection()
    finalists: FinalistsSection = FinalistsSection()
    workers: WorkersSection = WorkersSection()
    tracking: TrackingSection = TrackingSection()
    warm_start: Annotated[tuple[str, ...], Field(strict=False)] = ()
    webhook: Webhook | None = None

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        return check_name(name)

    @field_validator("space", mode="plain")
    @classmethod
    def _space(cls, value: object) -> str | dict[str, Any]:
        """A ready space's name or a space that can be built; every error keeps its place."""
        if isinstance(value, str):
            if value not in ready_names():
                raise ValueError(unknown("ready space", value, ready_names()))
            return value
        if not isinstance(value, dict):
            raise ValueError("must be the name of a ready space or a section")
        try:
            SearchSpace.from_dict(value)
        except SpaceErrors as error:
            raise problems([(e.path, str(e)) for e in error.errors]) from None
        return value

    @field_validator("search")
    @classmethod
    def _rungs_fit(cls, search: SearchSection, info: ValidationInfo) -> SearchSection:
        """Rungs rise and end at the full budget; only checked beside a valid recipe."""
        recipe = info.data.get("recipe")
        if search.rungs is None or recipe is None:
            return search
        wrong = _rungs_problem(search.rungs, recipe.epochs)
        if wrong:
            raise problems([(("rungs",), wrong)])
        return search

    @field_validator("search")
    @classmethod
    def _own_baselines_fit(cls, search: SearchSection, info: ValidationInfo) -> SearchSection:
        """The user's baselines stand on their backbones; only checked beside a valid space."""
        space = info.data.get("space")
        if space is None:
            return search
        section = ready_space(space) if isinstance(space, str) else space
        found = []
        for label, own in search.baselines["own"].items():
            try:
                own_architecture(label, own, SearchSpace.from_dict(section))
            except SpaceError as error:
                found.append((("baselines", "own", *error.path), str(error)))
        if found:
            raise problems(found)
        return search

    @field_validator("search")
    @classmethod
    def _inheritance_fits(cls, search: SearchSection, info: ValidationInfo) -> SearchSection:
        """Only what starts as the identity leaves trained weights as good as they were."""
        space = info.data.get("space")
        section = ready_space(space) if isinstance(space, str) else space
        if search.inherit and section is not None and section.get("start") == "paper":
            wrong = "needs a space whose attention starts as the identity; its start is 'paper'"
            raise problems([(("inherit",), wrong)])
        return search

    @field_validator("budget")
    @classmethod
    def _one_training_fits(cls, budget: BudgetSection, info: ValidationInfo) -> BudgetSection:
        """Only checked beside a valid recipe."""
        recipe = info.data.get("recipe")
        if recipe is not None and budget.epochs is not None and budget.epochs < recipe.epochs:
            wrong = f"{budget.epochs} is less than one training: recipe.epochs is {recipe.epochs}"
            raise problems([(("epochs",), wrong)])
        return budget

    @field_validator("warm_start", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("warm_start")
    @classmethod
    def _through_the_cache(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """No job twice; and without the cache nothing could be taken over."""
        search = info.data.get("search")
        if names and search is not None and not search.cache:
            raise ValueError("takes trainings over through the cache, but search.cache is false")
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"names {repeated!r} twice")
        return names

    def recipe_value(self) -> Recipe:
        """The training recipe as the workers take it; an annealed schedule holds the rungs."""
        restarts = self.rungs()[:-1] if self.recipe.schedule == "annealed" else ()
        return Recipe(**self.recipe.model_dump(exclude={"schedule"}), restarts=restarts)

    def data_value(self) -> DataSpec:
        """The data as the workers take it."""
        return DataSpec(**self.data.model_dump())

    def search_space(self) -> SearchSpace:
        """The space to search."""
        section = ready_space(self.space) if isinstance(self.space, str) else self.space
        return SearchSpace.from_dict(section)

    def rungs(self) -> tuple[int, ...]:
        """Epochs at which trials are compared; the last is the full budget."""
        epochs = self.recipe.epochs
        if self.search.pruner == "none":
            return (epochs,)
        return self.search.rungs or derived_rungs(epochs)


def derived_rungs(epochs: int) -> tuple[int, ...]:
    """A quarter, a half and the whole of the budget, without repeats: 12 gives (3, 6, 12)."""
    return tuple(sorted({max(1, epochs // 4), max(1, epochs // 2), epochs}))


def _rungs_problem(rungs: tuple[int, ...], epochs: int) -> str:
    if not rungs or list(rungs) != sorted(set(rungs)):
        return f"{list(rungs)} must rise from rung to rung"
    if rungs[-1] != epochs:
        return f"{list(rungs)} must end at recipe.epochs, which is {epochs}"
    return ""
