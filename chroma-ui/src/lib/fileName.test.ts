import { expect, it } from "vitest";
import { fileName } from "./fileName";

it("says what is in the file, whatever the names are", () => {
  expect(fileName(["royal oak", "head:input", "val", "epoch 3"], "png")).toBe(
    "royal-oak_head-input_val_epoch-3.png",
  );
  expect(fileName(["../../etc/passwd", null, "<img src=x>"], "csv")).toBe("etc-passwd_img-src-x.csv");
  expect(fileName(["läufe 2.1", "  "], "gif")).toBe("läufe-2.1.gif");
  expect(fileName(["🦆", ".."], "svg")).toBe("chroma.svg");
  expect(fileName(["x".repeat(200)], "svg")).toHaveLength(64);
});
