"""What happens around a Kedro run."""

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline


class ProjectHooks:
    """Lets go of the database once a run is over, well or not."""

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Release what the run opened."""
        _release(pipeline, catalog)

    @hook_impl
    def on_pipeline_error(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Release what the run opened."""
        _release(pipeline, catalog)


def _release(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    for name in pipeline.inputs():
        if name in catalog and not name.startswith("param"):
            catalog.release(name)
