/**
 * The operator's way to the server: the sign-in of this browser, which it shares with the other page, and questions over HTTP. It
 * holds no connection open, so it is in no figure it shows.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import { Refusal, Session, type Op, type Reply, type Request, type Who } from "../client/index.ts";
import { ENDINGS } from "../client/session.ts";
import { deviceName } from "../app/device.ts";
import { kept } from "../app/state/store.ts";
import { environment } from "../shared/browser.ts";

export const session = new Session({
  store: kept,
  environment,
  cookie: location.protocol === "https:",
  device: deviceName(navigator.userAgent),
});

const current = signal<Who>(session.who);

/** Who is signed in here. */
export const who: ReadonlySignal<Who> = current;

session.onChange((now) => { current.value = now; });

/** My id; "" when nobody is signed in. */
export function myId(): string {
  return current.value.kind === "nobody" ? "" : current.value.user.user;
}

/**
 * One operation. Rejects with Refusal or Lost; where that says that the sign-in is over, nobody is signed in from then on, and where
 * it says that I may not, the server is asked whether I am an administrator still.
 */
export async function ask<O extends Op>(op: O, d: Request<O>): Promise<Reply<O>> {
  try {
    return await session.rest(op, d);
  } catch (error) {
    if (error instanceof Refusal && ENDINGS.has(error.name)) session.end(error);
    if (error instanceof Refusal && error.name === "forbidden") await lookAgain();
    throw error;
  }
}

async function lookAgain(): Promise<void> {
  try {
    session.become((await session.rest("account.me")).kind);
  } catch {
    // Without an answer nothing is known; the next question is refused again.
  }
}
