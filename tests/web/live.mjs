// Somebody's program: says what it sees as lines of JSON, does what it is told in lines of JSON.
import { createInterface } from "node:readline";

const [, , library, url, name] = process.argv;
const { Client, Session, memoryStore, nodeEnvironment } = await import(library);
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const environment = nodeEnvironment();
const store = memoryStore();
const session = new Session({ url, store, environment });
await session.guest(name, { purpose: "location", text_hash: "test" });
const client = new Client({ session, name: "test/1", environment, store, tab: memoryStore() });
client.onState((state) => tell({ state }));
client.on("here.message", ({ o, d }) => tell({ heard: d.content.text, o }));
client.on("stream.lost", ({ s }) => tell({ lost: s }));
client.onOutgoing(({ text, delivery }) => tell({ mine: text, delivery }));
client.start();

for await (const line of createInterface({ input: process.stdin })) {
  const { say, call, d } = JSON.parse(line);
  if (say) client.say(say);
  if (call) tell({ ok: await client.call(call, d) });
}
client.close();
process.exit(0);
