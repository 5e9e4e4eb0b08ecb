"""GraphQL: what exists and its status; numbers travel as bytes, by the routes of `server.http`."""
