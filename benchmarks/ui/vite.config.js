export default { base: "./", build: { outDir: "dist", emptyOutDir: true, target: "es2022" } };
