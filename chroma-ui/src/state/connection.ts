import { create } from "zustand";

type Connection = {
  /** unauthorised: the server answers, but needs the token of the address that `chroma ui` printed. */
  status: "ok" | "down" | "unauthorised";
  /** How often the server came back; on a change, fetch again. */
  returns: number;
};

export const useConnection = create<Connection>()(() => ({ status: "ok", returns: 0 }));

export const reportDown = () => useConnection.setState({ status: "down" });

export const reportUnauthorised = () => useConnection.setState({ status: "unauthorised" });

export const reportUp = () =>
  useConnection.setState(({ status, returns }) =>
    status === "ok" ? {} : { status: "ok", returns: returns + 1 },
  );
