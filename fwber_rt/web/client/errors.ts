import { CLOSE, type ErrorBody, type ErrorName } from "./schema.ts";

/**
 * The server refused a request; nothing changed there. Compare `name` (`room.outside`); `message` is for people and may change.
 * `temporary`: the same request may succeed later, `retryAfterMs` says when at the earliest. `field`: which input is at fault.
 */
export class Refusal extends Error {
  override readonly name: ErrorName | (string & {});
  readonly code: number;
  readonly temporary: boolean;
  readonly retryAfterMs: number;
  readonly field: string | null;

  constructor(body: ErrorBody) {
    super(body.message);
    this.name = body.name;
    this.code = body.code;
    this.temporary = body.temporary;
    this.retryAfterMs = body.retry_after_ms;
    this.field = body.field;
  }

  /** As the server would send it; `refusalOf` reads it back. */
  get body(): ErrorBody {
    const { code, name, message, temporary, retryAfterMs: retry_after_ms, field } = this;
    return { code, name, message, temporary, retry_after_ms, field };
  }
}

/** The refusal in the `err` of a reply or in `application/problem+json`, whatever is missing of it; null when it is neither. */
export function refusalOf(value: unknown): Refusal | null {
  if (!isRecord(value) || typeof value.name !== "string" || typeof value.code !== "number") return null;
  const message = [value.message, value.detail, value.title].find((text) => typeof text === "string" && text) as string | undefined;
  return new Refusal({
    code: value.code,
    name: value.name,
    message: message ?? "",
    temporary: value.temporary === true,
    retry_after_ms: typeof value.retry_after_ms === "number" ? value.retry_after_ms : 0,
    field: typeof value.field === "string" ? value.field : null,
  });
}

/** There was no answer: no connection, or it broke, or it took too long. Whether the request was carried out is not known. */
export class Lost extends Error {
  override readonly name = "Lost";
  /** The WebSocket close code; 1006: it just broke. */
  readonly code: number;

  constructor(code = 1006, reason = "") {
    super(reason || `the connection broke (${code})`);
    this.code = code;
  }
}

/** The client is closed for good. `code`: the server's 40xx close code (see CLOSE), or 0 when its user closed it. */
export class Closed extends Error {
  override readonly name = "Closed";
  readonly code: number;

  constructor(code = 0, reason = "") {
    super(reason || (code ? `closed by the server (${code})` : "the client was closed"));
    this.code = code;
  }

  /** Whether the sign-in is over with it, so that one has to sign in again. */
  get signedOut(): boolean {
    return this.code === CLOSE.BANNED || this.code === CLOSE.REVOKED;
  }
}

/** JSON as the server takes it: half a surrogate pair, which UTF-8 cannot hold, becomes the mark of what is unreadable. */
export function write(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "string" ? part.replace(/\p{Surrogate}/gu, "\ufffd") : part));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
