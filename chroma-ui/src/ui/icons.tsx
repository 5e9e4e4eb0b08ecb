import type { ReactNode } from "react";

type Props = { size?: number };

function Stroked({ size = 16, children }: Props & { children: ReactNode }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const ChevronDown = (props: Props) => (
  <Stroked {...props}>
    <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />
  </Stroked>
);
export const ArrowLeft = (props: Props) => (
  <Stroked {...props}>
    <path d="M13 8H3.5m3.8-3.8L3.5 8l3.8 3.800" />
  </Stroked>
);
export const ArrowUp = (props: Props) => (
  <Stroked {...props}>
    <path d="M8 13V3.5m-3.8 3.8L8 3.5l3.8 3.8" />
  </Stroked>
);
export const ArrowDown = (props: Props) => (
  <Stroked {...props}>
    <path d="M8 3v9.5m-3.8-3.8L8 12.5l3.8-3.8" />
  </Stroked>
);
export const Check = (props: Props) => (
  <Stroked {...props}>
    <path d="m3.5 8.5 3 3 6-7" />
  </Stroked>
);
export const Cross = (props: Props) => (
  <Stroked {...props}>
    <path d="m4 4 8 8m0-8-8 8" />
  </Stroked>
);
export const Copy = (props: Props) => (
  <Stroked {...props}>
    <rect x="5.5" y="5.5" width="7.5" height="8" rx="1.5" />
    <path d="M3.5 10.5v-6A1.5 1.5 0 0 1 5 3h5" />
  </Stroked>
);
export const Lasso = (props: Props) => (
  <Stroked {...props}>
    <path d="M8 2.8c3.2 0 5.7 1.6 5.7 3.7S11.2 10.2 8 10.2 2.3 8.6 2.3 6.5 4.8 2.8 8 2.8zM4.5 9.5c-1 .8-.8 2.2.4 2.4 1.1.2 1.2 1.3.2 1.9" />
  </Stroked>
);
export const BoxSelect = (props: Props) => (
  <Stroked {...props}>
    <rect x="2.8" y="2.8" width="10.4" height="10.4" rx="1" strokeDasharray="2.2 2" />
  </Stroked>
);
export const Move = (props: Props) => (
  <Stroked {...props}>
    <path d="M8 2v12M2 8h12M6.3 3.7 8 2l1.7 1.7M6.3 12.3 8 14l1.7-1.7M3.7 6.3 2 8l1.7 1.7M12.3 6.3 14 8l-1.7 1.7" />
  </Stroked>
);
export const Camera = (props: Props) => (
  <Stroked {...props}>
    <path d="M2.5 5h2.8l1-1.7h3.4l1 1.7h2.8v7.5h-11z" />
    <circle cx="8" cy="8.5" r="2.3" />
  </Stroked>
);
export const Search = (props: Props) => (
  <Stroked {...props}>
    <circle cx="7" cy="7" r="4" />
    <path d="m10 10 3.5 3.5" />
  </Stroked>
);
export const Pencil = (props: Props) => (
  <Stroked {...props}>
    <path d="m3 13 .6-2.6L10.9 3.1l2 2-7.3 7.3zM9.6 4.4l2 2" />
  </Stroked>
);
export const Bookmark = (props: Props) => (
  <Stroked {...props}>
    <path d="M4.5 2.5h7v11L8 10.6l-3.5 2.9z" />
  </Stroked>
);
export const Bin = (props: Props) => (
  <Stroked {...props}>
    <path d="M3 4.5h10M6.5 4.5v-1.5h3v1.5M4.5 4.5l.5 8.5h6l.5-8.5M7 7v3.5M9 7v3.5" />
  </Stroked>
);
export const Moon = (props: Props) => (
  <Stroked {...props}>
    <path d="M13 9.6A5.5 5.5 0 1 1 6.4 3a4.5 4.5 0 0 0 6.6 6.6z" />
  </Stroked>
);
export const Sun = (props: Props) => (
  <Stroked {...props}>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9" />
  </Stroked>
);
export const Screen = (props: Props) => (
  <Stroked {...props}>
    <rect x="2" y="3" width="12" height="8" rx="1.2" />
    <path d="M6 13.5h4" />
  </Stroked>
);
export const Link = (props: Props) => (
  <Stroked {...props}>
    <path d="M6.7 9.3 9.3 6.7M7.5 4.7l1.1-1.1a2.7 2.7 0 0 1 3.8 3.8L11.3 8.5M8.5 11.3l-1.1 1.1a2.7 2.7 0 0 1-3.8-3.8L4.7 7.5" />
  </Stroked>
);
export const Share = (props: Props) => (
  <Stroked {...props}>
    <path d="M8 9.5V2.5M5.3 5 8 2.3 10.7 5M3.5 8v5.5h9V8" />
  </Stroked>
);
export const Fit = (props: Props) => (
  <Stroked {...props}>
    <path d="M2.5 6V3.5a1 1 0 0 1 1-1H6M10 2.5h2.5a1 1 0 0 1 1 1V6M13.5 10v2.5a1 1 0 0 1-1 1H10M6 13.5H3.5a1 1 0 0 1-1-1V10" />
  </Stroked>
);
export const Plus = (props: Props) => (
  <Stroked {...props}>
    <path d="M8 3v10M3 8h10" />
  </Stroked>
);
export const Minus = (props: Props) => (
  <Stroked {...props}>
    <path d="M3 8h10" />
  </Stroked>
);
export const Question = (props: Props) => (
  <Stroked {...props}>
    <circle cx="8" cy="8" r="6" />
    <path d="M6.3 6.3a1.7 1.7 0 1 1 2.5 1.5c-.5.3-.8.6-.8 1.2M8 11.2v.1" />
  </Stroked>
);
export const Loop = (props: Props) => (
  <Stroked {...props}>
    <path d="M3 8a4 4 0 0 1 4-4h5.5M10.5 2l2 2-2 2M13 8a4 4 0 0 1-4 4H3.5M5.5 14l-2-2 2-2" />
  </Stroked>
);
export const Target = (props: Props) => (
  <Stroked {...props}>
    <circle cx="8" cy="8" r="2.2" />
    <path d="M8 1.5v2.5M8 12v2.5M1.5 8H4M12 8h2.5" />
  </Stroked>
);
export const Columns = (props: Props) => (
  <Stroked {...props}>
    <rect x="2" y="3" width="5.2" height="10" rx="1.4" />
    <rect x="8.8" y="3" width="5.2" height="10" rx="1.4" />
  </Stroked>
);
export const Chain = (props: Props) => (
  <Stroked {...props}>
    <path d="M6.8 4.8H5a3.2 3.2 0 0 0 0 6.4h1.8M9.2 4.8H11a3.2 3.2 0 0 1 0 6.4H9.2M5.8 8h4.4" />
  </Stroked>
);
export const PanelLeft = (props: Props) => (
  <Stroked {...props}>
    <rect x="2" y="3" width="12" height="10" rx="1.5" />
    <path d="M6 3v10" />
  </Stroked>
);
export const PanelRight = (props: Props) => (
  <Stroked {...props}>
    <rect x="2" y="3" width="12" height="10" rx="1.5" />
    <path d="M10 3v10" />
  </Stroked>
);
export const Warning = (props: Props) => (
  <Stroked {...props}>
    <path d="M8 2.5 14.2 13H1.8zM8 6.5v3M8 11.3v.1" />
  </Stroked>
);

export function Play({ size = 16 }: Props) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
      <path d="M5 3.2v9.6c0 .5.5.8.9.5l7.3-4.8a.6.6 0 0 0 0-1L5.9 2.7c-.4-.3-.9 0-.9.5z" />
    </svg>
  );
}

export function Pause({ size = 16 }: Props) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
      <rect x="3.8" y="3" width="3" height="10" rx="1" />
      <rect x="9.2" y="3" width="3" height="10" rx="1" />
    </svg>
  );
}

export function Logo({ size = 24 }: Props) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="7.5" cy="8" r="4.6" fill="#4cb5ff" />
      <circle cx="16.4" cy="6.4" r="2.9" fill="#39d0c8" />
      <circle cx="15.6" cy="15.4" r="4.6" fill="#8b7bff" />
      <circle cx="7" cy="17.6" r="2.9" fill="#f58fd0" />
    </svg>
  );
}
export const PanelBottom = (props: Props) => (
  <Stroked {...props}>
    <rect x="2.5" y="3" width="11" height="10" rx="1.5" />
    <path d="M2.5 9.5h11" />
  </Stroked>
);
export const Panels = (props: Props) => (
  <Stroked {...props}>
    <rect x="2.5" y="3" width="11" height="10" rx="1.5" />
    <path d="M6 3v10M6 9.5h7.5" />
  </Stroked>
);
export const Dots = (props: Props) => (
  <Stroked {...props}>
    <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" strokeWidth="2" />
  </Stroked>
);
export const Bars = (props: Props) => (
  <Stroked {...props}>
    <path d="M3 4.5h1.5M7 4.5h6M3 8h1.5M7 8h6M3 11.5h1.5M7 11.5h6" />
  </Stroked>
);
export const Chart = (props: Props) => (
  <Stroked {...props}>
    <path d="M2.500 2.500v11h11M5.500 11V8M8.500 11V4.500M11.500 11V6.500" />
  </Stroked>
);
export const Flag = (props: Props) => (
  <Stroked {...props}>
    <path d="M4 13.5v-11h8l-2 3 2 3H4" />
  </Stroked>
);
export const Grid = (props: Props) => (
  <Stroked {...props}>
    <rect x="2.8" y="2.8" width="10.4" height="10.4" rx="1" />
    <path d="M2.8 8h10.4M8 2.8v10.4" />
  </Stroked>
);
export const Info = (props: Props) => (
  <Stroked {...props}>
    <circle cx="8" cy="8" r="5.5" />
    <path d="M8 7.5v3.200M8 5.200v.01" />
  </Stroked>
);
export const Undo = (props: Props) => (
  <Stroked {...props}>
    <path d="M5.5 3 2.5 6l3 3M2.5 6H9.5a4 4 0 0 1 0 8H6" />
  </Stroked>
);
export const Redo = (props: Props) => (
  <Stroked {...props}>
    <path d="M10.5 3l3 3-3 3M13.5 6H6.5a4 4 0 0 0 0 8H10" />
  </Stroked>
);
export const Rows = (props: Props) => (
  <Stroked {...props}>
    <rect x="2.5" y="3" width="11" height="10" rx="1.2" />
    <path d="M2.5 6.3h11M2.5 9.6h11M6.3 6.3V13" />
  </Stroked>
);
