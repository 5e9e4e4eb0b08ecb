import { useEffect } from "react";
import type { Frame } from "../api/bytes";
import { usePreferences } from "../state/preferences";
import { useView } from "../state/view";

/** How long each frame is shown at speed 1, including the animation to it. */
export const FRAME_MS = 950;
const LONGEST_GLIDE_MS = 650;

export const glideFor = (speed: number): number => Math.min(LONGEST_GLIDE_MS, (FRAME_MS / speed) * 0.8);

/** Steps through the frames while the film plays; waits for a frame that is still loading. */
export function usePlayer(frames: readonly Frame[], index: number, shownDigest: string | null): void {
  const playing = useView((view) => view.playing);
  const speed = usePreferences((preferences) => preferences.speed);
  const loop = usePreferences((preferences) => preferences.loop);
  const digest = frames[index]?.digest ?? null;
  const arrived = digest !== null && digest === shownDigest;

  useEffect(() => {
    if (!playing || !arrived) return;
    const { seekFrame, setPlaying } = useView.getState();
    const last = index >= frames.length - 1;
    if (last && !loop) {
      setPlaying(false);
      return;
    }
    const timer = window.setTimeout(() => seekFrame(frames[last ? 0 : index + 1]), FRAME_MS / speed);
    return () => window.clearTimeout(timer);
  }, [playing, arrived, frames, index, speed, loop]);
}

/** Starts or stops the film; at the last frame it starts from the first. */
export function togglePlay(frames: readonly Frame[], index: number): void {
  const { playing, setPlaying, seekFrame } = useView.getState();
  if (frames.length < 2) return;
  if (!playing && index === frames.length - 1) seekFrame(frames[0]);
  setPlaying(!playing);
}
