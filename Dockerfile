# The runner: one job per container, told on stdin. It runs as any user, without capabilities and with a read-only
# root file system. `docker build -t restorable-runner .` in a checkout builds it; BuildKit is needed, which is the
# default. Behind a proxy with a certificate of its own, add `--secret id=npm_ca,src=FILE`. A server older than 17 is
# restored by clients of its own major: `--build-arg POSTGRES_OLDER="13:bullseye 15:bookworm"`, each with its Debian.
ARG NODE_IMAGE=node:24.21.0-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Install scripts fetch programs that a build does not need.
# A connection that has silently died is given up after a minute, not after five.
RUN --mount=type=secret,id=npm_ca \
  if [ -f /run/secrets/npm_ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/npm_ca; fi \
  && npm ci --ignore-scripts --no-audit --no-fund --fetch-timeout=60000
COPY images/runner images/runner
COPY spec spec
COPY runner runner
RUN npm run bundle

# vacuumlo is in the server's package; the rest of that, and what it needs, has no place in a client. Other majors come
# from the Debian that has them, without what they depend on: the libraries of this image do for them.
FROM ${NODE_IMAGE} AS clients
ARG POSTGRES_MAJOR=17
ARG POSTGRES_OLDER=""
WORKDIR /package
RUN apt-get update \
  && take() { \
    apt-get download "postgresql-$1" "postgresql-client-$1" \
    && for package in ./*.deb; do dpkg-deb --extract "$package" . || return; done \
    && mkdir -p "/out/usr/lib/postgresql/$1/bin" \
    && for program in $2; do cp "usr/lib/postgresql/$1/bin/$program" "/out/usr/lib/postgresql/$1/bin/" || return; done \
    && rm -rf ./*; \
  } \
  && take "${POSTGRES_MAJOR}" vacuumlo \
  && mirror=$(apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" | head -n 1) \
  && for older in ${POSTGRES_OLDER}; do \
    echo "deb $mirror ${older#*:} main" >"/etc/apt/sources.list.d/${older#*:}.list" \
    && apt-get update \
    && take "${older%%:*}" "pg_dump pg_restore psql vacuumlo" || exit; \
  done

FROM ${NODE_IMAGE}
ARG POSTGRES_MAJOR=17
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    age ca-certificates gnupg lz4 openssh-client "postgresql-client-${POSTGRES_MAJOR}" restic rsync tar zstd \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
  && groupadd --gid 10001 restorable \
  && useradd --uid 10001 --gid restorable --no-create-home --home-dir /tmp --shell /usr/sbin/nologin restorable \
  # For the ledger: a new volume that is mounted here belongs to this user.
  && install -d -o restorable -g restorable -m 700 /var/lib/restorable
COPY --from=clients /out/ /
COPY --from=build /build/package.json /opt/restorable/
COPY --from=build /build/dist /opt/restorable/dist
# By a name: a container's healthcheck does not go through the entry point.
RUN chmod 755 /opt/restorable/dist/runner/main.js && ln -s /opt/restorable/dist/runner/main.js /usr/local/bin/restorable-runner
# Of PostgreSQL's programs the real ones are found, not Debian's wrappers, which want a cluster.
ENV NODE_ENV=production HOME=/tmp PATH=/usr/lib/postgresql/${POSTGRES_MAJOR}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /tmp
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/restorable/dist/runner/main.js"]
