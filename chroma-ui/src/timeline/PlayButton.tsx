import { Pause, Play } from "../ui/icons";
import { Tip } from "../ui/Tip";
import styles from "./play.module.css";

type Props = { playing: boolean; disabled: boolean; compact?: boolean; onToggle: () => void };

export function PlayButton({ playing, disabled, compact = false, onToggle }: Props) {
  const name = playing ? "Pause" : "Play";
  const size = compact ? 15 : 17;
  return (
    <Tip text={name} hint="space" side="top">
      <button
        type="button"
        className={styles.play}
        data-compact={compact || undefined}
        aria-label={name}
        data-testid="play"
        disabled={disabled}
        onClick={onToggle}
      >
        {playing ? <Pause size={size} /> : <Play size={size} />}
      </button>
    </Tip>
  );
}
