import { createClient, type Transport } from "@connectrpc/connect";
import { book, reason, transports, watch } from "./ferries";
import { Ferries } from "./gen/ferries_pb";

function show(where: string, what: string, text: string): void {
  const line = document.createElement("li");
  line.textContent = text;
  line.className = what;
  document.getElementById(where)!.append(line);
}

async function attempt(where: string, what: string, call: () => Promise<string | void>): Promise<void> {
  try {
    const text = await call();
    if (text) show(where, what, text);
  } catch (error) {
    show(where, `${what} failed`, reason(error));
  }
}

async function all(where: string, transport: Transport): Promise<void> {
  await attempt(where, "ticket", () => book(transport, "Heron", 3));
  await attempt(where, "fare", async () => {
    const price = await createClient(Ferries, transport).fare({ seats: 2 }, { headers: { "x-passenger": "Ada" } });
    return `${price.cents} cents`;
  });
  await attempt(where, "departure", () => watch(transport, "Northport", (text) => show(where, "departure", text)));
  await attempt(where, "fog", () => watch(transport, "Fogport", (text) => show(where, "fog", text)));
  await attempt(where, "full", () => book(transport, "Tern", 3));
  await attempt(where, "unknown", () => book(transport, "Auk", 1));
  await attempt(where, "nobody", async () => {
    await createClient(Ferries, transport).book({ ferry: "Heron" });
  });
  await attempt(where, "nobody watching", async () => {
    for await (const _ of createClient(Ferries, transport).watch({ name: "Northport" })) throw new Error("let in");
  });
  // The server's CORS does not allow this header: the browser does not even send the call.
  await attempt(where, "blocked", async () => {
    await createClient(Ferries, transport).book({}, { headers: { "x-smuggled": "1" } });
  });
}

const service = new URLSearchParams(location.search).get("service")!;
document.getElementById("service")!.textContent = service;
await Promise.all(Object.entries(transports(service)).map(([name, transport]) => all(name, transport)));
document.title = "done";
await fetch("/done", { method: "POST" });
