/** The typed client of fwber_rt. See README.md. */
export { Client, type ClientOptions, type StateInfo } from "./client.ts";
export {
  type Environment, type HttpAnswer, type HttpRequest, type PageEvent, type Socket, type Store, type Timer,
} from "./environment.ts";
export { Closed, Lost, Refusal } from "./errors.ts";
export { memoryStore, nodeEnvironment } from "./node.ts";
export { type Delivery, type Outgoing, OutboxFull } from "./outbox.ts";
export { type Announcements, type Heard, type Push, type PushType } from "./push.ts";
export * from "./schema.ts";
export { type Op, type Registration, type Reply, type Request, Session, type SessionOptions, type Who } from "./session.ts";
export { type State, type Statistics } from "./state.ts";
