import { useImages } from "../api/useImages";
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
  const url = useImages([address]).get(address);
  const classes = [styles.image, className].join(" ");
  if (url === undefined) return <span className={classes} />;
  if (url === null) return <span className={classes} role="img" aria-label={`${name}: no image`} />;
  return <img className={classes} src={url} alt={name} draggable={false} decoding="async" />;
}
