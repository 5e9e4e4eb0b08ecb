import { create } from "zustand";

export type Notice = {
  key: number;
  text: string;
  action?: { label: string; run: () => void };
};

type Notices = { notices: Notice[]; dismiss: (key: number) => void };

let nextKey = 1;

export const useNotices = create<Notices>()((set) => ({
  notices: [],
  dismiss: (key) => set(({ notices }) => ({ notices: notices.filter((notice) => notice.key !== key) })),
}));

export function notify(text: string, action?: Notice["action"]): void {
  const notice = { key: nextKey++, text, action };
  useNotices.setState(({ notices }) => ({ notices: [...notices, notice] }));
}
