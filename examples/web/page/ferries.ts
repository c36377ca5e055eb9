import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { Ferries, RefusalSchema } from "./gen/ferries_pb";

// Either speaks to the migrated services; without gRPC-Web's you need nothing else than Connect's.
export function transports(baseUrl: string): Record<string, Transport> {
  return {
    // GET, which caches know, for methods with `idempotency_level = NO_SIDE_EFFECTS`.
    connect: createConnectTransport({ baseUrl, useHttpGet: true, defaultTimeoutMs: 20_000 }),
    "grpc-web": createGrpcWebTransport({ baseUrl, defaultTimeoutMs: 20_000 }),
  };
}

const headers = { "x-passenger": "Ada" };

// What was metadata of gRPC is headers and trailers here.
export async function book(transport: Transport, ferry: string, seats: number): Promise<string> {
  let pier: string | null = null;
  let left: string | null = null;
  const ticket = await createClient(Ferries, transport).book(
    { ferry, seats },
    {
      headers,
      onHeader: (got) => (pier = got.get("x-pier")),
      onTrailer: (got) => (left = got.get("x-seats-left")),
    },
  );
  return `${ticket.passenger}: ${ticket.seats} on the ${ticket.ferry}, ${pier} pier, ${left} left`;
}

export async function watch(transport: Transport, harbour: string, show: (text: string) => void): Promise<void> {
  for await (const departure of createClient(Ferries, transport).watch({ name: harbour }, { headers })) {
    show(`${departure.time} ${departure.ferry}`);
  }
}

// What was grpc.StatusCode is a Code, and the details of a google.rpc.Status are found by their type.
export function reason(error: unknown): string {
  const failed = ConnectError.from(error);
  const later = failed.findDetails(RefusalSchema).map((refusal) => `, next at ${refusal.nextFerry}`);
  return `${Code[failed.code]}: ${failed.rawMessage}${later.join("")}`;
}
