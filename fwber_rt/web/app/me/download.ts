/** Fetching a copy of my data: a file of any size, so not through the client. */
import { PREFIX, Refusal } from "../../client/index.ts";
import { session } from "../api.ts";

/** Save the archive of an export. Rejects with Refusal. */
export async function download(id: string): Promise<void> {
  const path = `${PREFIX}/account/exports/${encodeURIComponent(id)}/archive`;
  const entry = await session.entry();
  if (!("token" in entry)) return save(path); // the cookie goes along by itself
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${entry.token}` }, cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw new Refusal({ code: answer.status * 100, name: answer.status === 404 ? "not.found" : "internal", message: "", temporary: false, retry_after_ms: 0, field: null });
  const address = URL.createObjectURL(await answer.blob());
  save(address);
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function save(address: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = "fwber-data.zip";
  link.click();
}
