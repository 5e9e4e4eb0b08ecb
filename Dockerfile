# syntax=docker/dockerfile:1
# The image of a server for a team. docs/deploy.md says how to build and run it.

FROM node:22-bookworm-slim AS dashboard
WORKDIR /src/chroma-ui
COPY chroma-ui/package.json chroma-ui/package-lock.json ./
# not `npm ci`: it refuses a lock made where a registry has not every platform's optional binaries
RUN npm install --no-save --no-audit --no-fund
COPY chroma-ui/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS install
# without .git, which is not copied, the version must be told
ARG VERSION=0.1.0
ENV SETUPTOOLS_SCM_PRETEND_VERSION=${VERSION} PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY constraints.txt ./
RUN pip install --no-cache-dir --constraint constraints.txt build && python -m venv /opt/chroma
COPY pyproject.toml build_dashboard.py README.md LICENSE ./
COPY chroma/ chroma/
COPY --from=dashboard /src/chroma/server/static/ chroma/server/static/
RUN python -m build --wheel --outdir /dist \
    && /opt/chroma/bin/pip install --no-cache-dir --constraint constraints.txt \
       "$(echo /dist/chroma_embeddings-*.whl)[dashboard,team,dask]"

FROM python:3.11-slim-bookworm
# a fixed number: volumes keep their owner, and Kubernetes proves by it that this is not root
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin chroma \
    && install --directory --owner chroma --group chroma --mode 0700 /data /cache
COPY --from=install /opt/chroma /opt/chroma
ENV PATH=/opt/chroma/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CHROMA_HOME=/data/home \
    NUMBA_CACHE_DIR=/cache
USER 10001:10001
WORKDIR /data
VOLUME ["/data", "/cache"]
EXPOSE 8000
# a name of this machine: a request for any other host is refused, unless a setting names it
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/api/health/ready', timeout=4)"]
ENTRYPOINT ["chroma"]
CMD ["application", "run", "--host", "0.0.0.0", "--port", "8000"]
