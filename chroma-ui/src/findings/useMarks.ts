import { useMemo } from "react";
import type { Mark } from "../timeline/Marks";
import { openFinding } from "./openFinding";
import { useFindings } from "./useFindings";
import { isReported, keyOf, useRunEvents } from "./useRunEvents";

/** What happened in a run, for the timeline: alarms, what the user reported, and events that were found afterwards. */
export function useMarks(runId: string | null): readonly Mark[] {
  const events = useRunEvents(runId);
  const { findings } = useFindings(runId);
  return useMemo(() => {
    const reported = events.map((event): Mark => {
      const { step, level, title, view } = event;
      return { key: keyOf(event), step, level, title, onOpen: () => openFinding(view, keyOf(event)) };
    });
    const found = (findings?.found ?? []).flatMap(({ key, kind, step, title, view }): Mark[] =>
      kind === "EVENT" && !isReported({ key }) && step !== null
        ? [{ key, step, level: "INFO", title, onOpen: () => openFinding(view, key) }]
        : [],
    );
    return [...reported, ...found];
  }, [events, findings]);
}
