import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { NameForm } from "./NameForm";

afterEach(cleanup);

it("hands over a trimmed name once, and keeps what was typed where it was not saved", async () => {
  const onName = vi.fn(async (name: string) => name !== "taken");
  render(<NameForm label="Name this view" maxLength={200} button onName={onName} />);
  const field = screen.getByLabelText<HTMLInputElement>("Name this view");
  const name = (value: string) => {
    fireEvent.change(field, { target: { value } });
    fireEvent.click(screen.getByText("Save"));
  };
  name("   ");
  name("taken");
  await waitFor(() => expect(onName).toHaveBeenCalledTimes(1));
  expect(field.value).toBe("taken");
  name(" flipped ");
  await waitFor(() => expect(field.value).toBe(""));
  expect(onName.mock.calls).toEqual([["taken"], ["flipped"]]);
});
