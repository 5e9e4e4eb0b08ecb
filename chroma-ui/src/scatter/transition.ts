/** Moves the points from frame to frame: animated, or held between two frames while a person scrubs. */
import { ease } from "./camera";
import { type Between, between, type Points } from "./encode";

const SHORTENED_MS = 160;

export function createTransition() {
  let from: Points | null = null;
  let glide: { start: number; ms: number } | null = null;
  let held: Between | null = null;

  const share = (): number =>
    glide && glide.ms > 0 ? Math.min(1, (performance.now() - glide.start) / glide.ms) : 1;

  function moment(to: Points): Between {
    if (held) return held;
    return from && glide ? { from, to, along: ease(share()) } : { from: to, to, along: 1 };
  }

  function begin(start: Points, ms: number): void {
    from = start;
    glide = { start: performance.now(), ms };
  }

  return {
    /** The current interpolation towards a frame. */
    moment,
    rests: (): boolean => glide === null && held === null,
    glides: (): boolean => glide !== null,
    /** Starts towards another frame; returns a frame that is no longer needed. */
    leave(shown: Points, next: Points, ms: number): Points | null {
      const now = moment(shown);
      const left = from;
      // Steps that come faster than the points move get shorter animations.
      const time = glide ? Math.min(ms, SHORTENED_MS) : ms;
      if (time > 0 && shown.n === next.n && !held) {
        begin(now.along < 1 ? between(now.from, now.to, now.along) : now.to, time);
      } else {
        from = null;
        glide = null;
      }
      return left;
    },
    /** Holds the points between two frames; null moves them to the one shown. */
    hold(next: Between | null, shown: Points | null, ms: number): void {
      if (!next && held && shown && ms > 0 && held.to.n === shown.n) {
        begin(between(held.from, held.to, held.along), ms);
      }
      held = next;
    },
    /** Ends any animation at once; returns the frame it came from. */
    reset(): Points | null {
      const left = from;
      from = null;
      glide = null;
      held = null;
      return left;
    },
    /** Ends a finished animation; returns the frame it came from. */
    arrive(): Points | null {
      if (!glide || share() < 1) return null;
      const left = from;
      glide = null;
      from = null;
      return left;
    },
  };
}
