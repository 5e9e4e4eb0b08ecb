import { useState } from "react";
import { useMutation, useQuery } from "urql";
import { CreateLinkDocument, LinksDocument, RevokeLinkDocument } from "../api/gql/graphql";
import { addressFor, copyText } from "../runs/copyLink";
import { notify } from "../state/notices";
import { useView } from "../state/view";
import { Button, IconButton } from "../ui/Button";
import { Bin, Copy } from "../ui/icons";
import { Segmented } from "../ui/Segmented";
import shared from "./share.module.css";
import { shareable } from "./shareable";
import styles from "./sheet.module.css";
import { why } from "./useViews";

const DAYS = ["1", "7", "30", "90"];
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "long" });
const until = (moment: string) => day.format(new Date(moment));
/** Others have a machine of this name, too. */
const ONLY_HERE = /^(localhost|127\.[\d.]+|\[::1\])$/;

/** Makes links to this view, tells until when each holds, and ends them. */
export default function ShareSheet({ id, name }: { id: string; name: string }) {
  const { search, left } = shareable(
    useView((view) => view),
    id,
  );
  const [days, setDays] = useState("30");
  const [made, setMade] = useState<{ address: string; ends: string; id: string } | null>(null);
  const [{ data, error }, refetch] = useQuery({
    query: LinksDocument,
    variables: { runId: id },
    requestPolicy: "network-only",
  });
  const [{ fetching }, createLink] = useMutation(CreateLinkDocument);
  const [, revokeLink] = useMutation(RevokeLinkDocument);
  const again = () => refetch({ requestPolicy: "network-only" });

  const copy = (address: string) =>
    copyText(address, `Copied: whoever has the link sees ${name}.`, "select the link and copy it");
  const make = async () => {
    const { data: done, error: refused } = await createLink({
      runId: id,
      address: search,
      days: Number(days),
    });
    if (refused || !done) {
      notify(`No link was made: ${refused ? why(refused) : "the server gave no reason"}`);
      return;
    }
    const { query, link } = done.createLink;
    setMade({ address: addressFor(query), ends: until(link.expiresAt), id: link.id });
    again();
    await copy(addressFor(query));
  };
  const revoke = async (link: string) => {
    const { error: refused } = await revokeLink({ id: link });
    if (refused) notify(`The link was not revoked: ${why(refused)}`);
    else notify("Revoked: pages that the link opened end within seconds.");
    if (made?.id === link) setMade(null);
    again();
  };

  if (error) return <p className={shared.nothing}>{why(error)}</p>;
  return (
    <div className={styles.share}>
      <p>
        Whoever has the link sees <b>{name}</b> as it is shown now, without a token. They see no other run,
        and change nothing.
      </p>
      {left ? <p data-testid="share-left">{left}</p> : null}
      <div className={styles.holds}>
        <span>Works for</span>
        <Segmented
          label="Works for"
          testId="share-days"
          value={days}
          options={DAYS.map((value) => ({ value, name: value === "1" ? "1 day" : `${value} days` }))}
          onChange={setDays}
        />
      </div>
      <Button look="accent" disabled={fetching} data-testid="share-make" onClick={() => void make()}>
        Make a link and copy it
      </Button>
      {made ? (
        <div className={styles.made}>
          <div className={styles.address}>
            <input
              className={styles.input}
              readOnly
              aria-label="The link"
              data-testid="share-address"
              value={made.address}
              onFocus={(event) => event.target.select()}
            />
            <IconButton label="Copy the link" onClick={() => void copy(made.address)}>
              <Copy size={14} />
            </IconButton>
          </div>
          <p>It works until {made.ends}, and cannot be shown again: its digest alone is kept.</p>
          {ONLY_HERE.test(new URL(made.address).hostname) ? (
            <p role="alert">
              Others cannot open an address of this machine: start the dashboard with{" "}
              <code>CHROMA_PUBLIC_URL</code>.
            </p>
          ) : null}
        </div>
      ) : null}
      {data?.links.length ? (
        <>
          <h3>Links that work</h3>
          <ul>
            {data.links.map((link) => (
              <li key={link.id} data-testid="share-link">
                <span>
                  until {until(link.expiresAt)} <small>by {link.madeBy}</small>
                </span>
                <IconButton
                  label={`Revoke the link until ${until(link.expiresAt)}`}
                  onClick={() => void revoke(link.id)}
                >
                  <Bin size={14} />
                </IconButton>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </div>
  );
}
