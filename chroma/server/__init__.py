"""The dashboard process: ingest, catalog, store, jobs, GraphQL, bytes and the built UI."""
