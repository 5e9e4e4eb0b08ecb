/** Pure: what kind of figure a metric is, by the words of its name. */

export type CurveGroup = "loss" | "accuracy" | "film" | "metric" | "machine";

/** In the order in which curves are listed. */
export const GROUPS: readonly { name: CurveGroup; title: string }[] = [
  { name: "loss", title: "Losses" },
  { name: "accuracy", title: "Accuracies" },
  { name: "film", title: "Of the film" },
  { name: "metric", title: "Other metrics" },
  { name: "machine", title: "Of the machine" },
];

const LOSS =
  /^(loss|losses|nll|ce|bce|entropy|crossentropy|error|err|mse|mae|rmse|perplexity|ppl|elbo|wer|cer)$/;
const ACCURACY =
  /^(acc|accuracy|f1|auc|auroc|auprc|precision|recall|iou|dice|map|ap|r2|score|bleu|rouge|top\d+|mcc|kappa)$/;
/** Frameworks log them beside what was learned. */
const MACHINE =
  /^(runtime|time|seconds|duration|samples|steps|second|throughput|flos|flops|lr|rate|epoch|memory|mem|gpu|cpu|power|temp|it)$/;

/** The words decide that end a name: `val_loss` is a loss, `train_samples_per_second` is of the machine. */
export function groupOf(name: string): CurveGroup {
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  if (words[0] === "lr" || words.includes("per")) return "machine";
  for (const word of words.reverse()) {
    if (LOSS.test(word)) return "loss";
    if (ACCURACY.test(word)) return "accuracy";
    if (MACHINE.test(word)) return "machine";
  }
  return "metric";
}
