import { useConnection } from "../state/connection";
import { Button } from "../ui/Button";
import { Warning } from "../ui/icons";
import { Message } from "./Message";

/** What somebody is told who may see nothing. */
export default function Stranger() {
  const stranger = useConnection((connection) => connection.stranger);
  return (
    <Message
      title={stranger ? "You are not a member yet" : "This dashboard needs its token"}
      testId={stranger ? "stranger" : "unauthorised"}
      icon={<Warning size={32} />}
    >
      <p>
        {stranger ? (
          `${stranger.charAt(0).toUpperCase()}${stranger.slice(1)}.`
        ) : (
          <>
            Open the address that <code>chroma ui</code> printed: it carries the token, and this browser then
            keeps it. If you sign in to reach it, load the page again.
          </>
        )}
      </p>
      <Button onClick={() => window.location.reload()}>Load again</Button>
    </Message>
  );
}
