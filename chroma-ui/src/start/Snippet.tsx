import { copyText } from "../runs/copyLink";
import { IconButton } from "../ui/Button";
import { Copy } from "../ui/icons";
import styles from "./start.module.css";

/** Lines of code with a button that copies them. */
export function Snippet({ code, of }: { code: string; of: string }) {
  const copy = () => copyText(code, `Copied: the lines for ${of}.`, "select the lines and copy them");
  return (
    <div className={styles.snippet}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by key */}
      <pre tabIndex={0}>{code}</pre>
      <IconButton label={`Copy the lines for ${of}`} data-testid="copy-start" onClick={() => void copy()}>
        <Copy size={14} />
      </IconButton>
    </div>
  );
}
