# The esddns image: Python, the wheel and its locked dependencies, and of the system what these load: no shell, no
# package manager. No BuildKit-only syntax, so that `DOCKER_BUILDKIT=0 docker build .` works too.

# Any image of a Linux with glibc that has Python 3.11 or later and venv: the official one, or Debian with python3.
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
# What a release says of the commit's time; nothing in an image is younger.
ARG SOURCE_DATE_EPOCH
# The seed orders what bytecode holds of sets: one seed, the same bytes each time.
RUN /build/bin/python3 -m hatchling build -t wheel -d /wheels \
 && /build/bin/pip --python /opt/esddns/bin/python3 install \
    --no-index --no-deps --no-compile /wheels/*.whl \
 && find /opt/esddns/bin -type f ! -name esddns -delete \
 && PYTHONHASHSEED=0 /opt/esddns/bin/python3 -B image/gather.py /image
# It runs as it will, before it is an image: what was left behind is missed here.
RUN SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt chroot --userspec=65532:65532 /image \
    /opt/esddns/bin/python3 -B -I -c 'import kopf, kubernetes.aio.config, ssl, esddns.roles.node, esddns.roles.web; \
    assert ssl.create_default_context().get_ca_certs()' \
 && chroot --userspec=65532:65532 /image /opt/esddns/bin/esddns --version


FROM scratch
ENV PATH=/opt/esddns/bin \
    LANG=C.UTF-8 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    ESDDNS_STATE_DIR=/var/lib/esddns
COPY --from=builder /image /

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
