import { DropdownMenu } from "radix-ui";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import type { Table } from "../state/table";
import { Button } from "../ui/Button";
import { ChevronDown } from "../ui/icons";
import { exportRows, FORMATS } from "./exportRows";
import styles from "./table.module.css";

type Props = { shown: ShownFrame; rows: Uint32Array; table: Table; n: number };

/** Writes the rows and columns that the table shows, or all of both, to a file. */
export function ExportMenu({ shown, rows, table, n }: Props) {
  const columns = table.columns.map(({ name }) => name);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button className={styles.small} data-testid="table-export">
          Export <ChevronDown size={13} />
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} align="end" sideOffset={6} collisionPadding={8}>
          <DropdownMenu.Label className={styles.heading}>
            This table: {count(rows.length)} of {count(n)} samples
          </DropdownMenu.Label>
          {FORMATS.map(([format, title]) => (
            <DropdownMenu.Item
              key={format}
              className={styles.entry}
              onSelect={() => void exportRows(shown, format, rows, columns)}
            >
              {title}
            </DropdownMenu.Item>
          ))}
          <DropdownMenu.Label className={styles.heading}>
            Everything: {count(n)} samples, all columns, coordinates
          </DropdownMenu.Label>
          {FORMATS.map(([format, title]) => (
            <DropdownMenu.Item
              key={format}
              className={styles.entry}
              data-testid={`export-all-${format}`}
              onSelect={() => void exportRows(shown, format, null, null)}
            >
              {title}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
