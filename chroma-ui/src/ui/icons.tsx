import type { ReactNode } from "react";

function icon(shape: ReactNode) {
  return function Icon({ size = 16 }: { size?: number }) {
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
        {shape}
      </svg>
    );
  };
}

export const ChevronDown = icon(<path d="m4.5 6.5 3.5 3.5 3.5-3.5" />);
export const Check = icon(<path d="m3.5 8.5 3 3 6-7" />);
export const Cross = icon(<path d="m4 4 8 8m0-8-8 8" />);
export const Search = icon(
  <>
    <circle cx="7" cy="7" r="4" />
    <path d="m10 10 3.5 3.5" />
  </>,
);
export const Pencil = icon(<path d="m3 13 .6-2.6L10.9 3.1l2 2-7.3 7.3zM9.6 4.4l2 2" />);
export const Bin = icon(<path d="M3 4.5h10M6.5 4.5v-1.5h3v1.5M4.5 4.5l.5 8.5h6l.5-8.5M7 7v3.5M9 7v3.5" />);
export const Moon = icon(<path d="M13 9.6A5.5 5.5 0 1 1 6.4 3a4.5 4.5 0 0 0 6.6 6.6z" />);
export const Sun = icon(
  <>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9" />
  </>,
);
export const Screen = icon(
  <>
    <rect x="2" y="3" width="12" height="8" rx="1.2" />
    <path d="M6 13.5h4" />
  </>,
);
export const Link = icon(
  <path d="M6.7 9.3 9.3 6.7M7.5 4.7l1.1-1.1a2.7 2.7 0 0 1 3.8 3.8L11.3 8.5M8.5 11.3l-1.1 1.1a2.7 2.7 0 0 1-3.8-3.8L4.7 7.5" />,
);
export const Fit = icon(
  <path d="M2.5 6V3.5a1 1 0 0 1 1-1H6M10 2.5h2.5a1 1 0 0 1 1 1V6M13.5 10v2.5a1 1 0 0 1-1 1H10M6 13.5H3.5a1 1 0 0 1-1-1V10" />,
);
export const Plus = icon(<path d="M8 3v10M3 8h10" />);
export const Minus = icon(<path d="M3 8h10" />);
export const Question = icon(
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="M6.3 6.3a1.7 1.7 0 1 1 2.5 1.5c-.5.3-.8.6-.8 1.2M8 11.2v.1" />
  </>,
);
export const Loop = icon(
  <path d="M3 8a4 4 0 0 1 4-4h5.5M10.5 2l2 2-2 2M13 8a4 4 0 0 1-4 4H3.5M5.5 14l-2-2 2-2" />,
);
export const Target = icon(
  <>
    <circle cx="8" cy="8" r="2.2" />
    <path d="M8 1.5v2.5M8 12v2.5M1.5 8H4M12 8h2.5" />
  </>,
);
export const PanelLeft = icon(
  <>
    <rect x="2" y="3" width="12" height="10" rx="1.5" />
    <path d="M6 3v10" />
  </>,
);
export const PanelRight = icon(
  <>
    <rect x="2" y="3" width="12" height="10" rx="1.5" />
    <path d="M10 3v10" />
  </>,
);
export const Warning = icon(<path d="M8 2.5 14.2 13H1.8zM8 6.5v3M8 11.3v.1" />);

export function Play({ size = 16 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
      <path d="M5 3.2v9.6c0 .5.5.8.9.5l7.3-4.8a.6.6 0 0 0 0-1L5.9 2.7c-.4-.3-.9 0-.9.5z" />
    </svg>
  );
}

export function Pause({ size = 16 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
      <rect x="3.8" y="3" width="3" height="10" rx="1" />
      <rect x="9.2" y="3" width="3" height="10" rx="1" />
    </svg>
  );
}

export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="7.5" cy="8" r="4.6" fill="#4cb5ff" />
      <circle cx="16.4" cy="6.4" r="2.9" fill="#39d0c8" />
      <circle cx="15.6" cy="15.4" r="4.6" fill="#8b7bff" />
      <circle cx="7" cy="17.6" r="2.9" fill="#f58fd0" />
    </svg>
  );
}
