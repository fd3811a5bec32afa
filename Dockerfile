# The esddns image: the wheel and its locked dependencies in a virtual environment, on a slim Python.
# No BuildKit-only syntax, so that `DOCKER_BUILDKIT=0 docker build .` works too.

# Any image with Python 3.11 or later and venv: the official one, or Debian's python3.
# A release pins it by digest: --build-arg PYTHON_IMAGE=python:3.14-slim@sha256:<digest>
ARG PYTHON_IMAGE=python:3.14-slim

FROM ${PYTHON_IMAGE} AS builder
# Another package index, for pip; without a password in it, for a build's provenance records arguments.
ARG PIP_INDEX_URL
ARG PIP_DISABLE_PIP_VERSION_CHECK=1
ARG PIP_NO_CACHE_DIR=1

# Two environments: one builds and has pip, the other, which is shipped, never had it.
# Wheels only: nothing is compiled, so neither stage needs a compiler.
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/esddns
COPY operator-src/requirements-cluster.lock operator-src/requirements-build.lock /src/
RUN /build/bin/pip install --require-hashes --only-binary=:all: -r /src/requirements-build.lock \
 && /build/bin/pip --python /opt/esddns/bin/python3 install \
    --require-hashes --only-binary=:all: --no-compile -r /src/requirements-cluster.lock
COPY operator-src /src
WORKDIR /src
# The root file system is read-only when it runs, so bytecode is written now or made at every start.
# Unchecked: no source changes in an image. Not Pygments: 4 MB more, for colours that nothing asks for.
RUN /build/bin/python3 -m hatchling build -t wheel -d /wheels \
 && /build/bin/pip --python /opt/esddns/bin/python3 install \
    --no-index --no-deps --no-compile /wheels/*.whl \
 && /build/bin/python3 -m compileall -q --invalidation-mode unchecked-hash -x /pygments/ /opt/esddns \
 && find /opt/esddns/bin -type f ! -name esddns ! -name 'python*' -delete


FROM ${PYTHON_IMAGE}
ENV PATH=/opt/esddns/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ESDDNS_STATE_DIR=/var/lib/esddns
COPY --from=builder /opt/esddns /opt/esddns
# The base's pip goes, and the copies of it that are kept for new environments (Debian's elsewhere).
# The imports prove the image, and leave the bytecode of what they use of the standard library: the
# official image comes without, and `esddns --version` would take 280 ms and not 60.
RUN base=$(python3 -c 'import sys; print(sys.base_prefix)') \
 && rm -rf "$base"/bin/pip* "$base"/lib/python3*/ensurepip "$base"/lib/python3*/site-packages/* \
    /usr/share/python-wheels \
 && python3 -c 'import esddns.roles.check_table, esddns.roles.once, esddns.roles.run, \
                       esddns.roles.node, esddns.roles.web, kopf, kubernetes.aio.client, \
                       kubernetes.aio.config, esddns.shell.sources.dns_answer, cryptography.x509' \
 && install -d -o 65532 -g 65532 "$ESDDNS_STATE_DIR"

# By number, so that Kubernetes' runAsNonRoot can tell.
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["esddns"]
CMD ["run"]

# Last: they change with every build, and cost no layer's cache here.
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="esddns" \
      org.opencontainers.image.description="Dynamic DNS for Kubernetes clusters, delivered by GitOps" \
      org.opencontainers.image.source="https://github.com/sqe/esddns" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
