"""How Alembic reaches the register: through the connection that `migrate` opened."""

from alembic import context

from coldwitness.storage.register.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
