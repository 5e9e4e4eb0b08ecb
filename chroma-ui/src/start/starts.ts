/** Pure: how a training is watched, for each framework; shown where there is no run yet. */

export type Start = { name: string; title: string; about: string; code: string };

export const STARTS: readonly Start[] = [
  {
    name: "lightning",
    title: "Lightning",
    about: "One line at the top of the script:",
    code: `import chroma

chroma.autolog()  # then train as always`,
  },
  {
    name: "keras",
    title: "Keras",
    about: "One callback; Keras 3 on TensorFlow, PyTorch or JAX:",
    code: `from chroma.integrations.keras import ChromaCallback

model.fit(x, y, validation_data=(x_val, y_val), epochs=10, callbacks=[ChromaCallback()])`,
  },
  {
    name: "transformers",
    title: "Hugging Face",
    about: "One callback for the Trainer:",
    code: `from chroma.integrations.transformers import ChromaCallback

trainer.add_callback(ChromaCallback())  # before trainer.train()`,
  },
  {
    name: "pytorch",
    title: "PyTorch loop",
    about: "Around your own loop:",
    code: `import chroma

with chroma.watch(model, loader=val_loader, split="val") as watch:
    for epoch in range(epochs):
        train_one_epoch(model)  # yours
        watch.snapshot(epoch=epoch)`,
  },
  {
    name: "hand",
    title: "By hand",
    about: "Any vectors, from any program:",
    code: `import chroma

with chroma.init("my project") as run:
    for epoch in range(epochs):
        vectors = embed(samples)  # yours: [n, d]
        run.log_embeddings(vectors, layer="features", ids=ids, split="val", epoch=epoch, labels=labels)`,
  },
];

/** What else starts a training of any framework, said below. */
export const CALLBACK_TOO = `from chroma.integrations.lightning import ChromaCallback

trainer = L.Trainer(callbacks=[ChromaCallback()])`;
