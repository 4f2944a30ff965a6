// The audit of a task's value function and labels: true against estimated value, and the true advantage by label.
import { auditVerdict, rescueSentence } from "../../audit/index.ts";
import type { RunAudit } from "../audits.ts";
import { html, type Markup } from "./html.ts";

export function auditSection({ iteration, audit }: RunAudit): Markup {
  const rescue = rescueSentence(audit);
  return html`<h3>The value function beside the truth, iteration ${iteration}</h3>
<p>${auditVerdict(audit)}${rescue ? ` ${rescue}` : null}</p>
`;
}
