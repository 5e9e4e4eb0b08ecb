import { expect, test } from "vitest";
import { sendInTurn } from "./act";

test("what was sent before a part that fails is known, and nothing is sent after it", async () => {
  const came: string[] = [];
  const send = async (part: string) => {
    came.push(part);
    if (part === "val") throw new Error("the server answered 503");
  };
  expect(await sendInTurn(["train", "val", "test"], send)).toEqual({
    sent: ["train"],
    problem: "the server answered 503",
  });
  expect(came).toEqual(["train", "val"]);
  expect(await sendInTurn(["train"], send)).toEqual({ sent: ["train"], problem: null });
});
