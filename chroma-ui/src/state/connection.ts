import { create } from "zustand";

type Connection = {
  /** unauthorised: the server answers, but needs the token of the address that `chroma ui` printed. */
  status: "ok" | "down" | "unauthorised";
  /** Whom a user should ask who is signed in, and may see nothing; null: they need the token. */
  stranger: string | null;
  /** How often the server came back; on a change, fetch again. */
  returns: number;
};

export const useConnection = create<Connection>()(() => ({
  status: "ok",
  stranger: null,
  returns: 0,
}));

export const reportDown = () => useConnection.setState({ status: "down" });

export const reportUnauthorised = (stranger: string | null) =>
  useConnection.setState({ status: "unauthorised", stranger });

export const reportUp = () =>
  useConnection.setState(({ status, returns }) =>
    status === "ok" ? {} : { status: "ok", returns: returns + 1 },
  );
