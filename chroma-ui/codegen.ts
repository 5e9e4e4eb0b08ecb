import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: ["src/api/*.graphql"],
  generates: {
    "src/api/gql/graphql.ts": {
      plugins: ["typescript-operations", "typed-document-node"],
      config: {
        enumType: "string-literal",
        useTypeImports: true,
        strictScalars: true,
        scalars: { DateTime: "string", JSON: "unknown", BigInt: "number", AnyFloat: "number | string" },
        // As text, parsed by urql: as syntax trees the documents weighed three times as much of the first load.
        documentMode: "graphQLTag",
        gqlImport: "@urql/core#gql",
      },
    },
  },
};

export default config;
