import type { ErrorBody, ErrorName } from "./schema.ts";

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
}

/** There was no answer: no connection, or it broke. Whether the request was carried out is not known. */
export class Lost extends Error {
  override readonly name = "Lost";
  readonly code: number;

  constructor(code = 1006, reason = "") {
    super(`no connection (${code}${reason && ": " + reason})`);
    this.code = code;
  }
}

/** The client is closed for good. `code`: the server's 40xx close code (see CLOSE), or 0 when its user closed it. */
export class Closed extends Error {
  override readonly name = "Closed";
  readonly code: number;

  constructor(code = 0, reason = "") {
    super(code ? `closed by the server (${code}${reason && ": " + reason})` : "the client was closed");
    this.code = code;
  }
}
