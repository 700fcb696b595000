# One image for the six services. `docker build .` needs nothing but this folder and a package index.
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS dependencies
ARG UV_VERSION=0.13.9
ARG HATCHLING_VERSION=1.33.0
ARG EDITABLES_VERSION=0.6
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PYTHON=/usr/local/bin/python PYTHONDONTWRITEBYTECODE=1
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --root-user-action=ignore "uv==${UV_VERSION}" \
    && pip install --root-user-action=ignore --target=/opt/build-backend "hatchling==${HATCHLING_VERSION}" "editables==${EDITABLES_VERSION}"
WORKDIR /app
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    uv sync --locked --no-dev --no-install-project
# What no service needs goes, and what they import is compiled: a container's root is read-only.
RUN --mount=type=bind,source=docker/slim.py,target=/tmp/slim.py \
    --mount=type=bind,source=docker/imports.txt,target=/tmp/imports.txt \
    .venv/bin/python /tmp/slim.py .venv /tmp/imports.txt /bytecode

# The project's own few files; its version is read from the sources, so they come first.
FROM dependencies AS project
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY src src
RUN touch /tmp/before \
    && PYTHONPATH=/opt/build-backend uv sync --locked --no-dev --offline --no-build-isolation --inexact \
    && find .venv -newer /tmp/before ! -type d -print0 >/tmp/new \
    && tar --create --null --files-from=/tmp/new --file=/tmp/new.tar \
    && mkdir /project && tar --extract --directory=/project --file=/tmp/new.tar \
    && .venv/bin/python -m compileall -q --invalidation-mode checked-hash src

# A first start opens conf/ to the app's user; that is no other configuration, and no other image.
FROM ${PYTHON_IMAGE} AS configuration
RUN --mount=type=bind,source=conf,target=/tmp/conf \
    cp -R /tmp/conf /conf && chmod -R u=rwX,go=rX /conf

# The picture of the pipelines, drawn anew only when they have changed.
FROM project AS picture
COPY --from=configuration /conf conf
COPY recorded recorded
RUN --mount=type=cache,target=/var/cache/picture,sharing=locked \
    --mount=type=bind,source=docker/draw_pipelines.py,target=/tmp/draw_pipelines.py \
    DATA_DIR=/var/cache/picture PYTHONPATH=/app/src .venv/bin/python /tmp/draw_pipelines.py /picture

FROM ${PYTHON_IMAGE} AS runtime
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin wind \
    && install --directory --owner=wind --group=wind /app/data /app/conf /app/mlflow
WORKDIR /app
# SECRETS_DIR is where secrets are looked for, not one
# hadolint ignore=DL3064
ENV PATH=/app/.venv/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/app/src \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    BIND_ADDRESS=0.0.0.0 \
    DATA_DIR=/app/data \
    MLFLOW_DIR=/app/mlflow \
    CONF_DIR=/app/conf \
    CONF_DEFAULTS=/app/defaults/conf \
    VIZ_SITE=/app/viz \
    WIND_HEARTBEAT_DIR=/tmp/wind \
    SECRETS_DIR=/run/secrets \
    DO_NOT_TRACK=true \
    MLFLOW_DISABLE_TELEMETRY=true \
    KEDRO_DISABLE_TELEMETRY=true
COPY --link --from=dependencies /app/.venv /app/.venv
COPY --link --from=dependencies /bytecode /
COPY --link docker/uv docker/prepare-folders docker/make-secrets /usr/local/bin/
COPY --link recorded /app/recorded
COPY --link pyproject.toml .telemetry /app/
COPY --link --from=configuration /conf /app/defaults/conf
COPY --link --from=picture /picture /app/viz
COPY --link --from=project /project /app
COPY --link --from=project /app/src /app/src
USER 10001:10001
EXPOSE 5001 8050 4141
CMD ["wind", "--help"]
ARG VERSION=local
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ml-app-wind-draft" \
      org.opencontainers.image.description="Watches a wind farm: what each turbine should have produced, with a calibrated band, live." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
