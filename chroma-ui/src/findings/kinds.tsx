/** What kinds of findings are called, and their icons. */
import type { ReactNode } from "react";
import type { FindingKind } from "../api/gql/graphql";

type Kind = { title: string; glyph: ReactNode };

export const KINDS: Readonly<Record<FindingKind, Kind>> = {
  LABEL: {
    title: "Labels",
    glyph: (
      <>
        <path d="M2.5 7.4V3.2a.7.7 0 0 1 .7-.7h4.2l6 6-4.9 4.9z" />
        <circle cx="5.4" cy="5.4" r=".9" />
      </>
    ),
  },
  OUTLIER: {
    title: "Outliers",
    glyph: (
      <>
        <circle cx="4" cy="11" r="1.5" />
        <circle cx="7.2" cy="12.2" r="1.3" />
        <circle cx="5.6" cy="8" r="1.3" />
        <circle cx="12.6" cy="3.4" r="1.5" />
      </>
    ),
  },
  DUPLICATE: {
    title: "Duplicates",
    glyph: (
      <>
        <rect x="2.5" y="2.5" width="7.5" height="7.5" rx="1.5" />
        <path d="M6 13.5h6a1.5 1.5 0 0 0 1.5-1.5V6" />
      </>
    ),
  },
  LEAK: { title: "Leaks", glyph: <path d="M2.5 3v10m11-10v10M4.8 8h6.2M8.8 5.6 11.2 8l-2.4 2.4" /> },
  COVERAGE: {
    title: "Coverage",
    glyph: (
      <>
        <circle cx="8" cy="8" r="5.5" strokeDasharray="2.4 2" />
        <circle cx="8" cy="8" r="1.4" />
      </>
    ),
  },
  SAMPLE: { title: "Samples", glyph: <circle cx="8" cy="8" r="3" /> },
  CLASS: {
    title: "Classes",
    glyph: (
      <>
        <circle cx="6" cy="8" r="3.8" />
        <circle cx="10" cy="8" r="3.8" />
      </>
    ),
  },
  SLICE: {
    title: "Slices",
    glyph: <path d="M8 2.5A5.5 5.5 0 1 0 13.5 8H8zM10.5 2.7a5.4 5.4 0 0 1 2.8 2.8h-2.8z" />,
  },
  LAYER: {
    title: "Layers",
    glyph: <path d="m8 2.5 5.8 3L8 8.5l-5.8-3zM2.2 8.2l5.8 3 5.8-3M2.2 10.9l5.8 3 5.8-3" />,
  },
  EPOCH: {
    title: "Epochs",
    glyph: (
      <>
        <circle cx="8" cy="8" r="5.5" />
        <path d="M8 4.8V8l2.3 1.6" />
      </>
    ),
  },
  SPLIT: { title: "Splits", glyph: <path d="M8 13.5V8m0 0L3.5 3.5M8 8l4.5-4.5M3.5 6V3.5H6m4 0h2.5V6" /> },
  DRIFT: { title: "Drift", glyph: <path d="M2 6.2q2-2.4 4 0t4 0 4 0M2 10.4q2-2.4 4 0t4 0 4 0" /> },
  RUN: { title: "Run", glyph: <path d="M4.5 3v10l8-5z" /> },
  EVENT: { title: "Events", glyph: <path d="M4 14V2.5m0 .5h7.5L9.8 5.7l1.7 2.8H4" /> },
  ALARM: {
    title: "Alarms",
    glyph: (
      <path d="M3 11.5h10c-1.2-1-1.4-2-1.4-4.4C11.6 4.700 10 3 8 3S4.400 4.700 4.400 7.100c0 2.400-.2 3.400-1.400 4.400zM6.800 13.500h2.400" />
    ),
  },
};

export function KindIcon({ kind, size = 16 }: { kind: FindingKind; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.3"
      strokeLinecap="round"
      strokeLinejoin="round"
      role="img"
      aria-label={KINDS[kind].title}
    >
      {KINDS[kind].glyph}
    </svg>
  );
}
