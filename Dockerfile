# The service, its API and its worker alike: TASKER_ROLE says which. Needs DATABASE_URL; see docs/deployment.md.

FROM node:24.21.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The bundler is an optional package for each platform; of the embedded PostgreSQL nothing is built.
RUN npm pkg delete optionalDependencies && npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY build ./build
COPY src ./src
# The build starts the service once, with the templates that it ships.
COPY config ./config
RUN npm run build

FROM node:24.21.0-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Nest's packages are peers (an application brings its own) and, to be pinned, development dependencies as well; --omit=dev
# would leave most of them out. Optional is the embedded PostgreSQL alone, which a container has no use for.
RUN npm pkg delete devDependencies && npm ci --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-trixie-slim
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY config ./config
# Everything belongs to root; the service reads it and writes nothing.
USER 65532:65532
EXPOSE 8080
# The base image's entry point is a shell script. Without it node is the process that gets the signals.
ENTRYPOINT []
CMD ["node", "--enable-source-maps", "dist/main.js"]
# No HEALTHCHECK: an orchestrator asks /health/live and /health/ready itself, and each check here would start a node of its own.
