import { useState } from "react";
import styles from "./inspector.module.css";

/** A thumbnail, or an empty tile where the server has none. */
export function SampleImage({
  address,
  name,
  className,
}: {
  address: string;
  name: string;
  className?: string;
}) {
  const [failed, setFailed] = useState<string | null>(null);
  const classes = [styles.image, className].join(" ");
  if (failed === address) return <span className={classes} role="img" aria-label={`${name}: no image`} />;
  return (
    <img
      className={classes}
      src={address}
      alt={name}
      draggable={false}
      decoding="async"
      onError={() => setFailed(address)}
    />
  );
}
