# docker build -t fwber-rt .
# docker run --read-only --volume fwber:/data --publish 8080:8080 fwber-rt
# The root may be read-only: everything the server writes is below /data. Metrics and health are on 9090, which is not published.

# The pages, with Node from PyPI: one base image, every download hashed. It does not change with the server's sources.
FROM python:3.13-slim AS web
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PATH="/opt/node/bin:$PATH"
WORKDIR /src
COPY requirements-web.lock ./
RUN python -m venv /opt/node \
 && /opt/node/bin/pip install --require-hashes --only-binary :all: --requirement requirements-web.lock
COPY fwber_rt/web/package.json fwber_rt/web/package-lock.json fwber_rt/web/.npmrc ./
RUN npm ci --ignore-scripts
COPY fwber_rt/web ./
RUN npm run build

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements-runtime.lock ./
RUN python -m venv /opt/fwber_rt \
 && /opt/fwber_rt/bin/pip install --require-hashes --only-binary :all: --requirement requirements-runtime.lock
COPY requirements.lock ./
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes --only-binary :all: --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY fwber_rt fwber_rt
COPY --from=web /src/dist fwber_rt/web/dist
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && /opt/fwber_rt/bin/pip install --no-deps --no-index /dist/*.whl \
 && /opt/fwber_rt/bin/pip uninstall --yes pip \
 && mkdir /data

FROM python:3.13-slim
LABEL org.opencontainers.image.title="fwber_rt" \
      org.opencontainers.image.description="Self-hosted proximity chat server" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH="/opt/fwber_rt/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FWBER_RT_CONFIG=/etc/fwber_rt/production.toml \
    FWBER_RT_DATA_DIR=/data \
    FWBER_RT_LISTEN=0.0.0.0:8080 \
    FWBER_RT_LISTEN_INTERNAL=0.0.0.0:9090
COPY --from=build /opt/fwber_rt /opt/fwber_rt
COPY --from=build --chown=10001:10001 /data /data
COPY config/production.toml /etc/fwber_rt/production.toml
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:9090/healthz', timeout=4)"]
ENTRYPOINT ["fwber-rt"]
CMD ["serve"]
